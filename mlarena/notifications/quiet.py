"""When somebody may be disturbed, on the clock of their own wall. Pure: times in, times out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 24 * 60
# Where clocks are put forward they jump over some times, on a quarter of an hour in every zone there is.
STEP = timedelta(minutes=15)


def is_quiet(at: datetime, zone: str, begin: int | None, end: int | None) -> bool:
    """Whether `at` lies in the hours from `begin` to `end` (minutes of the day, `end` not among them), which
    may go across midnight. The same minute twice is no hours at all."""
    if begin is None or end is None or begin == end:
        return False
    local = at.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def quiet_until(at: datetime, zone: str, begin: int | None, end: int | None) -> datetime:
    """The first moment from `at` on that is not quiet; `at` itself if it is none of those."""
    if not is_quiet(at, zone, begin, end):
        return at
    assert end is not None  # noqa: S101 – nothing is quiet without it
    # The end itself, where clocks show it; and where they jump over it, what they show instead.
    ends = (moment for moment in _moments(at, zone, end, days=2) if moment > at)
    quarters = (_floor(at) + STEP * step for step in range(1, 4 * 27))
    return min(one for one in (*ends, *quarters) if not is_quiet(one, zone, begin, end))


def next_at(at: datetime, zone: str, hour: int, weekly: bool = False) -> datetime:
    """The next time after `at` that clocks show that hour; weekly: on a Monday."""
    local = ZoneInfo(zone)
    return min(
        moment
        for moment in _moments(at, zone, hour * 60, days=9 if weekly else 2)
        if moment > at and (not weekly or moment.astimezone(local).weekday() == 0)
    )


def _moments(at: datetime, zone: str, minute: int, days: int) -> Iterator[datetime]:
    """When clocks show that minute of the day, on the day of `at` and those that follow."""
    today = at.astimezone(ZoneInfo(zone)).date()
    wall = time(minute // 60, minute % 60)
    for day in range(days):
        for fold in (0, 1):
            shown = datetime.combine(today + timedelta(days=day), wall, ZoneInfo(zone))
            yield shown.replace(fold=fold).astimezone(UTC)


def _floor(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
