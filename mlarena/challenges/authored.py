"""What has been written, in whatever state: the list that instructors work from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import defer

from mlarena.accounts.models import User
from mlarena.challenges import offer
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.core.db import db
from mlarena.submissions.models import Submission

Rows = TypeVar("Rows", bound=Select[*tuple[Any, ...]])
STATES = ("draft", "published", "archived")


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed down to; None takes everything."""

    state: str | None = None
    kind: str | None = None
    author_id: int | None = None
    search: str = ""


@dataclass(frozen=True)
class Written:
    """A challenge, what the saving checks had to say of it, and what became of it."""

    challenge: Challenge
    warnings: list[str]
    checked: bool
    author: str | None
    attempts: int
    engine_missing: str | None


@dataclass(frozen=True)
class Page:
    """Some rows, and how many there are of each state."""

    rows: list[Written]
    total: int
    counts: dict[str, int]


def listing(wanted: Wanted, start: int, most: int) -> Page:
    """Newest first: four queries, however many there are."""
    counted = _narrowed(select(Challenge.status, func.count(Challenge.id)), wanted, state=False)
    counts = dict.fromkeys(STATES, 0) | dict(
        db.session.execute(counted.group_by(Challenge.status)).all()
    )
    query = (
        select(Challenge, ChallengeVersion.warnings, ChallengeVersion.checked_at, User.username)
        .join(
            ChallengeVersion,
            (ChallengeVersion.challenge_id == Challenge.id)
            & (ChallengeVersion.number == Challenge.version),
        )
        .outerjoin(User, User.id == Challenge.created_by)
        .options(defer(Challenge.description), defer(Challenge.editorial), defer(Challenge.hints))
        .order_by(Challenge.id.desc())
    )
    found = db.session.execute(_narrowed(query, wanted).offset(start).limit(most)).all()
    attempts = _attempts([challenge.id for challenge, *_ in found])
    missing = offer.missing()
    rows = [
        Written(
            challenge,
            warnings,
            checked_at is not None,
            author,
            attempts.get(challenge.id, 0),
            missing.get(challenge.engine or ""),
        )
        for challenge, warnings, checked_at, author in found
    ]
    total = counts[wanted.state] if wanted.state else sum(counts.values())
    return Page(rows, total, counts)


def _narrowed(query: Rows, wanted: Wanted, state: bool = True) -> Rows:
    if state and wanted.state:
        query = query.where(Challenge.status == wanted.state)
    if wanted.kind:
        query = query.where(Challenge.kind == wanted.kind)
    if wanted.author_id:
        query = query.where(Challenge.created_by == wanted.author_id)
    for word in wanted.search.split():
        texts = (Challenge.title, Challenge.summary, Challenge.slug)
        query = query.where(or_(*(text.icontains(word, autoescape=True) for text in texts)))
    return query


def attempts_at(challenge: Challenge) -> int:
    """How many have been handed in."""
    return _attempts([challenge.id]).get(challenge.id, 0)


def _attempts(ids: list[int]) -> dict[int, int]:
    query = select(Submission.task_id, func.count()).where(Submission.task_id.in_(ids))
    return dict(db.session.execute(query.group_by(Submission.task_id)).all())
