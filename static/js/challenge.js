// A challenge's editor: what comes out of a run is shown under it, without leaving the page.
import { editorOf } from "./editor.js";
import { announcer, pictureOf, takeOver } from "./page.js";

const BROKEN = "The connection broke. What you wrote is still here: try again.";

export function watchChallenge(form) {
  editorOf(form.querySelector("textarea[data-editor]"));
  const announce = announcer();

  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || !("run" in button.dataset)) return; // handing in leaves the page, to where the verdict comes
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return; // a key is quicker than a disabled button
    busy(true);
    try {
      const answer = await fetch(button.formAction, { method: "POST", body: new FormData(form), headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload(); // signed out meanwhile
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      show(fresh);
    } catch {
      announce(BROKEN);
    } finally {
      busy(false);
    }
  });

  function show(fresh) {
    takeOver(fresh, "#result");
    complain([...fresh.querySelectorAll("form[data-challenge] .errors li")].map((item) => item.textContent));
    announce(document.getElementById("result-title")?.textContent ?? "");
  }

  /** What is wrong with the text as such, beside the editor. */
  function complain(words) {
    const result = document.getElementById("result");
    if (!words.length) return;
    const list = document.createElement("ul");
    list.className = "errors";
    list.append(...words.map((word) => Object.assign(document.createElement("li"), { textContent: word })));
    result.replaceChildren(list);
    announce(words.join(" "));
  }

  function busy(running) {
    form.setAttribute("aria-busy", String(running));
    form.querySelectorAll("button[type=submit]").forEach((button) => (button.disabled = running));
  }
}

/** The row of dots of an attempt that is being judged: each fills as its case is done. */
export function watchCases(live, section) {
  live.on("case", ({ submission_id, cases, done, total }) => {
    if (Number(section.dataset.submission) !== submission_id) return;
    let fresh = false;
    for (const { number, passed } of cases) {
      const dot = section.querySelector(`.dots [data-case="${number}"]`);
      if (dot?.className !== "waiting") continue; // heard already, or the verdict itself is here
      const words = dot.querySelector(".visually-hidden");
      words.textContent = words.textContent.replace("waiting", passed ? "passed" : "failed");
      dot.className = passed ? "pass" : "fail";
      dot.prepend(pictureOf(passed ? "check" : "x", 14));
      fresh = true;
    }
    if (!fresh) return;
    const judged = section.querySelector("[data-judged]");
    if (judged) judged.textContent = `${done} of ${total} judged.`;
  });
}
