"""Who beats the house: the board `forecasts:ID` of a league, in its latest season with scored forecasts.

Ranked is the mean score, drawn towards the house's 0 (game.SHRINK): luck in a few matches is no skill. The
interval says how little even that tells: closing odds need some 290 matches to be seen to be better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from mlarena.accounts.models import User
from mlarena.boards.service import Aim, BoardRow
from mlarena.core.db import db
from mlarena.forecasts.game import SHRINK
from mlarena.forecasts.models import ForecastTotals, League, Season

# With fewer scored forecasts one does not stand on the board yet.
FEWEST = 5
# How far scores scatter where somebody has too few to tell.
USUAL_SPREAD = 7.0


@dataclass(frozen=True)
class ForecasterRow(BoardRow):
    """`score` is the shrunken mean, `low` and `high` its 95 % interval, `mean` the plain one."""

    entries: int = 0
    mean: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def shown(self) -> dict[str, Any]:
        more = {"entries": self.entries, "mean": self.mean, "low": self.low, "high": self.high}
        return super().shown() | more


class ForecastBoards:
    """The source of boards `forecasts:ID`, see boards/names.py."""

    def stretch(
        self, target_id: int, start: int, count: int, user_id: int | None
    ) -> tuple[list[ForecasterRow], int, ForecasterRow | None]:
        return season_rows(season_of(target_id), start, count, user_id)

    def around(self, target_id: int, user_id: int, n: int) -> Sequence[ForecasterRow]:
        season = season_of(target_id)
        place = _place(season, user_id) if season else None
        if season is None or place is None:
            return []
        first = max(0, place - n)
        return _rows(season, first, place + n + 1 - first)


def season_rows(
    season: int | None, start: int, count: int, user_id: int | None
) -> tuple[list[ForecasterRow], int, ForecasterRow | None]:
    """`count` rows of a season's board from position `start`, how many there are, and the user's own."""
    if season is None:
        return [], 0, None
    size = db.session.scalar(
        select(func.count())
        .select_from(ForecastTotals)
        .join(User, User.id == ForecastTotals.user_id)
        .where(*_on(season))
    )
    rows = _rows(season, start, count) if count else []
    own = next((row for row in rows if row.user_id == user_id), None) if user_id else None
    if own is None and user_id is not None:
        place = _place(season, user_id)
        own = None if place is None else next(iter(_rows(season, place, 1)), None)
    return rows, size or 0, own


def season_of(league_id: int) -> int | None:
    """The season whose board is the league's: the latest with scored forecasts."""
    return db.session.scalar(
        select(Season.id)
        .where(Season.league_id == league_id)
        .where(select(ForecastTotals.user_id).where(ForecastTotals.season_id == Season.id).exists())
        .order_by(Season.year.desc())
        .limit(1)
    )


def _on(season: int) -> tuple[Any, ...]:
    return (ForecastTotals.season_id == season, ForecastTotals.entries >= FEWEST, User.listed)


def _rows(season: int, start: int, count: int) -> list[ForecasterRow]:
    query = (
        select(ForecastTotals, User.username)
        .join(User, User.id == ForecastTotals.user_id)
        .where(*_on(season))
        .order_by(ForecastTotals.standing.desc(), ForecastTotals.reached_at, ForecastTotals.user_id)
        .offset(start)
        .limit(count)
    )
    found = db.session.execute(query)
    return [row_of(totals, name, place) for place, (totals, name) in enumerate(found, start + 1)]


def row_of(totals: ForecastTotals, name: str, rank: int) -> ForecasterRow:
    """What a learner's totals come to, with the interval that so few matches leave."""
    n, mean = totals.entries, totals.total / totals.entries
    spread = max(0.0, totals.squares / n - mean * mean) * n / (n - 1) if n > 1 else 0.0
    # With few scores their own spread says little: as many usual ones are mixed in as SHRINK.
    variance = (n * spread + SHRINK * USUAL_SPREAD**2) / (n + SHRINK)
    half = 1.96 * math.sqrt(variance / (n + SHRINK))
    return ForecasterRow(
        rank=rank,
        user_id=totals.user_id,
        username=name,
        score=totals.standing,
        submitted_at=totals.reached_at,
        entries=n,
        mean=mean,
        low=totals.standing - half,
        high=totals.standing + half,
    )


def _place(season: int, user_id: int) -> int | None:
    """The position of the user's row, from 0; None if they have none."""
    own = db.session.execute(
        select(ForecastTotals.standing, ForecastTotals.reached_at)
        .join(User, User.id == ForecastTotals.user_id)
        .where(ForecastTotals.user_id == user_id, *_on(season))
    ).first()
    if own is None:
        return None
    standing, reached = ForecastTotals.standing, ForecastTotals.reached_at
    before = or_(
        standing > own.standing,
        (standing == own.standing) & (reached < own.reached_at),
        (standing == own.standing)
        & (reached == own.reached_at)
        & (ForecastTotals.user_id < user_id),
    )
    return db.session.scalar(
        select(func.count())
        .select_from(ForecastTotals)
        .join(User, User.id == ForecastTotals.user_id)
        .where(*_on(season), before)
    )


def visible(league_id: int, viewer: User | None) -> bool:
    return db.session.get(League, league_id) is not None


def title(league_id: int) -> str:
    found = db.session.get(League, league_id)
    return f"Forecasts: {found.name}" if found else "Forecasts"


def aim(league_id: int) -> Aim | None:
    return Aim("Points ahead of the house", "higher")
