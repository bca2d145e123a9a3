// *Train here*: code goes off without leaving the page, and the run is shown under it until its end.
import { watchConsoles } from "./console.js";
import { editorOf } from "./editor.js";
import { complaints, showErrors } from "./errors.js";
import { announcer, atMostEvery } from "./page.js";

const BROKEN = "The connection broke. Your code is still here: try again.";
const FRESH_MS = 150;

export function watchTraining(form, live) {
  const area = form.querySelector("textarea");
  const editor = editorOf(area);
  const place = document.getElementById("run");
  const announce = announcer();
  // The run that is shown: "submission:12", "try:…", or "" for none.
  const shown = () => place.querySelector("[data-run-of]")?.dataset.runOf ?? "";

  const refresh = async (run = shown()) => {
    const [kind, number] = run.split(":");
    const query = kind === "submission" ? `?submission=${number}` : "";
    try {
      const answer = await fetch(form.dataset.train + query, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.ok && !answer.redirected) put(await answer.text());
    } catch {
      // offline: the console asks again
    }
  };
  const soon = atMostEvery(FRESH_MS, refresh);

  function put(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const before = place.querySelector("#run-title")?.textContent.trim();
    place.replaceChildren(...fresh.body.childNodes);
    const now = place.querySelector("#run-title")?.textContent.trim();
    if (now && now !== before) announce(now.replaceAll(/\s+/g, " "));
    point();
  }

  /** Where the code went wrong, in the code. */
  function point() {
    const complaint = place.querySelector("[data-complaint]");
    const line = Number(complaint?.dataset.complaint);
    if (!line) return;
    editor.mark(line, complaint.textContent);
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "bare small", textContent: `Go to line ${line}` });
    button.addEventListener("click", () => editor.go(line));
    complaint.after(button);
  }

  async function send(button) {
    if (form.getAttribute("aria-busy") === "true") return; // a key is quicker than a disabled button
    showErrors(area, []);
    editor.unmark();
    busy(true);
    try {
      const { status, body } = await call("POST", button.dataset.api, { code: editor.text });
      if (status === 401) location.reload();
      else if (status !== 202) showErrors(area, complaints(body, "code"));
      else {
        await refresh("status" in body.data && "attempt_no" in body.data ? `submission:${body.data.id}` : "try");
        place.scrollIntoView({ block: "nearest" });
      }
    } catch {
      showErrors(area, [BROKEN]);
    } finally {
      busy(false);
    }
  }

  function busy(sending) {
    form.setAttribute("aria-busy", String(sending));
    form.querySelectorAll("[data-api]").forEach((button) => (button.disabled = sending));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter ?? form.querySelector("[data-api]"));
  });
  place.addEventListener("submit", async (event) => {
    const { cancel, method } = event.target.dataset;
    if (!cancel) return;
    event.preventDefault();
    event.submitter.disabled = true;
    await call(method ?? "POST", cancel).catch(() => null);
    refresh();
  });
  live.on("try", ({ id }) => [`try:${id}`, ""].includes(shown()) && soon());
  live.on("verdict", ({ id }) => shown() === `submission:${id}` && refresh());
  live.on("training", ({ submission_id, run }) => {
    // A second run of the same training, or the first sign of one that was waiting.
    if (shown() === `submission:${submission_id}` && !place.querySelector(`[data-console="${submission_id}:${run}"]`)) soon();
  });
  live.on("back", () => place.querySelector("[data-active]") && refresh());
  watchConsoles(live, soon);
  point();
}

async function call(method, address, body) {
  const answer = await fetch(address, {
    method,
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
    },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}
