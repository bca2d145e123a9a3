"""Times as a wall clock shows them: what was typed, and days across a change of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def from_wall(typed: datetime, zone: str) -> datetime:
    """The moment, in UTC, at which clocks in `zone` show `typed` (without a zone).

    An hour that comes twice is meant the second time: a deadline is the later one. Raises ValueError, in
    words, for one that the clocks jump over.
    """
    at = typed.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) != typed:
        raise ValueError(
            f"There is no {typed:%H:%M} on {typed:%d %b %Y} in {zone}: the clocks jump over it. "
            "Choose another hour."
        )
    return at


def wall(at: datetime, zone: str) -> datetime:
    """What clocks in `zone` show at `at`, without a zone, as a form's field has it."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def days_later(at: datetime, days: int, zone: str) -> datetime:
    """The same hour `days` days later by the clocks of `zone`, be a day of 23 or 25 hours between."""
    shown = wall(at, zone) + timedelta(days=days)
    return shown.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
