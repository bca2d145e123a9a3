"""What a match's page tells beyond the match: meetings, reasons, the crowd, what forecasts were worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import joinedload

from mlarena.core.db import db
from mlarena.forecasts.models import Forecast, Match, MatchChange, Prediction
from mlarena.scoring.outcomes import brier, log_loss, rps

MEETINGS = 10
# The bins of what people gave to a home win.
BINS = 10
# Of a feature's pull, in log-odds: less says nothing.
FELT = 0.005
CHANGES = 20


@dataclass(frozen=True)
class Meetings:
    """How two teams fared against each other before a match, counted for its home team."""

    won: int
    drawn: int
    lost: int
    latest: list[Match]

    @property
    def any(self) -> bool:
        return bool(self.won + self.drawn + self.lost)


@dataclass(frozen=True)
class Worth:
    """What one forecast of a match was worth, by every rule."""

    who: str
    rps: float
    log_loss: float
    brier: float


def meetings(match: Match) -> Meetings:
    """Every meeting before the match's kick-off, and the latest of them."""
    home, away = match.home_id, match.away_id
    pair = or_(
        and_(Match.home_id == home, Match.away_id == away),
        and_(Match.home_id == away, Match.away_id == home),
    )
    query = (
        select(Match)
        .options(joinedload(Match.home), joinedload(Match.away), joinedload(Match.season))
        .where(pair, Match.status == "finished", Match.kickoff < match.kickoff)
        .order_by(Match.kickoff.desc(), Match.id.desc())
    )
    found = list(db.session.scalars(query))
    margins = [
        ((one.home_goals or 0) - (one.away_goals or 0)) * (1 if one.home_id == home else -1)
        for one in found
    ]
    return Meetings(
        won=sum(margin > 0 for margin in margins),
        drawn=sum(margin == 0 for margin in margins),
        lost=sum(margin < 0 for margin in margins),
        latest=found[:MEETINGS],
    )


def reasons(word: Prediction | None, home: str, away: str) -> list[dict[str, Any]]:
    """What moved the house's probabilities, the strongest first, as `bars` of templates/ui draws it: to the
    right towards the home team, in log-odds of home against away."""
    from mlarena.forecasts.house.features import FEATURES

    told = []
    for name, pull in (word.moved_by if word else {}).items():
        if abs(pull) < FELT:
            continue
        label = FEATURES[name][0] if name in FEATURES else name.replace("_", " ")
        label = label.replace("by sot", "by shots on target")
        told.append(
            {
                "label": label,
                "value": pull,
                "text": f"{pull:+.2f}",
                "note": f"for {home if pull > 0 else away}",
            }
        )
    return sorted(told, key=lambda one: -abs(one["value"]))


def crowd_spread(match_id: int) -> list[int]:
    """How many gave a home win 0 to 10 %, 10 to 20 %, and so on; one query."""
    edges = [step / BINS for step in range(BINS + 1)]
    edges[-1] = 1.01  # all of it is in the last bin
    counts = [
        func.sum(case((and_(Forecast.home >= low, Forecast.home < high), 1), else_=0))
        for low, high in pairwise(edges)
    ]
    row = db.session.execute(select(*counts).where(Forecast.match_id == match_id)).one()
    return [int(count or 0) for count in row]


def worth(outcome: int | None, said: Sequence[tuple[str, Sequence[float] | None]]) -> list[Worth]:
    """What was said, by every rule, once there is an outcome. Smaller is better in all of them."""
    if outcome is None:
        return []
    return [
        Worth(who, rps(shares, outcome), log_loss(shares, outcome), brier(shares, outcome))
        for who, shares in said
        if shares is not None
    ]


def changes(match_id: int) -> list[MatchChange]:
    """What sources said otherwise than before of this match, the latest first."""
    query = select(MatchChange).where(MatchChange.match_id == match_id)
    newest = query.order_by(MatchChange.at.desc(), MatchChange.id.desc())
    return list(db.session.scalars(newest.limit(CHANGES)))


def recent(line: list[tuple[datetime, float]], until: datetime, since: datetime) -> list[Any]:
    """A rating's line between two times."""
    return [(at, rating) for at, rating in line if since <= at < until]
