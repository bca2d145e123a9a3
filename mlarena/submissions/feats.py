"""What of a verdict anybody may see: a first solve, a new best."""

from __future__ import annotations

from mlarena.activity.service import note
from mlarena.submissions.models import Submission


def tell(submission: Submission, first_pass: bool, new_best: bool) -> None:
    """In settle's transaction."""
    task, user_id = submission.task, submission.user_id
    if not task.has_a_bar or not submission.passed or not (first_pass or new_best):
        return
    kind = "solve" if first_pass else "best"
    note(kind, f"{user_id}:{kind}:{task.id}", task.title, f"/{task.wing}s/{task.id}", user_id)
