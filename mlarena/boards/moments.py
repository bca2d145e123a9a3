"""A board as it stood: the better scores that entered its first rows, in the order of their coming.

A row only falls, except by a better score of its own, so whoever stood among the first at some time
entered among the first. That makes few rows of many: some hundred for a board of a hundred thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, literal, select, tuple_

from mlarena.accounts.models import User
from mlarena.boards.models import BoardEntry, BoardMoment
from mlarena.core.db import db
from mlarena.core.evenly import evenly

if TYPE_CHECKING:
    from mlarena.boards.entries import Change

# Rows of a replay. More are kept, for when somebody above leaves or hides.
SHOWN = 20
KEPT = 50
# Places at which a replay can stop, and how many moments back it goes.
MOST_STOPS = 24
MOST_MOMENTS = 1_000


@dataclass(frozen=True)
class Standing:
    """One row of the past. A house baseline has no user."""

    user_id: int | None
    name: str
    score: float
    sort_key: float
    reached_at: datetime


def note(change: Change, score: float, at: datetime) -> None:
    """Remember that `score` entered the board at `at`, if it stands among the first rows there.

    Inside the caller's transaction, in one statement.
    """
    here = tuple_(BoardEntry.sort_key, BoardEntry.reached_at, BoardEntry.id)
    mine = tuple_(
        literal(change.sort_key, BoardEntry.sort_key.type),
        literal(change.reached_at, BoardEntry.reached_at.type),
        literal(change.entry_id),
    )
    better = (
        select(literal(1))
        .where(BoardEntry.board == change.stored, BoardEntry.hidden.is_(False), here < mine)
        .limit(KEPT)
        .subquery()
    )
    row = select(
        literal(change.stored),
        literal(change.user_id),
        literal(score, BoardMoment.score.type),
        literal(change.sort_key, BoardMoment.sort_key.type),
        literal(change.reached_at, BoardMoment.reached_at.type),
        literal(at, BoardMoment.entered_at.type),
    ).where(select(func.count()).select_from(better).scalar_subquery() < KEPT)
    columns = ["board", "user_id", "score", "sort_key", "reached_at", "entered_at"]
    db.session.execute(insert(BoardMoment).from_select(columns, row))


def stops(board: str) -> list[datetime]:
    """The times at which a replay of the stored board stops, oldest first; the last is its present.

    Between two of them about as much happened as between any others.
    """
    newest = db.session.scalars(
        select(BoardMoment.entered_at)
        .join(User, User.id == BoardMoment.user_id)
        .where(BoardMoment.board == board, User.listed)
        .order_by(BoardMoment.entered_at.desc())
        .limit(MOST_MOMENTS)
    )
    return evenly(sorted(set(newest)), MOST_STOPS)


def stood_at(board: str, at: datetime) -> list[Standing]:
    """The first rows of the stored board as it stood at `at`, best first, and the house's among them.

    Who does not want to be on boards any more was not there either.
    """
    latest = (
        select(func.max(BoardMoment.id))
        .where(BoardMoment.board == board, BoardMoment.entered_at <= at)
        .group_by(BoardMoment.user_id)
    )
    people = db.session.execute(
        select(
            BoardMoment.user_id,
            User.username,
            BoardMoment.score,
            BoardMoment.sort_key,
            BoardMoment.reached_at,
        )
        .join(User, User.id == BoardMoment.user_id)
        .where(BoardMoment.id.in_(latest), User.listed)
        .order_by(BoardMoment.sort_key, BoardMoment.reached_at, BoardMoment.id)
        .limit(SHOWN)
    )
    houses = db.session.execute(
        select(
            BoardEntry.user_id,
            BoardEntry.label,
            BoardEntry.score,
            BoardEntry.sort_key,
            BoardEntry.reached_at,
        ).where(BoardEntry.board == board, BoardEntry.user_id.is_(None))
    )
    rows = [Standing(*row) for row in (*people, *houses)]
    return sorted(rows, key=lambda row: (row.sort_key, row.reached_at))
