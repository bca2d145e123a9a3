"""Ratings to look at: who has which, what a competition changed, how somebody's came about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from mlarena.accounts.models import User
from mlarena.competitions.models import Competition, Rating, RatingChange
from mlarena.competitions.rating import PROVISIONAL
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.submissions.models import Task

# Competitions of a rating's line; who has been in more is drawn by the latest.
MOST_DRAWN = 200


def ratings_query(user_id: int | None = None) -> Select[Any]:
    """Ratings as they stand, best first. Who does not want to be listed is left out."""
    query = (
        select(Rating)
        .join(User, User.id == Rating.user_id)
        .where(User.listed)
        .options(joinedload(Rating.user))
        .order_by(Rating.rating.desc(), Rating.user_id)
    )
    return query.where(Rating.user_id == user_id) if user_id else query


def changes_query(competition_id: int, user_id: int | None = None) -> Select[Any]:
    """What one competition changed, in the order of its ranks."""
    query = (
        select(RatingChange)
        .join(User, User.id == RatingChange.user_id)
        .join(Competition, Competition.id == RatingChange.competition_id)
        .where(User.listed, Competition.status == "published")
        .where(RatingChange.competition_id == competition_id)
        .options(joinedload(RatingChange.user), joinedload(RatingChange.competition))
        .order_by(RatingChange.rank, RatingChange.user_id)
    )
    return query.where(RatingChange.user_id == user_id) if user_id else query


def history_query(user_id: int) -> Select[Any]:
    """How a rating came about, the oldest change first."""
    return (
        select(RatingChange)
        .join(Competition, Competition.id == RatingChange.competition_id)
        .where(RatingChange.user_id == user_id)
        .options(joinedload(RatingChange.user), joinedload(RatingChange.competition))
        .order_by(RatingChange.at, RatingChange.competition_id)
    )


def rating_of(user_id: int) -> Rating | None:
    return db.session.get(Rating, user_id)


@dataclass(frozen=True)
class Changed:
    """One competition's change, as a profile lists it."""

    at: datetime
    competition_id: int
    title: str
    rank: int
    field: int
    before: float
    after: float
    games: int


@dataclass(frozen=True)
class History:
    """How a rating came about: the latest changes, oldest first; the last one is the rating as it stands."""

    changes: list[Changed]

    @property
    def rating(self) -> float:
        return self.changes[-1].after

    @property
    def games(self) -> int:
        return self.changes[-1].games + 1

    @property
    def provisional(self) -> bool:
        return self.games < PROVISIONAL

    @property
    def line(self) -> list[tuple[datetime, float]]:
        return [(change.at, round(change.after, 1)) for change in self.changes]


def history(user_id: int, most: int = MOST_DRAWN) -> History | None:
    """The latest `most` changes of somebody's rating, in one query; None for who has none."""
    rows = db.session.execute(
        select(
            RatingChange.at,
            RatingChange.competition_id,
            Task.title,
            RatingChange.rank,
            RatingChange.field,
            RatingChange.before,
            RatingChange.after,
            RatingChange.games,
        )
        .join(Task, Task.id == RatingChange.competition_id)
        .where(RatingChange.user_id == user_id)
        .order_by(RatingChange.at.desc(), RatingChange.competition_id.desc())
        .limit(most)
    )
    changes = [Changed(*row) for row in rows]
    return History(changes[::-1]) if changes else None


def shown_rating(row: Rating) -> dict[str, Any]:
    return {
        "user_id": row.user_id,
        "username": row.user.username,
        "rating": round(row.rating, 2),
        "games": row.games,
        "provisional": row.games < PROVISIONAL,
        "changed_at": rfc3339(row.changed_at),
    }


def shown_change(row: RatingChange) -> dict[str, Any]:
    return {
        "user_id": row.user_id,
        "username": row.user.username,
        "competition_id": row.competition_id,
        "competition": row.competition.title,
        "at": rfc3339(row.at),
        "rank": row.rank,
        "field": row.field,
        "before": round(row.before, 2),
        "after": round(row.after, 2),
        "change": round(row.after - row.before, 2),
        "provisional": row.games + 1 < PROVISIONAL,
    }
