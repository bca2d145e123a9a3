"""A gradebook's arithmetic: from attempts to a task's credit, an assignment's grade, a total.

Pure: it knows no database, and everything it says can be worked out by hand. Credits are 0..1, grades are
percent 0..100, nothing is rounded here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from mlarena.scoring.deadlines import days_later

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Attempt:
    """A judged submission: when it was handed in, and its credit before any deadline, 0..1."""

    at: datetime
    credit: float
    number: int = 0


@dataclass(frozen=True)
class Terms:
    """What a deadline does. `late_percent` is taken off for each day begun, `late_days` are accepted at all.

    Without `due` nothing is ever late. `zone` is the clock by which days are counted.
    """

    due: datetime | None = None
    zone: str = "UTC"
    late_percent: float = 0.0
    late_days: int = 0
    counts: Literal["best", "last"] = "best"


@dataclass(frozen=True)
class TaskGrade:
    """What a task brings: the attempt that counts (None: there is none), how late it was, its credit after
    the penalty. `points` is its share of the assignment."""

    points: float = 1.0
    attempt: Attempt | None = None
    days_late: int = 0
    credit: float = 0.0
    attempts: int = 0


@dataclass(frozen=True)
class Item:
    """An assignment in a total. `percent` None: it does not count yet."""

    key: int
    weight: float
    percent: float | None


@dataclass(frozen=True)
class Total:
    """`percent` None: nothing counts yet. `dropped`: the keys of what was left out as the lowest."""

    percent: float | None
    dropped: frozenset[int] = field(default_factory=frozenset)
    weight: float = 0.0


def days_late(at: datetime, due: datetime | None, zone: str) -> int:
    """How many days after `due` have begun at `at`, by the clocks of `zone`: 0 in time, 1 up to the same
    hour of the next day, even where that day has 23 or 25 hours."""
    if due is None or at <= due:
        return 0
    days = max(1, -((due - at) // DAY) - 1)
    while at > days_later(due, days, zone):
        days += 1
    while days > 1 and at <= days_later(due, days - 1, zone):
        days -= 1
    return days


@lru_cache(maxsize=4096)
def _ends(due: datetime | None, zone: str, late_days: int) -> tuple[datetime, ...]:
    """The moments at which an attempt becomes one more day late: a whole class asks for the same few."""
    if due is None:
        return ()
    return (due, *(days_later(due, days, zone) for days in range(1, late_days + 1)))


def kept(days: int, terms: Terms) -> float:
    """The share of the credit that is left `days` days late, 0..1."""
    if days > terms.late_days:
        return 0.0
    return max(0.0, 1.0 - days * terms.late_percent / 100)


def task_grade(attempts: Iterable[Attempt], terms: Terms, points: float = 1.0) -> TaskGrade:
    """The attempt that counts and what it is worth.

    "best" is the best after the penalty (of equals the first), so a late attempt never costs what was
    there; "last" is the last that was accepted. What comes after the last accepted day does not count.
    """
    made = sorted(attempts, key=lambda one: (one.at, one.number))
    ends = _ends(terms.due, terms.zone, terms.late_days)
    worth = [
        (one, late, one.credit * kept(late, terms))
        for one in made
        if (late := bisect_left(ends, one.at)) <= terms.late_days
    ]
    if not worth:
        return TaskGrade(points, attempts=len(made))
    # max keeps the first of equals
    chosen = worth[-1] if terms.counts == "last" else max(worth, key=lambda one: one[2])
    return TaskGrade(points, *chosen, attempts=len(made))


def assignment_percent(tasks: Sequence[TaskGrade]) -> float:
    """The mean of the tasks' credits by their points, in percent; 0 where there are no points."""
    points = sum(task.points for task in tasks)
    if points <= 0:
        return 0.0
    return min(100.0, 100 * sum(task.points * task.credit for task in tasks) / points)


def total(items: Sequence[Item], drop: int = 0) -> Total:
    """The mean by weight of what counts, without the `drop` lowest; one always stays.

    Of equals the one of more weight is dropped, then the earlier key: the total is never the worse for it.
    What has no weight is neither counted nor dropped.
    """
    counted = [item for item in items if item.percent is not None and item.weight > 0]
    if not counted:
        return Total(None)
    lowest = sorted(counted, key=lambda item: (item.percent, -item.weight, item.key))
    dropped = frozenset(item.key for item in lowest[: max(0, min(drop, len(counted) - 1))])
    left = [item for item in counted if item.key not in dropped]
    weight = sum(item.weight for item in left)
    mean = sum(item.weight * (item.percent or 0.0) for item in left) / weight
    return Total(mean, dropped, weight)
