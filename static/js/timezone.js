// The browser knows its time zone, so nobody need look it up: a new learner's is filled in, another's is offered.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const field = document.querySelector("[data-timezone]:is(input, select)");

if (zone && field instanceof HTMLInputElement) field.value = zone;
if (zone && field instanceof HTMLSelectElement) offer();

function offer() {
  if (field.value === zone || ![...field.options].some(({ value }) => value === zone)) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet small";
  button.textContent = `Use ${zone}, as this browser says`;
  button.addEventListener("click", () => {
    field.value = zone;
    button.remove();
    field.focus();
  });
  field.after(button);
}
