// The choice of times of templates/boards/replay.html as a slider: the board's rows move to where they stood.
import { readBoard } from "./boards.js";
import { announcer } from "./page.js";
import { showRows, still, timeText } from "./rows.js";

const STEP_MS = 900;
const LATER_MS = 120; // a slider that is drawn across its length asks for the places where it rests

export function watchReplay(form) {
  const choice = form.querySelector("select");
  const times = [...choice.options].map((option) => option.value);
  const board = form.dataset.replay;
  const announce = announcer();
  const held = new Map();
  let wanted = null;
  let timer = 0;

  const slider = Object.assign(document.createElement("input"), {
    type: "range", id: choice.id, min: 0, max: times.length - 1, step: 1, value: choice.selectedIndex,
  });
  const says = Object.assign(document.createElement("output"), { htmlFor: slider.id });
  const play = Object.assign(document.createElement("button"), { type: "button", className: "quiet small" });
  choice.replaceWith(slider);
  form.querySelector("[type=submit]").replaceWith(play);
  slider.after(says);
  form.addEventListener("submit", (event) => event.preventDefault());

  function table() {
    return document.querySelector(`table[data-board="${board}"]:not([data-around])`);
  }

  function name() {
    const at = times[slider.value];
    const words = at ? timeText(new Date(at)) : "now";
    says.textContent = words;
    slider.setAttribute("aria-valuetext", words);
    return words;
  }

  async function rowsAt(at) {
    const query = at ? { at } : { per_page: 50 };
    if (at && held.has(at)) return held.get(at);
    const found = await readBoard(board, query);
    if (found && at) held.set(at, found);
    return found;
  }

  async function show() {
    const at = times[slider.value];
    const words = name();
    wanted = at;
    const found = await rowsAt(at);
    const shown = table();
    if (!found || wanted !== at) return;
    if (!shown) return location.assign(at ? `?at=${encodeURIComponent(at)}` : location.pathname);
    // Fewer rows stood then: what is below the board stays where it is.
    const frame = shown.parentElement;
    frame.style.minHeight ||= `${frame.offsetHeight}px`;
    if (at) shown.dataset.at = at;
    else delete shown.dataset.at;
    showRows(shown, found.data);
    shown.caption.querySelector(".says").replaceChildren(...caption(at, found.meta.total, words));
    history.replaceState(null, "", at ? `?at=${encodeURIComponent(at)}` : location.pathname);
    if (!timer) announce(at ? `The board as it stood on ${words}.` : "The board as it stands now.");
  }

  function step() {
    slider.value = Number(slider.value) + 1;
    show();
    if (Number(slider.value) >= times.length - 1) stop();
    else timer = setTimeout(step, STEP_MS);
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    play.textContent = "Play";
  }

  let later = 0;
  slider.addEventListener("input", () => {
    stop();
    name();
    clearTimeout(later);
    later = setTimeout(show, LATER_MS);
  });
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) >= times.length - 1) {
      slider.value = 0;
      show();
    }
    play.textContent = "Pause";
    timer = setTimeout(step, STEP_MS);
  });
  // Who asked for no movement steps by hand.
  play.hidden = still();
  stop();
  name();
}

function caption(at, total, words) {
  if (at) return [`Its first rows as they stood on ${words}.`];
  const count = document.createElement("span");
  count.dataset.total = "";
  count.textContent = total.toLocaleString("en");
  return [count, " on this board, best first."];
}
