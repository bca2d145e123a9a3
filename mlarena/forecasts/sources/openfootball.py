"""openfootball's JSON (github.com/openfootball/football.json): a file a season, no key, public domain.

Times are those of the league's own clock; a match to come has an empty `score`.
"""

from __future__ import annotations

import re
from typing import Any

from mlarena.forecasts.sources.found import (
    Found,
    SourceProblem,
    local_time,
    read_json,
    score,
    team_name,
)

NAME = "openfootball"
ADDRESS = "https://raw.githubusercontent.com/openfootball/football.json/master"


def address(code: str, year: int) -> str:
    return f"{ADDRESS}/{year}-{(year + 1) % 100:02d}/{code}.json"


def parse(text: str | bytes, timezone: str) -> list[Found]:
    """Every match of a season's file. Raises SourceProblem."""
    document = read_json(text, NAME)
    if not isinstance(document, dict) or not isinstance(document.get("matches"), list):
        raise SourceProblem(f"{NAME} gave JSON without a list `matches`.")
    year = re.search(r"\b(19|20)\d\d\b", str(document.get("name")))
    if year is None:
        raise SourceProblem(f"{NAME} does not say which season {document.get('name')!r} is.")
    return [_match(row, int(year[0]), timezone) for row in document["matches"]]


def _match(row: Any, season: int, timezone: str) -> Found:
    if not isinstance(row, dict):
        raise SourceProblem(f"{NAME} has a match that is {type(row).__name__}.")
    said = row.get("score") or {}
    final, half = (_pair(said, part) for part in ("ft", "ht"))
    kickoff, timed = local_time(str(row.get("date")), row.get("time"), timezone, NAME)
    number = re.search(r"\d+", str(row.get("round")))
    return Found(
        season=season,
        home=team_name(row.get("team1"), NAME),
        away=team_name(row.get("team2"), NAME),
        kickoff=kickoff,
        timed=timed,
        round=int(number[0]) if number else None,
        status="scheduled" if final is None else "finished",
        goals=final,
        half_time=half,
    )


def _pair(said: Any, part: str) -> tuple[int, int] | None:
    value = said.get(part) if isinstance(said, dict) else None
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise SourceProblem(f"{NAME} tells the score {value!r}.")
    return score(value[0], value[1], NAME)
