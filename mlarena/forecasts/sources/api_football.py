"""API-Football, version 3: a key in `x-apisports-key`, 100 requests a day, ten a minute.

Errors come with status 200, as an object `errors`, which is an empty list where there are none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from mlarena.forecasts.sources.found import (
    Found,
    SourceProblem,
    read_json,
    score,
    team_name,
    whole,
)
from mlarena.forecasts.sources.web import Answer

NAME = "api_football"
ADDRESS = "https://v3.football.api-sports.io"
MINUTE, DAY = 60.0, 24 * 3600.0
WAITS = {"rateLimit": MINUTE, "requests": DAY}
STATUSES = {
    **dict.fromkeys(("TBD", "NS"), "scheduled"),
    **dict.fromkeys(("1H", "HT", "2H", "ET", "BT", "P", "SUSP", "INT", "LIVE"), "live"),
    **dict.fromkeys(("FT", "AET", "PEN"), "finished"),
    "PST": "postponed",
    **dict.fromkeys(("CANC", "ABD"), "cancelled"),
    **dict.fromkeys(("AWD", "WO"), "awarded"),
}


# Of one request for matches by number.
MOST_KEYS = 20


def ask(what: str, key: str) -> tuple[str, dict[str, str]]:
    """Where `what` ("injuries?league=39&season=2026") is, and the headers to ask with."""
    return f"{ADDRESS}/{what}", {"x-apisports-key": key}


def request(code: int, year: int, key: str) -> tuple[str, dict[str, str]]:
    """The same of a season's matches."""
    return ask(f"fixtures?league={code}&season={year}", key)


def request_some(keys: list[str], key: str) -> tuple[str, dict[str, str]]:
    """The same of at most MOST_KEYS matches by their numbers: how they stand now, in one request."""
    return ask(f"fixtures?ids={'-'.join(keys[:MOST_KEYS])}", key)


def response(answer: Answer) -> tuple[list[Any], int]:
    """What was answered, and of how many pages it is one. Raises SourceProblem, with the seconds to wait
    where a limit is reached: errors come with HTTP 200."""
    document = read_json(answer.text, NAME)
    if not isinstance(document, dict):
        raise SourceProblem(f"{NAME} gave JSON that is no object.")
    errors = document.get("errors")
    if errors:
        told = errors if isinstance(errors, dict) else {"error": errors}
        wait = max((WAITS[name] for name in told if name in WAITS), default=None)
        raise SourceProblem(f"{NAME}: {'; '.join(str(text) for text in told.values())}", wait=wait)
    if answer.status != 200:
        raise SourceProblem(f"{NAME} answered {answer.status}.")
    if not isinstance(document.get("response"), list):
        raise SourceProblem(f"{NAME} gave JSON without a list `response`.")
    paging = document.get("paging")
    pages = paging.get("total") if isinstance(paging, dict) else None
    return document["response"], pages if isinstance(pages, int) and pages > 0 else 1


def parse(answer: Answer) -> list[Found]:
    """Every match of the answer. Raises SourceProblem."""
    return [_match(row) for row in response(answer)[0]]


def _match(row: Any) -> Found:
    try:
        fixture, teams, goals = row["fixture"], row["teams"], row["goals"]
        kickoff = datetime.fromisoformat(fixture["date"]).astimezone(UTC)
        short = fixture["status"]["short"]
        status = STATUSES[short]
        half = row["score"]["halftime"]
        now = score(goals["home"], goals["away"], NAME)
        half_time = score(half["home"], half["away"], NAME)
        number = re.search(r"\d+$", str(row["league"].get("round")))
        season = int(row["league"]["season"])
        home, away = teams["home"]["name"], teams["away"]["name"]
        key, minute = str(int(fixture["id"])), fixture["status"].get("elapsed")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceProblem(f"{NAME} has a match that cannot be read: {error!r}") from None
    if status in ("finished", "awarded") and now is None:
        raise SourceProblem(f"{NAME} has a match that is over without a score.")
    known = status in ("finished", "awarded", "live")
    return Found(
        season=season,
        home=team_name(home, NAME),
        away=team_name(away, NAME),
        kickoff=kickoff,
        timed=short != "TBD",
        round=int(number[0]) if number else None,
        status=status,
        goals=now if known else None,
        half_time=half_time if known else None,
        key=key,
        minute=whole(minute, NAME, 150) if status == "live" else None,
    )
