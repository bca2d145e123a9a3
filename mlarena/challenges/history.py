"""One's own attempts at a challenge, and what changed from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from mlarena.accounts.models import User
from mlarena.challenges.models import Challenge
from mlarena.challenges.payload import FIELDS
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.scoring.texts import TextChange, text_change
from mlarena.submissions.listing import submissions_query
from mlarena.submissions.models import Submission

NOT_YOURS = "There is no such attempt of yours at this challenge."


@dataclass(frozen=True)
class Comparison:
    """Two attempts, the earlier first, and how the later differs."""

    before: Submission
    after: Submission
    change: TextChange


def attempts(
    user: User, challenge: Challenge, start: int, most: int
) -> tuple[list[Submission], int]:
    """The user's attempts, newest first, from the `start`-th on; and how many there are in all."""
    total = db.session.scalar(
        select(func.count()).where(
            Submission.user_id == user.id, Submission.task_id == challenge.id
        )
    )
    query = submissions_query(user_id=user.id, task_id=challenge.id)
    return list(db.session.scalars(query.offset(start).limit(most))), total or 0


def compare(user: User, challenge: Challenge, one: int, other: int) -> Comparison:
    """What changed between two of the user's own attempts, in whichever order they are named.

    Raises NotFound for any that is somebody else's, of another challenge, or of no text.
    """
    found = _own(user, challenge, {one, other})
    if challenge.kind not in ("sql", "coding") or not {one, other} <= found.keys():
        raise NotFound(NOT_YOURS)
    before, after = sorted((found[one], found[other]), key=lambda row: row.attempt_no)
    return Comparison(before, after, text_change(_text(before), _text(after)))


def _own(user: User, challenge: Challenge, ids: set[int]) -> dict[int, Submission]:
    query = (
        select(Submission)
        .options(selectinload(Submission.task))
        .where(Submission.id.in_(ids))
        .where(Submission.user_id == user.id, Submission.task_id == challenge.id)
    )
    return {row.id: row for row in db.session.scalars(query)}


def _text(attempt: Submission) -> str:
    text: Any = attempt.payload.get(FIELDS[attempt.task.kind])
    return str(text or "")
