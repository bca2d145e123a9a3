// The submission page waits for its verdict; every other page of its learner hears of it.
import { currentPage, say, takeOver } from "./page.js";

const FINAL = ["scored", "failed", "error"];
const POLL_MS = 2000;
const POLL_BESIDE_SOCKET_MS = 10000;

export function watchSubmission(live, section) {
  const told = new Set();
  const waitsFor = () => (section && !FINAL.includes(section.dataset.status) ? Number(section.dataset.submission) : null);

  async function refresh() {
    const fresh = await currentPage();
    if (!fresh) return;
    takeOver(fresh, "#verdict");
    takeOver(fresh, "[data-xp]");
    document.title = fresh.title;
  }

  live.on("back", () => waitsFor() !== null && refresh());
  live.on("verdict", (submission) => {
    if (told.has(submission.id)) return;
    told.add(submission.id);
    if (Number(section?.dataset.submission) === submission.id) {
      refresh();
      return;
    }
    addXp(submission.xp_awarded);
    say(summary(submission), `/submissions/${submission.id}`);
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

function addXp(xp) {
  const shown = document.querySelector("[data-xp]");
  if (shown && xp) shown.textContent = Number(shown.textContent.replaceAll(/\D/g, "")) + xp;
}

function summary({ attempt_no, status, passed, xp_awarded }) {
  if (status !== "scored") return `Attempt ${attempt_no} could not be scored. See why.`;
  if (!passed) return `Attempt ${attempt_no} is scored: not there yet. See its report.`;
  return `Attempt ${attempt_no} passed${xp_awarded ? `: +${xp_awarded} XP` : ""}. See its report.`;
}
