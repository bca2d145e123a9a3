"""What there is to see of leagues, teams and matches: the wing's reading verbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, true
from sqlalchemy.orm import joinedload

from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.forecasts import shown, standings
from mlarena.forecasts.models import (
    COUNTS_IN_TABLE,
    League,
    Match,
    MatchStats,
    Prediction,
    Season,
    Team,
)

WHOLE = (joinedload(Match.home), joinedload(Match.away), joinedload(Match.season))
# A league's ratings look further back; a reader of form does not.
LAST = 10


def leagues_query() -> Select[Any]:
    return select(League).order_by(League.family.desc(), League.name)


def latest_seasons(league_ids: list[int]) -> dict[int, Season]:
    """The season that every league is in, by league: the latest that has kicked off."""
    begun = (
        select(Season.league_id, func.max(Season.year).label("year"))
        .where(Season.league_id.in_(league_ids))
        .where(
            select(Match.id).where(Match.season_id == Season.id, Match.kickoff <= utcnow()).exists()
        )
        .group_by(Season.league_id)
        .subquery()
    )
    query = select(Season).join(
        begun, (Season.league_id == begun.c.league_id) & (Season.year == begun.c.year)
    )
    return {season.league_id: season for season in db.session.scalars(query)}


def find_league(league_id: int) -> League:
    found = db.session.get(League, league_id)
    if found is None:
        raise NotFound("There is no such league.")
    return found


def find_team(team_id: int) -> Team:
    found = db.session.get(Team, team_id)
    if found is None:
        raise NotFound("There is no such team.")
    return found


def find_season(league: League, year: int | None) -> Season | None:
    """The season that starts in `year`, or the one the league is in. Raises NotFound for no such year."""
    if year is None:
        return latest_seasons([league.id]).get(league.id)
    query = select(Season).where(Season.league_id == league.id, Season.year == year)
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("The league has no such season.")
    return found


def table_of(league: League, season: Season | None) -> list[dict[str, Any]]:
    """The season's table by the league's rules, best first; in three queries."""
    if season is None:
        return []
    rows = db.session.execute(
        select(Match.home_id, Match.away_id, Match.home_goals, Match.away_goals, Match.status)
        .where(Match.season_id == season.id)
        .order_by(Match.kickoff, Match.id)
    ).all()
    teams = {team for row in rows for team in (row.home_id, row.away_id)}
    results = [
        standings.Result(row.home_id, row.away_id, row.home_goals, row.away_goals)
        for row in rows
        if row.status in COUNTS_IN_TABLE and row.home_goals is not None
    ]
    deducted = {int(team): points for team, points in season.deducted.items()}
    lines = standings.table(teams, results, league.rules, deducted)
    named = {team.id: team for team in db.session.scalars(select(Team).where(Team.id.in_(teams)))}
    return [line.shown() | {"team": shown.team(named[line.team])} for line in lines]


def matches_query(
    league: int | None = None,
    team: int | None = None,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    season: int | None = None,
) -> Select[Any]:
    """Matches by their kick-offs; the latest first where only those of the past are asked for."""
    query = select(Match).options(*WHOLE)
    for column, wanted in (
        (Match.league_id, league),
        (Match.status, status),
        (Match.season_id, season),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if team is not None:
        query = query.where(or_(Match.home_id == team, Match.away_id == team))
    if since is not None:
        query = query.where(Match.kickoff >= since)
    if until is not None:
        query = query.where(Match.kickoff < until)
    if status == "finished":
        return query.order_by(Match.kickoff.desc(), Match.id.desc())
    return query.order_by(Match.kickoff, Match.id)


def predicted_query(past: bool = False) -> Select[Any]:
    """Matches of which the house has said something: to come, the next first; or over, the latest first."""
    said = select(Prediction.id).where(Prediction.match_id == Match.id).exists()
    query = select(Match).options(*WHOLE).where(said)
    if past:
        over = query.where(Match.kickoff <= utcnow(), Match.status == "finished")
        return over.order_by(Match.kickoff.desc(), Match.id.desc())
    coming = query.where(Match.kickoff > utcnow(), Match.status.in_(("scheduled", "postponed")))
    return coming.order_by(Match.kickoff, Match.id)


def today() -> tuple[datetime, datetime]:
    """The day that it is, in UTC."""
    start = utcnow().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


def form_of(team: Team, before: datetime | None = None) -> dict[str, Any]:
    """The last matches of a team, the latest first, as letters and points; those that had kicked off
    `before`, or all."""
    query = (
        select(Match)
        .options(*WHOLE)
        .where(or_(Match.home_id == team.id, Match.away_id == team.id))
        .where(Match.status == "finished")
        .where(Match.kickoff < before if before else true())
        .order_by(Match.kickoff.desc(), Match.id.desc())
        .limit(LAST)
    )
    rows = []
    for match in db.session.scalars(query):
        at_home = match.home_id == team.id
        own, other = match.home_goals or 0, match.away_goals or 0
        if not at_home:
            own, other = other, own
        rows.append(
            {
                "match_id": match.id,
                "kickoff": rfc3339(match.kickoff),
                "opponent": shown.team(match.away if at_home else match.home),
                "at_home": at_home,
                "goals": [own, other],
                "result": "W" if own > other else "D" if own == other else "L",
            }
        )
    points = [{"W": 3, "D": 1, "L": 0}[str(row["result"])] for row in rows]
    return {
        "team": shown.team(team),
        "last_5": "".join(str(row["result"]) for row in rows[:5]),
        "last_10": "".join(str(row["result"]) for row in rows),
        "points_5": sum(points[:5]),
        "points_10": sum(points),
        "matches": rows,
    }


def seasons_of(league: League) -> list[Season]:
    """A league's seasons that have matches, the latest first."""
    some = select(Match.id).where(Match.season_id == Season.id).exists()
    query = select(Season).where(Season.league_id == league.id, some)
    return list(db.session.scalars(query.order_by(Season.year.desc())))


def soon_query(until: datetime) -> Select[Any]:
    """What is being played, and what kicks off before `until`, of all leagues."""
    now = utcnow()
    coming = (Match.status.in_(("scheduled", "postponed"))) & (Match.kickoff > now)
    query = select(Match).options(*WHOLE, joinedload(Match.league))
    return query.where((Match.status == "live") | (coming & (Match.kickoff < until))).order_by(
        Match.kickoff, Match.id
    )


def stats_of(match_id: int) -> dict[str, Any]:
    query = select(MatchStats).where(MatchStats.match_id == match_id)
    return shown.stats(list(db.session.scalars(query)))
