// The form that challenges are written with: editors, rows that change in place, and nothing typed is left by accident.
import { editorOf } from "./editor.js";
import { showErrors } from "./errors.js";
import { announcer, takeOver } from "./page.js";
import { keepSent, offerSent } from "./sent.js";

const NOT_JSON = "This is no JSON yet: text stands in double quotes; the other words are true, false and null.";

const DIALECTS = { postgres: "postgresql" }; // what an engine's SQL is called, where it is called otherwise

export function watchWriting(form) {
  const editors = [...form.querySelectorAll("textarea[data-editor]")].map(editorOf);
  form.elements.engine?.addEventListener("change", ({ target: { value } }) => {
    for (const editor of editors) editor.dialect = DIALECTS[value] ?? value;
  });
  const announce = announcer();
  let changed = form.dataset.writing === "typed"; // sent, and come back: nothing of it is saved

  form.addEventListener("input", () => (changed = true));
  form.addEventListener("change", ({ target }) => "json" in target.dataset && readJson(target));
  const notice = document.querySelector("template[data-sent]");
  if (notice) offerSent(form, notice);
  addEventListener("beforeunload", (event) => changed && event.preventDefault());

  form.addEventListener("submit", (event) => {
    if (form.getAttribute("aria-busy") === "true") return event.preventDefault(); // pressed twice
    const [act, path] = (event.submitter?.value ?? "").split(":");
    if (!path) {
      changed = false;
      if (act !== "check") keepSent(form);
      form.setAttribute("aria-busy", "true");
      return;
    }
    event.preventDefault();
    changeRows(event.submitter, act);
  });
  // Who comes back finds the form ready again, with what was typed.
  addEventListener("pageshow", () => form.removeAttribute("aria-busy"));

  /** Add, remove or move a row: the server draws the list anew, around what has been typed. */
  async function changeRows(button, act) {
    const rows = button.closest("[data-rows]");
    const said = button.getAttribute("aria-label") ?? button.textContent.trim();
    form.setAttribute("aria-busy", "true");
    try {
      const body = new URLSearchParams(new FormData(form, button));
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"), `#${rows.id}`);
      changed = true;
      announce(act === "add" ? `${said}: done.` : `${said}.`);
      look(rows, act);
    } catch {
      announce("That did not work. What you have typed is still here: try again.");
    } finally {
      form.removeAttribute("aria-busy");
    }
  }
}

/** To the row that was changed: into its first field if it is new. */
function look(rows, act) {
  const row = rows.querySelector("[autofocus]");
  if (!row) return rows.querySelector("button[value^='add:']")?.focus();
  const field = act === "add" ? row.querySelector("input, textarea") : row.querySelector(`button[value^="${act}:"]:enabled`);
  (field ?? row).focus();
}

function readJson(field) {
  const text = field.dataset.json === "arguments" ? `[${field.value}]` : field.value.trim() || "null";
  try {
    JSON.parse(text);
    showErrors(field, []);
  } catch {
    showErrors(field, [NOT_JSON]);
  }
}
