// The page itself, read again: how a live page returns to the truth, whatever it missed.

const MOST_TOASTS = 4;

/** This page as the server shows it now, or null if it cannot be had just now. */
export async function currentPage() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null; // offline: whoever asked asks again
  }
}

/** Put the children of `selector` in `fresh` in place of ours. The element stays, and is announced. */
export function takeOver(fresh, selector) {
  const ours = document.querySelector(selector);
  const theirs = fresh.querySelector(selector);
  if (!ours || !theirs) return;
  ours.replaceChildren(...theirs.childNodes);
  for (const { name, value } of theirs.attributes) {
    if (name.startsWith("data-")) ours.setAttribute(name, value);
  }
}

/**
 * Say something to eyes and ears, in the corner where nothing moves for it; with a link if it leads somewhere.
 * It stays until it is put away: what was read is the reader's to decide. `picture` is an icon's name or an emoji.
 */
export function say(text, href, picture) {
  sayAll([{ text, href, picture }]);
}

/** The same for news of several lines that belong together: one toast, put away at once. */
export function sayAll(lines) {
  const place = document.getElementById("toasts");
  if (!place || !lines.length) return;
  const toast = Object.assign(document.createElement("div"), { className: "toast" });
  const words = document.createElement("div");
  words.append(...lines.map(toastLine));
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  close.setAttribute("aria-label", "Put away");
  close.addEventListener("click", () => {
    const next = toast.nextElementSibling ?? toast.previousElementSibling;
    const focused = toast.contains(document.activeElement);
    toast.remove();
    countWaiting(place);
    if (focused) next?.querySelector("button").focus();
  });
  toast.append(words, close);
  place.append(toast);
  while (place.children.length > MOST_TOASTS) place.firstElementChild.remove();
  countWaiting(place);
}

function toastLine({ text, href, picture }) {
  const line = document.createElement("p");
  const words = document.createElement(href ? "a" : "span");
  if (href) words.href = href;
  words.textContent = text;
  line.append(pictureOf(picture || "bell"), words);
  return line;
}

/** A phone has room for the first of them only (frame.css), and says how many come after it. */
function countWaiting(place) {
  for (const toast of place.children) delete toast.dataset.waiting;
  if (place.children.length > 1) place.firstElementChild.dataset.waiting = `${place.children.length - 1} more`;
}

/** As the macro `icon` of templates/ui/icons.html draws it; an emoji is its own picture. */
export function pictureOf(name, size = 18) {
  if (name[0] > "z") {
    const emoji = Object.assign(document.createElement("span"), { className: "emoji", textContent: name });
    emoji.setAttribute("aria-hidden", "true");
    return emoji;
  }
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ class: "icon", width: size, height: size, "aria-hidden": true })) svg.setAttribute(key, value);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  const sprite = document.querySelector("svg.icon use")?.getAttribute("href").split("#")[0];
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** A function that says things to screen readers only, politely. */
export function announcer() {
  const region = document.createElement("p");
  region.className = "visually-hidden";
  region.setAttribute("role", "status");
  document.getElementById("main").append(region);
  return (text) => (region.textContent = text);
}

/** `task`, at most once in `pause` milliseconds; what comes in between is done once at the end. */
export function atMostEvery(pause, task) {
  let last = -Infinity;
  let timer = 0;
  return () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      last = performance.now();
      task();
    }, Math.max(0, last + pause - performance.now()));
  };
}
