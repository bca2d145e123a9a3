"""What API-Football knows besides matches, read daily with what is left of its 100 requests: the official
table, injuries, top scorers, statistics of what was played, and squads page by page.

In this order, for what is read first is worth most; squads go on the next day where they stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import select

from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.forecasts import service
from mlarena.forecasts.models import League, Match, MatchStats, Season
from mlarena.forecasts.names import teams_by_name
from mlarena.forecasts.record import COUNTS
from mlarena.forecasts.sources import api_football, web
from mlarena.forecasts.sources import api_football_details as wire
from mlarena.forecasts.sources.budget import asking, mark, move_mark
from mlarena.forecasts.sources.found import FoundLine, SourceProblem
from mlarena.forecasts.squads.record import record_absences, record_players
from mlarena.forecasts.sync import current_year

NAME = api_football.NAME
# So many requests of a day are kept for fixtures and live scores.
LEAVING = 60
# Statistics are still mended for some days; older gaps stay.
RECENT = timedelta(days=10)
T = TypeVar("T")


def sync_details() -> str:
    """Everything, of all real leagues that API-Football has; until the day's share of requests is spent.

    Nothing without a key. Commits step by step, so that what was read is kept."""
    if not settings().api_football_key:
        return "no key: nothing is asked"
    query = select(League).where(League.family == "real").order_by(League.id)
    leagues = [one for one in db.session.scalars(query) if NAME in one.codes]
    said: list[str] = []
    for step in (check_table, read_injuries, read_scorers, read_statistics, read_squads):
        for league in leagues:
            try:
                said.append(f"{league.code}: {step(league)}")
            except SourceProblem as problem:
                said.append(f"{league.code}: {problem}")
                if problem.wait is not None:
                    return "; ".join(said)
    return "; ".join(said)


def check_table(league: League) -> str:
    """Points that the official table has and ours has not are what a league took away, or gave. Commits."""
    lines = _ask(league, "standings", wire.standings)
    season = _season(league)
    if season is None or not lines:
        return "no table"
    teams = teams_by_name(league, NAME, {line.team for line in lines})
    ours = {line["team"]["id"]: line for line in service.table_of(league, season)}
    deducted = dict(season.deducted)
    other = 0
    for line in lines:
        own = ours.get(teams.get(line.team) or 0)
        if own is None or not _same_matches(own, line):
            other += 1
            continue
        # `deducted` is taken off what was won.
        less = 3 * line.won + line.drawn - line.points
        team = str(own["team"]["id"])
        if less != deducted.get(team, 0):
            deducted[team] = less
    deducted = {team: less for team, less in deducted.items() if less}
    if deducted != season.deducted:
        season.deducted = deducted
    db.session.commit()
    return f"table read, {other} lines of other matches" if other else "table as ours"


def _same_matches(own: dict[str, int], line: FoundLine) -> bool:
    counts = (own["won"], own["drawn"], own["lost"], own["goals_for"], own["goals_against"])
    return counts == (line.won, line.drawn, line.lost, *line.goals)


def read_injuries(league: League) -> str:
    return (
        f"injuries {record_absences(league, NAME, _ask(league, 'injuries', wire.injuries)).told()}"
    )


def read_scorers(league: League) -> str:
    code = int(league.codes[NAME])
    found, _ = _ask(league, "players/topscorers", lambda answer: wire.players(answer, code))
    return f"scorers {record_players(league, NAME, found).told()}"


def read_squads(league: League) -> str:
    """The season's players, a page of twenty a request, on from where the last day stopped. Commits."""
    code, year = int(league.codes[NAME]), current_year()
    what = f"players:{league.code}:{year}"
    read = 0
    while True:
        page = mark(NAME, what) + 1
        found, pages = _ask(
            league, "players", lambda answer: wire.players(answer, code), f"&page={page}"
        )
        move_mark(NAME, what, page % pages)
        record_players(league, NAME, found)
        read += 1
        if page >= pages:
            return f"{read} pages of players, all"


def read_statistics(league: League) -> str:
    """Of matches lately played whose possession nobody has counted, the latest first. Commits."""
    counted = select(MatchStats.match_id).where(MatchStats.possession.is_not(None))
    query = (
        select(Match)
        .where(
            Match.league_id == league.id,
            Match.status == "finished",
            Match.kickoff >= utcnow() - RECENT,
            Match.id.not_in(counted),
        )
        .order_by(Match.kickoff.desc(), Match.id)
    )
    read = 0
    for match in db.session.scalars(query).all():
        number = match.keys.get(NAME)
        if number is None:
            continue
        with asking(NAME, LEAVING):
            address = api_football.ask(
                f"fixtures/statistics?fixture={number}", settings().api_football_key
            )
            found = wire.statistics(web.get(*address))
        read += record_statistics(league, match, found)
    return f"statistics of {read} matches"


def record_statistics(
    league: League, match: Match, found: dict[str, dict[str, float | None]]
) -> bool:
    """What both sides were counted for; what is not known takes nothing back. False if that is nothing new.
    Commits."""
    teams = teams_by_name(league, NAME, set(found))
    sides = {match.home_id: "home", match.away_id: "away"}
    changed = False
    for name, counts in found.items():
        side = sides.get(teams.get(name) or 0)
        if side is None:
            continue
        row = db.session.get(MatchStats, (match.id, side))
        if row is None:
            row = MatchStats(match_id=match.id, side=side)
            db.session.add(row)
        for what in COUNTS:
            if counts.get(what) is not None and getattr(row, what) != counts[what]:
                setattr(row, what, counts[what])
                changed = True
    db.session.commit()
    return changed


def _ask(league: League, what: str, read: Callable[[web.Answer], T], more: str = "") -> T:
    address = api_football.ask(
        f"{what}?league={league.codes[NAME]}&season={current_year()}{more}",
        settings().api_football_key,
    )
    with asking(NAME, LEAVING):
        return read(web.get(*address))


def _season(league: League) -> Season | None:
    query = select(Season).where(Season.league_id == league.id, Season.year == current_year())
    return db.session.scalars(query).first()
