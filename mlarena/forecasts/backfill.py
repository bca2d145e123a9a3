"""Matches of the past: from a file or an address by hand, from the source there is a key for by the clock."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select

from mlarena.core.db import db
from mlarena.forecasts.models import League, Match, Season
from mlarena.forecasts.progress import Say, silent
from mlarena.forecasts.record import Recorded, record
from mlarena.forecasts.sources import csv_file, openfootball, web
from mlarena.forecasts.sources.found import Found, SourceProblem
from mlarena.forecasts.sync import chosen_source, current_year, sync_league

# By the clock so many seasons before the one that goes on are looked for.
HISTORY_SEASONS = 3


def backfill(
    source: str | None, seasons: int | None = None, say: Say = silent
) -> dict[str, Recorded]:
    """Enter the last so many seasons, or all there are: of a file or web address with CSV or openfootball's
    JSON; without one of the source that there is a key for, else openfootball. What each league got, by its
    code; `say` hears of every step. Commits by league. Raises SourceProblem."""
    if source is None:
        return _asked(seasons or 1, say)
    if source.startswith(("https://", "http://")):
        answer = web.get(source)
        if answer.status != 200:
            raise SourceProblem(f"{source} answered {answer.status}.")
        name, content = urlsplit(source).path.rsplit("/", 1)[-1], answer.text
    else:
        name, content = Path(source).name, _content(Path(source))
    if name.endswith(".json"):
        return _season_file(name, content, say)
    return _csv(csv_file.parse(csv_file.unpacked(name, content), name), name, seasons, say)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceProblem(f"{path.name} cannot be read: {error}") from None


def _csv(
    found: dict[str, list[Found]], name: str, seasons: int | None, say: Say
) -> dict[str, Recorded]:
    leagues = {
        league.codes["csv"]: league
        for league in db.session.scalars(select(League))
        if "csv" in league.codes
    }
    known = {code: rows for code, rows in found.items() if code in leagues}
    if not known:
        raise SourceProblem(
            f"{name} has the leagues {', '.join(sorted(found)) or '(none)'}; known are "
            f"{', '.join(sorted(leagues)) or 'none: run `flask forecasts seed-leagues`'}."
        )
    report = {}
    for code, rows in sorted(known.items()):
        newest = max(row.season for row in rows)
        wanted = [row for row in rows if seasons is None or row.season > newest - seasons]
        report[code] = record(leagues[code], csv_file.NAME, wanted)
        say(code, len(known))
    return report


def _season_file(name: str, content: bytes, say: Say) -> dict[str, Recorded]:
    """openfootball's file of one season (`en.1.json`): its name says which league it is."""
    for league in db.session.scalars(select(League)):
        code = league.codes.get(openfootball.NAME)
        if code is not None and name == f"{code}.json":
            found = openfootball.parse(content, league.timezone)
            report = {league.code: record(league, openfootball.NAME, found, whole=True)}
            say(league.code, 1)
            return report
    raise SourceProblem(
        f"{name} is of no known league: openfootball calls its files en.1.json, es.1.json, de.1.json …"
    )


def _asked(seasons: int, say: Say) -> dict[str, Recorded]:
    report: dict[str, Recorded] = {}
    leagues = _real()
    for league in leagues:
        for year in range(current_year() - seasons + 1, current_year() + 1):
            done = sync_league(league, year=year)
            whole = report.setdefault(league.code, Recorded())
            whole.new += done.new
            whole.changed += done.changed
            whole.same += done.same
            whole.waiting |= done.waiting
            say(f"{league.code} {year}", len(leagues) * seasons)
    return report


def sync_history() -> str:
    """By the clock: of every real league one season of the last years that we have nothing of, the latest
    first, from the source there is a key for. Commits by league."""
    if chosen_source() == openfootball.NAME:
        return "no key: nothing is asked"
    said = []
    for league in _real():
        have = select(Season.year).join(Match).where(Season.league_id == league.id).distinct()
        years = set(db.session.scalars(have))
        now = current_year()
        missing = [
            year for year in range(now - 1, now - 1 - HISTORY_SEASONS, -1) if year not in years
        ]
        if not missing:
            continue
        try:
            done = sync_league(league, year=missing[0])
            said.append(f"{league.code} {missing[0]}: {done.told()}")
        except SourceProblem as problem:
            said.append(f"{league.code} {missing[0]}: {problem}")
            if problem.wait is not None:
                break
    return "; ".join(said) or "no season of the last years is missing"


def _real() -> list[League]:
    query = select(League).where(League.family == "real").order_by(League.id)
    return list(db.session.scalars(query))
