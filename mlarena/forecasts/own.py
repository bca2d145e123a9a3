"""One learner's forecasts: what they came to by season, how true they were, and every one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, stream_with_context
from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import aliased, joinedload

from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db
from mlarena.core.evenly import evenly
from mlarena.core.spreadsheets import lines
from mlarena.forecasts import board, prizes, shown
from mlarena.forecasts.models import Forecast, ForecastTotals, League, Match, Season
from mlarena.forecasts.service import WHOLE
from mlarena.scoring.outcomes import brier, log_loss, outcome_of

BATCH = 500
# The latest so many scored forecasts are drawn.
MOST_DRAWN = 4000
MOST_POINTS = 80
MOST_SEASONS = 24
COLUMNS = (
    "match_id", "league", "season", "matchday", "kickoff", "home_team", "away_team", "status", "home_goals",
    "away_goals", "home", "draw", "away", "entered_at", "changed_at", "house_home", "house_draw",
    "house_away", "score", "rps", "house_rps", "log_loss", "brier",
)  # fmt: skip


@dataclass(frozen=True)
class SeasonOf:
    """How a season of a league stands for somebody; `row` is theirs on its board, if it has enough."""

    season: Season
    league: League
    row: board.ForecasterRow
    rewarded: int

    @property
    def ranked(self) -> bool:
        return self.row.entries >= board.FEWEST

    @property
    def to_prize(self) -> tuple[int, str] | None:
        """How many scored forecasts the next prize takes, and what it is; None when there is no more."""
        if self.rewarded == 0:
            return prizes.TOOK_PART, f"{prizes.TOOK_PART_XP} XP and the badge Forecaster"
        if self.rewarded == 1:
            return prizes.BEAT, (
                f"{prizes.BEAT_XP} XP and the badge House Beaten, if you are ahead of the house when the "
                "season is over"
            )
        return None


@dataclass(frozen=True)
class Drawn:
    """`bins` are a calibration plot's rows; `race` is (kick-off, points ahead of the house so far)."""

    n: int
    bins: list[dict[str, Any]]
    race: list[tuple[datetime, float]]


def seasons_of(user_id: int, league_id: int | None = None) -> list[SeasonOf]:
    """Seasons in which anything of theirs was scored, the latest first; one query."""
    query = (
        select(ForecastTotals, Season, League, User.username)
        .join(Season, Season.id == ForecastTotals.season_id)
        .join(League, League.id == Season.league_id)
        .join(User, User.id == ForecastTotals.user_id)
        .where(ForecastTotals.user_id == user_id, ForecastTotals.entries > 0)
        .order_by(ForecastTotals.reached_at.desc(), Season.id.desc())
        .limit(MOST_SEASONS)
    )
    if league_id is not None:
        query = query.where(Season.league_id == league_id)
    return [
        SeasonOf(season, league, board.row_of(totals, name, 0), totals.rewarded)
        for totals, season, league, name in db.session.execute(query)
    ]


def drawn(user_id: int) -> Drawn:
    """Calibration and race over the latest scored forecasts; one query."""
    rows = db.session.execute(
        select(
            Match.kickoff, Forecast.home, Forecast.draw, Forecast.away, Forecast.score,
            Match.home_goals, Match.away_goals,
        )
        .join(Match, Match.id == Forecast.match_id)
        .where(Forecast.user_id == user_id, Forecast.score.is_not(None), Match.status == "finished")
        .order_by(Match.kickoff.desc(), Match.id.desc())
        .limit(MOST_DRAWN)
    ).all()[::-1]  # fmt: skip
    if not rows:
        return Drawn(0, [], [])
    import numpy as np

    from mlarena.scoring.outcomes import calibration

    said = np.array([row[1:4] for row in rows], float)
    happened = np.array([outcome_of(row.home_goals, row.away_goals) for row in rows], int)
    race, total = [(rows[0].kickoff - timedelta(hours=1), 0.0)], 0.0
    for row in rows:
        total += row.score
        race.append((row.kickoff, total))
    return Drawn(len(rows), calibration(said, happened), evenly(race, MOST_POINTS))


def matches_of(user_id: int) -> Select[Any]:
    """The matches that somebody forecast, the latest kick-off first."""
    return (
        select(Match)
        .options(*WHOLE)
        .join(Forecast, Forecast.match_id == Match.id)
        .where(Forecast.user_id == user_id)
        .order_by(Match.kickoff.desc(), Match.id.desc())
    )


def _next_match() -> Select[Any]:
    said = select(Forecast.id).where(
        Forecast.match_id == Match.id, Forecast.user_id == bindparam("user_id")
    )
    known = aliased(Match)
    played = select(known.league_id).join(Forecast, Forecast.match_id == known.id)
    played = played.where(Forecast.user_id == bindparam("user_id"))
    return (
        select(Match)
        .options(*WHOLE, joinedload(Match.league))
        .join(League, League.id == Match.league_id)
        .where(
            Match.status == "scheduled",
            Match.kickoff > bindparam("now"),
            Match.kickoff < bindparam("until"),
            ~said.exists(),
            or_(League.family == "simulated", League.id.in_(played)),
        )
        .order_by(Match.kickoff, Match.id)
        .limit(1)
    )


# It is asked with every front page: built once.
_NEXT_MATCH = _next_match()


def next_match(user_id: int, within: timedelta = timedelta(days=2)) -> Match | None:
    """The next kick-off that somebody has not forecast yet, if it is soon: in the leagues they play in, and
    in the simulated one, which is there to begin with."""
    now = utcnow()
    asked = {"user_id": user_id, "now": now, "until": now + within}
    return db.session.scalars(_NEXT_MATCH, asked).first()


def as_csv(user: User) -> Response:
    """All of one's own forecasts as a file, the latest kick-off first; the house's words as far as they are
    revealed, which they are after one's own."""
    told = stream_with_context(lines(COLUMNS, _lines(user.id)))
    response = Response(told, mimetype="text/csv")
    filename = f"forecasts_of_{user.id}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


def _lines(user_id: int) -> Iterator[tuple[Any, ...]]:
    start = 0
    while True:
        page = matches_of(user_id).offset(start).limit(BATCH)
        matches = db.session.scalars(page).all()
        known = shown.Known.of(matches, db.session.get(User, user_id))
        leagues = {one.id: one.name for one in db.session.scalars(select(League))}
        for match in matches:
            mine, word, outcome = known.own[match.id], known.houses.get(match.id), match.outcome
            scored = mine.score is not None and outcome is not None
            yield (
                match.id, leagues[match.league_id], match.season.name, match.round or "",
                rfc3339(match.kickoff), match.home.name, match.away.name, match.status,
                _blank(match.home_goals), _blank(match.away_goals),
                *mine.shares, rfc3339(mine.entered_at), rfc3339(mine.changed_at),
                *(word.shares if word else ("", "", "")),
                _blank(mine.score), _blank(mine.rps), _blank(mine.house_rps),
                log_loss(mine.shares, outcome) if scored and outcome is not None else "",
                brier(mine.shares, outcome) if scored and outcome is not None else "",
            )  # fmt: skip
        start += BATCH
        if len(matches) < BATCH:
            return


def _blank(value: Any) -> Any:
    return "" if value is None else value
