"""Hints: opened one after the other; what one costs is taken off the points of the pass."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from mlarena.accounts.models import User
from mlarena.challenges.models import Challenge, HintReveal
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict
from mlarena.submissions.models import Progress


def spent(user_id: int, challenge_id: int) -> int:
    """What the learner's hints have cost so far."""
    return (
        db.session.scalar(
            select(func.coalesce(func.sum(HintReveal.cost), 0)).where(
                HintReveal.user_id == user_id, HintReveal.challenge_id == challenge_id
            )
        )
        or 0
    )


def opened(user_id: int, challenge_id: int) -> int:
    """How many hints the learner has opened."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(HintReveal)
            .where(HintReveal.user_id == user_id, HintReveal.challenge_id == challenge_id)
        )
        or 0
    )


def reveal(user: User, challenge: Challenge, number: int) -> dict[str, Any]:
    """Open hint `number` (from 1) for the learner, once for ever. Commits.

    Raises Conflict for one that is not the next: a second click must not pay for a hint nobody asked for.
    """
    if not 1 <= number <= len(challenge.hints):
        raise Conflict("There are no more hints.")
    solved = _solved(user.id, challenge.id)
    already = opened(user.id, challenge.id)
    db.session.commit()
    if number <= already:
        return _shown(challenge, number)
    if number != already + 1:
        raise Conflict(f"Hint {already + 1} comes first.")
    cost = 0 if solved else challenge.hints[number - 1].get("cost", 0)
    db.session.execute(
        insert(HintReveal)
        .values(
            user_id=user.id,
            challenge_id=challenge.id,
            number=number,
            cost=cost,
            revealed_at=utcnow(),
        )
        .on_conflict_do_nothing()
    )
    db.session.commit()
    return _shown(challenge, number)


def shown(challenge: Challenge, open_: int) -> list[dict[str, Any]]:
    """Every hint: its text where it is open, its cost where it is not."""
    return [
        {
            "number": number,
            "cost": hint.get("cost", 0),
            "text": hint["text"] if number <= open_ else None,
        }
        for number, hint in enumerate(challenge.hints, 1)
    ]


def _shown(challenge: Challenge, number: int) -> dict[str, Any]:
    return shown(challenge, number)[number - 1]


def _solved(user_id: int, challenge_id: int) -> bool:
    progress = db.session.get(Progress, (user_id, challenge_id))
    return progress is not None and progress.status == "completed"
