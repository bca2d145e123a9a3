// Clocks that run down: every <time data-countdown> on the page.

const TICK_MS = 15000;
// When a time comes, everybody's page is read again, but not everybody's at once.
const SPREAD_MS = 4000;

/** As time_left of core/templates.py says it. */
export function timeLeft(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (days) return `${days} day${days === 1 ? "" : "s"} ${hours} h`;
  if (hours) return `${hours} h ${rest} min`;
  return rest ? `${rest} min` : "less than a minute";
}

/** Keep the clocks true; `over` is called soon after one of them has come to its end. */
export function watchCountdowns(over) {
  const tick = () => {
    let next = TICK_MS;
    for (const time of document.querySelectorAll("time[data-countdown]")) {
      const left = Date.parse(time.dateTime) - Date.now();
      const words = timeLeft(left);
      if (time.textContent !== words) time.textContent = words;
      if (left > 0) next = Math.min(next, left + 50);
      else if (!("over" in time.dataset)) {
        time.dataset.over = "";
        setTimeout(over, Math.random() * SPREAD_MS);
      }
    }
    setTimeout(tick, next);
  };
  tick();
}
