"""football-data.org, version 4: a key in `X-Auth-Token`, ten requests a minute.

What it sends for too many is 429 with the seconds to wait in its words.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from mlarena.forecasts.sources.found import Found, SourceProblem, read_json, score, team_name
from mlarena.forecasts.sources.web import Answer

NAME = "football_data"
ADDRESS = "https://api.football-data.org/v4"
WAIT = 60.0
# Its words for where a match is; what it has besides these is something we do not know yet.
STATUSES = {
    "SCHEDULED": "scheduled",
    "TIMED": "scheduled",
    "IN_PLAY": "live",
    "PAUSED": "live",
    "EXTRA_TIME": "live",
    "PENALTY_SHOOTOUT": "live",
    "FINISHED": "finished",
    "SUSPENDED": "cancelled",
    "CANCELLED": "cancelled",
    "POSTPONED": "postponed",
    "AWARDED": "awarded",
}


def request(code: str, year: int, key: str) -> tuple[str, dict[str, str]]:
    """Where a season's matches are, and the headers to ask with."""
    return f"{ADDRESS}/competitions/{code}/matches?season={year}", {"X-Auth-Token": key}


def parse(answer: Answer) -> list[Found]:
    """Every match of the answer. Raises SourceProblem, with the seconds to wait where it says so."""
    document = read_json(answer.text, NAME)
    said = document.get("message") or document.get("error") if isinstance(document, dict) else None
    if answer.status == 429:
        seconds = re.search(r"(\d+) seconds", str(said))
        wait = float(seconds[1]) if seconds else WAIT
        raise SourceProblem(f"{NAME}: {said}", wait=wait)
    if answer.status != 200:
        raise SourceProblem(f"{NAME} answered {answer.status}: {said}")
    if not isinstance(document, dict) or not isinstance(document.get("matches"), list):
        raise SourceProblem(f"{NAME} gave JSON without a list `matches`.")
    return [_match(row) for row in document["matches"]]


def _match(row: Any) -> Found:
    try:
        kickoff = datetime.fromisoformat(row["utcDate"]).astimezone(UTC)
        status = STATUSES[row["status"]]
        year = int(row["season"]["startDate"][:4])
        full, half = row["score"]["fullTime"], row["score"].get("halfTime") or {}
        goals = score(full["home"], full["away"], NAME)
        half_time = score(half.get("home"), half.get("away"), NAME)
        home, away = row["homeTeam"]["name"], row["awayTeam"]["name"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceProblem(f"{NAME} has a match that cannot be read: {error!r}") from None
    if status in ("finished", "awarded") and goals is None:
        raise SourceProblem(f"{NAME} has a match that is over without a score.")
    known = status in ("finished", "awarded", "live")
    return Found(
        season=year,
        home=team_name(home, NAME),
        away=team_name(away, NAME),
        kickoff=kickoff,
        # TIMED has its hour; what is only SCHEDULED still stands at midnight.
        timed=not (row["status"] == "SCHEDULED" and kickoff.hour == kickoff.minute == 0),
        round=row.get("matchday"),
        status=status,
        goals=goals if known else None,
        half_time=half_time if known else None,
    )
