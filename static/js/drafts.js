// What somebody writes stays in their browser until they write something else: a reload loses nothing.

const PAUSE_MS = 300;

/**
 * Keep what is typed into `textarea` under its `data-draft` and the reader's own number, and bring it back now.
 * `put(text)` shows another text. The form's `[data-reset]` goes back to its `[data-starter]`.
 */
export function keepDraft(textarea, put) {
  const { form, dataset } = textarea;
  const key = `draft:${document.body.dataset.user ?? "nobody"}:${dataset.draft}`;
  const starter = form.querySelector("template[data-starter]")?.content.textContent ?? textarea.defaultValue;
  const reset = form.querySelector("[data-reset]");

  const save = () => store(key, textarea.value === starter ? null : textarea.value);
  const changed = () => reset && (reset.hidden = textarea.value === starter);
  let timer = 0;
  let touched = false; // what was only looked at replaces no draft
  textarea.addEventListener("input", () => {
    touched = true;
    changed();
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE_MS);
  });
  addEventListener("pagehide", () => touched && save());
  reset?.addEventListener("click", () => put(starter));

  const draft = stored(key);
  // The browser itself may have brought back what was typed: that is newer than any draft.
  if (draft !== null && !("askedFor" in dataset) && textarea.value === textarea.defaultValue) put(draft);
  changed();
}

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // a browser may keep nothing: then nothing is kept
  }
}

function store(key, text) {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // full, or not allowed: the text is still in the field
  }
}
