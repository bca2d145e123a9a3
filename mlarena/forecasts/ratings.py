"""How strong teams were over time: the house's Elo rating after every match of a league.

The same rules as in house/elo.py, one match after the other in plain numbers: a page needs nothing more, and
a test holds the two to the same figures. 1500 is the middle of the league.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from mlarena.core.db import db
from mlarena.forecasts.models import Match, Season

MIDDLE = 1500.0
Line = list[tuple[datetime, float]]

# By league, under a stamp of its results: what has been worked out in this process.
_kept: dict[int, tuple[tuple[Any, ...], dict[int, Line]]] = {}
MOST_KEPT = 32


@dataclass(frozen=True)
class Played:
    """One result, as rating looks at it. `year` is the season's."""

    year: int
    kickoff: datetime
    home: int
    away: int
    margin: int


def lines_of(league_id: int) -> dict[int, Line]:
    """By team: (kick-off, rating after it) of every match that was played for, the oldest first."""
    results = (Match.league_id == league_id, Match.status == "finished")
    # A corrected result moves the sums; adding up what is there is cheaper than rating it anew.
    weighed = func.sum(Match.id * (3 * Match.home_goals + Match.away_goals))
    stamp = tuple(
        db.session.execute(
            select(func.count(), func.max(Match.kickoff), weighed).where(*results)
        ).one()
    )
    kept = _kept.get(league_id)
    if kept is not None and kept[0] == stamp:
        return kept[1]
    rows = db.session.execute(
        select(
            Season.year, Match.kickoff, Match.home_id, Match.away_id,
            Match.home_goals - Match.away_goals,
        )
        .join(Season, Season.id == Match.season_id)
        .where(*results)
        .order_by(Match.kickoff, Match.id)
    )  # fmt: skip
    found = rated(Played(*row[:4], row[4] or 0) for row in rows)
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[league_id] = (stamp, found)
    return found


def rated(results: Iterable[Played]) -> dict[int, Line]:
    """`results` in the order they were played in."""
    from mlarena.forecasts.house.elo import EloRules, stands_empty

    rules = EloRules()
    ratings: dict[int, float] = {}
    seasons: dict[int, int] = {}
    lines: dict[int, Line] = {}
    first: int | None = None
    for one in results:
        first = one.year if first is None else first
        for team in (one.home, one.away):
            before = seasons.get(team)
            if before is not None and before >= one.year:
                continue
            if before == one.year - 1:
                ratings[team] *= rules.kept
            else:
                ratings[team] = rules.promoted if one.year > first else 0.0
            seasons[team] = one.year
        empty = stands_empty(int(one.kickoff.timestamp() // 86_400))
        at_home = rules.home_empty if empty else rules.home
        ahead = ratings[one.home] - ratings[one.away] + at_home
        step = rules.k * math.sqrt(1 + abs(one.margin))
        won = ((one.margin > 0) - (one.margin < 0) + 1) / 2
        moved = step * (won - 1 / (1 + 10 ** (-ahead / 400)))
        ratings[one.home] += moved
        ratings[one.away] -= moved
        for team in (one.home, one.away):
            lines.setdefault(team, []).append((one.kickoff, MIDDLE + ratings[team]))
    return lines
