"""What the evaluation of a submission prints while it runs, for its learner alone."""

from __future__ import annotations

from typing import Any

from mlarena.live import console
from mlarena.live.publish import user_room
from mlarena.submissions.models import Submission

EVENT = "training"


def shown(submission: Submission) -> console.Console:
    """Where its present run prints: as `training {submission_id, run, seq, text}` to its learner's pages."""
    assert submission.user_id is not None  # noqa: S101 – the house reads nothing
    about: dict[str, Any] = {"submission_id": submission.id, "run": submission.claims}
    return console.Console(_name(submission), EVENT, about, user_room(submission.user_id))


def read(submission: Submission, after: int = 0) -> tuple[int, str]:
    """What its present run has printed behind piece `after`, and the number of the last piece."""
    return console.read(_name(submission), after)


def _name(submission: Submission) -> str:
    """Each claim is a run of its own: one that was thought dead does not print into its successor's."""
    return f"submission:{submission.id}:{submission.claims}"
