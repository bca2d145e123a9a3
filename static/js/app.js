// Where every page starts. Each part looks for what it serves and leaves other pages alone.
import { boards, watchBoards } from "./boards.js";
import { connect } from "./live.js";
import { watchSubmission } from "./submission.js";
import { watchUpload } from "./upload.js";

document.querySelectorAll("form[data-upload]").forEach(watchUpload);

const verdict = document.querySelector("#verdict[data-submission]");
const signedIn = "user" in document.body.dataset;

if (verdict || signedIn || boards().length) {
  const live = connect();
  watchBoards(live);
  if (signedIn) watchSubmission(live, verdict);
}
