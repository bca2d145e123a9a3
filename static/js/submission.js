// The submission page waits for its verdict; every other page of its learner hears of it.
import { currentPage, sayAll, takeOver } from "./page.js";
import { countIn, earn, earnFrom, moments } from "./rewards.js";

const FINAL = ["scored", "failed", "error"];
const POLL_MS = 2000;
const POLL_BESIDE_SOCKET_MS = 10000;

export function watchSubmission(live, section) {
  const told = new Set();
  const waitsFor = () => (section && !FINAL.includes(section.dataset.status) ? Number(section.dataset.submission) : null);

  async function refresh() {
    const fresh = await currentPage();
    if (!fresh) return;
    earnFrom(fresh);
    takeOver(fresh, "#verdict");
    if (waitsFor() === null) countIn(section);
    document.title = fresh.title;
  }

  live.on("back", () => {
    if (waitsFor() === null) return;
    live.look(waitsFor());
    refresh();
  });
  live.on("verdict", (submission) => {
    if (told.has(submission.id)) return;
    told.add(submission.id);
    if (Number(section?.dataset.submission) === submission.id) {
      refresh();
      return;
    }
    earn(submission.reward);
    // Where the run itself is on the page, its end and all that it earned are told there.
    if (!document.querySelector(`[data-run-of="submission:${submission.id}"]`)) sayAll([news(submission), ...moments(submission.reward)]);
    refreshParts();
  });

  live.on("progress", ({ submission_id, done, of }) => {
    const bar = section?.querySelector("progress[data-rows]");
    if (bar && submission_id === waitsFor()) Object.assign(bar, { hidden: false, max: of, value: done });
  });

  // The verdict comes without the socket too, only later.
  (function poll() {
    if (waitsFor() === null) return;
    setTimeout(async () => {
      if (waitsFor() !== null && !document.hidden) await refresh();
      poll();
    }, live.connected ? POLL_BESIDE_SOCKET_MS : POLL_MS);
  })();
}

/** What else on this page a verdict makes old: the next step, today's mark, the list of submissions. */
async function refreshParts() {
  if (!document.querySelector("[data-after-verdict]")) return;
  const fresh = await currentPage();
  if (!fresh) return;
  for (const { id } of document.querySelectorAll("[data-after-verdict]")) takeOver(fresh, `#${id}`);
}

function news(submission) {
  return { text: summary(submission), href: `/submissions/${submission.id}`, picture: submission.passed ? "check" : "list-checks" };
}

function summary({ attempt_no, status, passed, xp_awarded, task_kind, score }) {
  if (task_kind === "competition" && status === "scored") return `Scored: ${score.toLocaleString("en", { maximumFractionDigits: 4 })}. See how it stands.`;
  if (status !== "scored") return `Attempt ${attempt_no} could not be scored. See why.`;
  if (!passed) return `Attempt ${attempt_no} is scored: not there yet. See its report.`;
  return `Attempt ${attempt_no} passed${xp_awarded ? `: +${xp_awarded} XP` : ""}. See its report.`;
}
