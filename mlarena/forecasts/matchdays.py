"""A season in its matchdays: by round where the source numbers them, else by week; and who won one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.forecasts.models import Forecast, League, Match, Season

# Who is named as having won a matchday.
FIRST = 3
OPEN = ("scheduled", "live")


@dataclass
class Matchday:
    """`key` is what an address calls it: a round's number, or a week (2026-W47). `next` is the first kick-off
    of what is played or to come of it."""

    key: str
    label: str
    first: datetime
    next: datetime | None = None
    ids: list[int] = field(default_factory=list)
    over: int = 0


@dataclass(frozen=True)
class Winner:
    """`total` is the sum of the scores of `entries` forecasts."""

    user_id: int
    username: str
    total: float
    entries: int


def matchdays(season: Season, league: League) -> list[Matchday]:
    """In the order of their first kick-offs; one query."""
    rows = db.session.execute(
        select(Match.id, Match.round, Match.kickoff, Match.status)
        .where(Match.season_id == season.id)
        .order_by(Match.kickoff, Match.id)
    )
    zone = ZoneInfo(league.timezone)
    found: dict[str, Matchday] = {}
    for row in rows:
        key, label = _named(row, zone)
        day = found.setdefault(key, Matchday(key, label, row.kickoff))
        day.ids.append(row.id)
        day.over += row.status not in OPEN and row.status != "postponed"
        if row.status in OPEN and day.next is None:
            day.next = row.kickoff
    return list(found.values())


def _named(row: Any, zone: ZoneInfo) -> tuple[str, str]:
    if row.round is not None:
        return str(row.round), f"Matchday {row.round}"
    year, week, _ = row.kickoff.astimezone(zone).isocalendar()
    monday = date.fromisocalendar(year, week, 1)
    return f"{year}-W{week:02d}", f"Week of {monday.day} {monday:%b %Y}"


def chosen(days: Sequence[Matchday], key: str | None) -> int | None:
    """The place of the one that is asked for, else of the one with the next kick-off, else of the last; None
    where there are none. One match moved to spring does not keep its matchday on the page all winter."""
    for place, day in enumerate(days):
        if day.key == key:
            return place
    coming = [(day.next, place) for place, day in enumerate(days) if day.next is not None]
    return min(coming)[1] if coming else len(days) - 1 if days else None


def latest_over(days: Iterable[Matchday]) -> Matchday | None:
    """The last matchday of which anything is over."""
    return next((day for day in reversed(list(days)) if day.over), None)


def winners(match_ids: Sequence[int]) -> list[Winner]:
    """Who gained most on the house in these matches, best first; equals by who forecast more of them."""
    total = func.sum(Forecast.score)
    query = (
        select(Forecast.user_id, User.username, total, func.count())
        .join(User, User.id == Forecast.user_id)
        .where(Forecast.match_id.in_(match_ids), Forecast.score.is_not(None), User.listed)
        .group_by(Forecast.user_id, User.username)
        .order_by(total.desc(), func.count().desc(), Forecast.user_id)
        .limit(FIRST)
    )
    if not match_ids:
        return []
    rows = db.session.execute(query)
    return [Winner(user, name, gained or 0.0, many) for user, name, gained, many in rows]
