"""Streaks: consecutive days of one's own calendar with an accepted submission. Pure rules.

A streak is a fold over the activities in their order, of which only the first and the last of each day
matter, so it can always be worked out again from the rows of `activity_days`. A missed day spends a
freeze, if there is one; a day so saved keeps the streak but does not lengthen it. Seven active days in a
row earn a freeze, and at most two are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS_PER_FREEZE = 7
MOST_FREEZES = 2


@dataclass(frozen=True)
class Active:
    """An activity: when, in which time zone, and the date it was there."""

    at: datetime
    zone: str
    day: date

    @classmethod
    def of(cls, at: datetime, zone: str) -> Active:
        return cls(at, zone, local_day(at, zone))


@dataclass(frozen=True)
class Streak:
    """Where a streak stands. `last` began the day that was counted last, `seen` is the latest activity."""

    current: int = 0
    longest: int = 0
    freezes: int = 0
    last: Active | None = None
    seen: Active | None = None

    def counts(self, now: Active) -> bool:
        """Whether `now` is a new day of this streak."""
        return self.last is None or _days_between(self.last, now) > 0

    def missed(self, now: Active) -> int:
        """How many whole days passed without activity before `now`."""
        if self.last is None or self.seen is None:
            return 0
        return max(0, min(_days_between(self.last, now), _days_between(self.seen, now)) - 1)

    def frozen_before(self, now: Active) -> list[date]:
        """The missed days that a freeze saves: the first ones, for that is when it was spent."""
        if self.last is None:
            return []
        saved = min(self.missed(now), self.freezes)
        return [self.last.day + timedelta(days=n + 1) for n in range(saved)]

    def after(self, now: Active) -> Streak:
        """The streak after `now`, which counts if it begins a new day."""
        seen = now if self.seen is None or now.at >= self.seen.at else self.seen
        if not self.counts(now):
            return replace(self, seen=seen)
        missed = self.missed(now)
        freezes = max(0, self.freezes - missed)
        current = self.current + 1 if missed <= self.freezes else 1
        if current % DAYS_PER_FREEZE == 0:
            freezes = min(MOST_FREEZES, freezes + 1)
        return Streak(current, max(self.longest, current), freezes, now, seen)


class Standing(Protocol):
    """What `streak_today` looks at: `LearnerTotals`, or anything like it."""

    @property
    def current_streak(self) -> int: ...
    @property
    def freezes(self) -> int: ...
    @property
    def last_active_day(self) -> date | None: ...


def fold(activities: Iterable[Active]) -> tuple[Streak, list[date]]:
    """The streak after `activities` (in their order), and the days that freezes saved on the way."""
    streak, frozen = Streak(), list[date]()
    for now in activities:
        if streak.counts(now):
            frozen += streak.frozen_before(now)
        streak = streak.after(now)
    return streak, frozen


def streak_today(standing: Standing, today: date) -> int:
    """The streak as it is on `today`, the learner's own date; nothing is written.

    Today need not be active yet. Once more days were missed than there are freezes it is 0.
    """
    if standing.last_active_day is None:
        return 0
    missed = (today - standing.last_active_day).days - 1
    return standing.current_streak if missed <= standing.freezes else 0


def local_day(at: datetime, zone: str) -> date:
    """The date that a calendar in `zone` shows at `at` (aware). An unknown zone counts as UTC."""
    return at.astimezone(_zone(zone)).date()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _days_between(before: Active, now: Active) -> int:
    """Days from one activity to the next, as the learner lived them.

    Who has moved to another time zone in between is given the smaller count of the two calendars: the
    day that a flight east swallows is not missed, and the one that a flight west repeats is not
    counted twice, nor is one moment as two days by changing the setting.
    """
    days = (now.day - before.day).days
    if now.zone == before.zone:
        return days
    return min(days, (local_day(now.at, before.zone) - before.day).days)
