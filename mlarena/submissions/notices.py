"""What a learner is told of a verdict whose page they do not have open."""

from __future__ import annotations

from mlarena.live import presence
from mlarena.notifications.service import About, notify, seen
from mlarena.submissions.models import FINAL, Submission

# A page that was asked for has its socket by then.
UNTIL_CONNECTED = 10


def about_verdict(submission: Submission) -> str:
    """What a notification of this verdict is about, and what an open page says that it shows."""
    return f"submission:{submission.id}"


def tell(submission: Submission) -> None:
    """In settle's transaction, so that no verdict goes untold."""
    user_id, about = submission.user_id, about_verdict(submission)
    if user_id is None or presence.looks_at(user_id, about):
        return
    title = f"{submission.task.title}: {_in_words(submission)}"
    text = f"Attempt {submission.attempt_no}."
    if submission.xp_awarded:
        text += f" +{submission.xp_awarded} XP."
    notify(user_id, "verdict", About(about, title, text, f"/submissions/{submission.id}"))


def _in_words(submission: Submission) -> str:
    if submission.status != "scored" or submission.score is None:
        return "could not be scored"
    if not submission.task.has_a_bar:
        return f"scored {submission.score:.4g}"
    return "passed" if submission.passed else "not passed yet"


def looked_at(submission: Submission) -> None:
    """Its learner has just asked for its page: what tells of its verdict is read, or need not be told. The
    page's socket says so again for as long as it is open."""
    assert submission.user_id is not None  # noqa: S101 – the house looks at nothing
    if submission.status in FINAL:
        seen(submission.user_id, "verdict", about_verdict(submission))
    else:
        presence.look(submission.user_id, about_verdict(submission), UNTIL_CONNECTED)
