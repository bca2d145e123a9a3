// The page itself, read again: how a live page returns to the truth, whatever it missed.

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

/** Say something where the page says things, to eyes and ears; with a link if it leads somewhere. */
export function say(text, href) {
  const message = document.createElement("p");
  message.className = "message live";
  const words = href ? document.createElement("a") : document.createElement("span");
  if (href) words.href = href;
  words.textContent = text;
  message.append(words);
  document.getElementById("messages")?.append(message);
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
