"""The simulated league as a source: fixtures long before, a result when the final whistle has gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from mlarena.forecasts.simulation import Simulated, minutes_of_goals, season_matches
from mlarena.forecasts.sources.found import Found

NAME = "simulated"
# Two halves and what is between them.
LASTS = timedelta(minutes=110)


HALF, BREAK = 45, 15


def matches(seed: str, seasons: Iterable[int], now: datetime) -> Iterator[Found]:
    """What is known at `now`."""
    for season in seasons:
        for match in season_matches(seed, season):
            yield _told(seed, match, now)


def live(seed: str, seasons: Iterable[int], now: datetime) -> list[Found]:
    """Of that, what is being played."""
    return [one for one in matches(seed, seasons, now) if one.status == "live"]


def minute_at(kickoff: datetime, now: datetime) -> int:
    """How far a match has come: 1 to 45, which it also is in the break, then to 90."""
    passed = int((now - kickoff).total_seconds() // 60) + 1
    return min(passed, HALF) if passed <= HALF + BREAK else min(passed - BREAK, 2 * HALF)


def _told(seed: str, match: Simulated, now: datetime) -> Found:
    over = match.kickoff + LASTS <= now
    seen = match.result
    goals, half_time, minute = None, None, None
    if over:
        goals, half_time = seen.goals, seen.half_time
    elif match.kickoff <= now:
        minute = minute_at(match.kickoff, now)
        name = f"{match.season}:{match.home}:{match.away}"
        home, away = minutes_of_goals(seed, name, seen.goals, seen.half_time)
        goals = sum(at <= minute for at in home), sum(at <= minute for at in away)
        half_time = seen.half_time if minute > HALF else None
    stats = {
        side: {
            "shots": seen.shots[at],
            "on_target": seen.on_target[at],
            "corners": seen.corners[at],
        }
        for at, side in enumerate(("home", "away"))
    }
    return Found(
        season=match.season,
        home=match.home,
        away=match.away,
        kickoff=match.kickoff,
        round=match.round,
        status="finished" if over else "live" if match.kickoff <= now else "scheduled",
        goals=goals,
        half_time=half_time,
        stats=stats if over else {},
        key=match.key,
        minute=minute,
    )
