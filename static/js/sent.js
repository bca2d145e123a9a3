// What was sent by a form and may not have arrived, because one was logged out meanwhile or the way was broken: it
// stays in this browser until a page says that it is saved.

const LAST = "sent"; // in this tab: which form sent last

/** Keep what `form` sends now. */
export function keepSent(form) {
  const entries = [...new FormData(form)].filter(([name]) => name !== "csrf_token" && name !== "do");
  attempt(() => {
    localStorage.setItem(keyOf(form), JSON.stringify(entries));
    sessionStorage.setItem(LAST, keyOf(form));
  });
}

/** A page says that what was sent last is saved. */
export function forgetSent() {
  attempt(() => {
    localStorage.removeItem(sessionStorage.getItem(LAST));
    sessionStorage.removeItem(LAST);
  });
}

/** Offer what is kept of `form`: `notice`, a template, has a [data-back] and a [data-forget]. */
export function offerSent(form, notice) {
  const kept = attempt(() => JSON.parse(localStorage.getItem(keyOf(form))));
  if (!Array.isArray(kept)) return;
  const shown = notice.content.cloneNode(true).firstElementChild;
  shown.querySelector("[data-forget]").addEventListener("click", () => {
    attempt(() => localStorage.removeItem(keyOf(form)));
    shown.remove();
  });
  // The server draws the form anew around it, with as many rows as it had.
  shown.querySelector("[data-back]").addEventListener("click", () => {
    const again = Object.assign(document.createElement("form"), { method: "post", action: form.action, hidden: true });
    const token = form.elements.csrf_token.value;
    for (const [name, value] of [...kept, ["csrf_token", token], ["do", "again"]]) {
      again.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(again);
    HTMLFormElement.prototype.submit.call(again);
  });
  notice.after(shown);
}

function keyOf(form) {
  return `sent:${document.body.dataset.user}:${new URL(form.action).pathname}`;
}

function attempt(act) {
  try {
    return act();
  } catch {
    return null; // a browser may keep nothing, or have no room: the way back is still there
  }
}
