"""What of a verdict anybody may see: a first solve, a new best."""

from __future__ import annotations

from collections.abc import Sequence

from mlarena.activity.service import note, take_back
from mlarena.submissions.models import Submission, Task

SOLVE, BEST = "solve", "best"


def tell(submission: Submission, first_pass: bool, new_best: bool) -> None:
    """In settle's transaction."""
    if not submission.task.has_a_bar or not submission.passed or not (first_pass or new_best):
        return
    _note(submission, SOLVE if first_pass else BEST)


def tell_again(task: Task, user_id: int, passes: Sequence[Submission], passed_before: bool) -> None:
    """After a rejudge `passes` are what the learner has, oldest first. What they do not bear out is taken
    back; a pass that was refused them stands where it would have stood. In the caller's transaction."""
    if not passes or not _bettered(task, passes):
        take_back(_about(user_id, BEST, task))
    if not passes:
        take_back(_about(user_id, SOLVE, task))
    elif not passed_before and task.has_a_bar:
        _note(passes[0], SOLVE, again=True)


def _bettered(task: Task, passes: Sequence[Submission]) -> bool:
    """Whether a later pass has a better score than the first."""
    first, *later = (one.score or 0.0 for one in passes)
    if task.board_direction() == "higher":
        return any(score > first for score in later)
    return any(score < first for score in later)


def _note(submission: Submission, kind: str, again: bool = False) -> None:
    task, user_id = submission.task, submission.user_id
    assert user_id is not None  # noqa: S101 – only people's are told
    note(
        kind,
        _about(user_id, kind, task),
        task.title,
        f"/{task.wing}s/{task.id}",
        user_id,
        since=submission.finished_at if again else None,
    )


def _about(user_id: int, kind: str, task: Task) -> str:
    return f"{user_id}:{kind}:{task.id}"
