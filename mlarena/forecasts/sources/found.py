"""What every source gives: matches in one shape, or a problem in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

LONGEST_NAME = 80
MOST_GOALS = 99


class SourceProblem(Exception):
    """The source gave nothing that can be used. `wait` is for how many seconds it asks to be left alone."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Found:
    """One match as a source tells it. Teams are named in the source's words. `timed` is False where only
    the day is known. `stats` has by side what was counted: shots, on_target, corners, red, possession, xg.
    `key` is the source's own number of the match, `minute` how far a live one has come."""

    season: int
    home: str
    away: str
    kickoff: datetime
    status: str = "scheduled"
    goals: tuple[int, int] | None = None
    half_time: tuple[int, int] | None = None
    round: int | None = None
    timed: bool = True
    stats: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    key: str | None = None
    minute: int | None = None


@dataclass(frozen=True)
class FoundPlayer:
    """One player of a team in a season, as a source tells it; None for what it does not say.

    `key` is the source's number for the player, `market_value` in euros, `injured` whether they are now.
    """

    key: str
    name: str
    team: str
    season: int | None = None
    full_name: str | None = None
    position: str | None = None
    born: date | None = None
    nationality: str | None = None
    injured: bool | None = None
    market_value: int | None = None
    appearances: int | None = None
    minutes: int | None = None
    goals: int | None = None
    assists: int | None = None
    shots: int | None = None
    on_target: int | None = None
    rating: float | None = None


@dataclass(frozen=True)
class FoundAbsence:
    """A player who misses the match that the source numbers `match`, or may (`doubtful`)."""

    match: str
    key: str
    name: str
    team: str
    doubtful: bool
    reason: str | None


@dataclass(frozen=True)
class FoundLine:
    """A line of the table that a source holds to be the official one."""

    season: int
    team: str
    rank: int
    points: int
    played: int
    won: int
    drawn: int
    lost: int
    goals: tuple[int, int]


def read_json(text: str | bytes, source: str) -> Any:
    """Raises SourceProblem for what is no JSON: a page in HTML, half a file."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        start = text[:40] if isinstance(text, str) else text[:40].decode("utf-8", "replace")
        kind = "a page in HTML" if start.lstrip().startswith("<") else "no whole JSON"
        raise SourceProblem(f"{source} answered with {kind}: {start!r}…") from None


def whole(value: Any, source: str, most: int = 10**9) -> int | None:
    """A number that is none below 0, from a number or its text ("35%" too); None for what is not known."""
    number = real(value, source)
    if number is None:
        return None
    if number != int(number) or number > most:
        raise SourceProblem(f"{source} counts {value!r}.")
    return int(number)


def real(value: Any, source: str) -> float | None:
    """The same with its decimals ("1.17")."""
    if value is None or value == "":
        return None
    try:
        number = float(value.strip().removesuffix("%") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number < 1e12:  # nor NaN
        raise SourceProblem(f"{source} counts {value!r}.")
    return number


def words(value: Any, most: int) -> str | None:
    """A text of at most so many characters; None for what is no text, or empty."""
    return (value.strip()[:most] or None) if isinstance(value, str) else None


def team_name(value: Any, source: str) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST_NAME:
        raise SourceProblem(f"{source} names a team {value!r}.")
    return value.strip()


def score(home: Any, away: Any, source: str) -> tuple[int, int] | None:
    """Both goals, or None where there is no score."""
    if home is None and away is None:
        return None
    try:
        found = int(home), int(away)
    except (TypeError, ValueError):
        raise SourceProblem(f"{source} tells the score {home!r}:{away!r}.") from None
    if not all(0 <= goals <= MOST_GOALS for goals in found):
        raise SourceProblem(f"{source} tells the score {home!r}:{away!r}.")
    return found


def local_time(day: str, clock: str | None, zone: str, source: str) -> tuple[datetime, bool]:
    """A day and a time of the league's own clock, in UTC, and whether the time was known. An hour that the
    clock has twice is the first one, one that it leaves out the hour after. Without a time it is midnight UTC
    of that day, before which forecasts close."""
    try:
        on = date.fromisoformat(day[:10])
        if not clock:
            return datetime.combine(on, time(), UTC), False
        at = datetime.combine(on, time.fromisoformat(clock[:5]), ZoneInfo(zone))
    except (TypeError, ValueError):
        raise SourceProblem(f"{source} tells the time {day!r} {clock!r}.") from None
    return at.astimezone(UTC), True
