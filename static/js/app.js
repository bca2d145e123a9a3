// Where every page starts. Each part looks for what it serves and leaves other pages alone.
import { watchBell } from "./bell.js";
import { boards, watchBoards } from "./boards.js";
import { watchControls } from "./controls.js";
import { connect } from "./live.js";
import { watchReplay } from "./replay.js";
import { forgetSent } from "./sent.js";
import { watchShortcuts } from "./shortcuts.js";
import { watchSubmission } from "./submission.js";
import { watchTheme } from "./theme.js";
import { watchUpload } from "./upload.js";

watchControls();
watchShortcuts(document.querySelector("a[data-palette]"));
document.querySelectorAll("form.theme").forEach(watchTheme);
document.querySelectorAll("form[data-upload]").forEach(watchUpload);
document.querySelectorAll("form[data-replay]").forEach(watchReplay);

if (document.querySelector(".message.saved")) forgetSent();

const challenge = document.querySelector("form[data-challenge]");
if (challenge) import("./challenge.js").then(({ watchChallenge }) => watchChallenge(challenge));

const writing = document.querySelector("form[data-writing]");
if (writing) import("./writing.js").then(({ watchWriting }) => watchWriting(writing));

const bench = document.querySelector("form[data-train]");
const verdict = document.querySelector("#verdict[data-submission]");
const matches = document.querySelector("[data-matches]");
const signedIn = "user" in document.body.dataset;

if (verdict || signedIn || matches || boards().length) {
  const live = connect();
  watchBoards(live);
  const feed = document.querySelector("[data-feed]");
  if (feed) import("./feed.js").then(({ watchFeed }) => watchFeed(live, feed));
  if (matches) import("./matches.js").then(({ watchMatches }) => watchMatches(live));
  if (signedIn) watchSubmission(live, verdict);
  const bell = document.querySelector("a[data-notifications]");
  if (bell) watchBell(live, bell);
  if (verdict?.querySelector(".dots")) import("./challenge.js").then(({ watchCases }) => watchCases(live, verdict));
  if (bench) import("./train.js").then(({ watchTraining }) => watchTraining(bench, live));
  else if (document.querySelector("[data-console]")) import("./console.js").then(({ watchConsoles }) => watchConsoles(live, () => null));
}
