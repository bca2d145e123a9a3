// The browser knows its time zone, so a new learner need not look it up.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const field = document.querySelector("input[data-timezone]");
if (zone && field) field.value = zone;
