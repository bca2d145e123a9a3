"""Grids: a heatmap of counts (a confusion matrix), a year of days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from mlarena.core.charts.scales import compact, finite, rounded

STEPS = 8  # shades from "nothing" (0) to "all of it" (8)
LARGEST_TABLE = 12  # more classes than this are drawn without figures in the cells
WORST = 50


@dataclass(frozen=True)
class Cell:
    count: float
    share: float  # of its row
    step: int
    x: float
    y: float
    right: bool  # truth and answer are the same


@dataclass(frozen=True)
class Mistake:
    truth: str
    answer: str
    count: float
    share: float


@dataclass(frozen=True)
class Heatmap:
    labels: list[str]
    answers: list[str]
    rows: list[list[Cell]]
    fits_table: bool
    cell_width: float
    cell_height: float
    mistakes: list[Mistake]  # the largest first
    more_mistakes: int

    @property
    def table(self) -> list[tuple[str, str, str, str]]:
        return [(m.truth, m.answer, compact(m.count), f"{m.share:.0%}") for m in self.mistakes]


@dataclass(frozen=True)
class Day:
    day: date
    column: int
    row: int
    count: int
    frozen: bool
    step: int


@dataclass(frozen=True)
class Month:
    name: str
    column: int
    active: int
    count: int


@dataclass(frozen=True)
class Calendar:
    days: list[Day]
    weeks: int
    months: list[Month]
    active: int
    count: int

    @property
    def table(self) -> list[tuple[str, int, int]]:
        return [(month.name, month.active, month.count) for month in self.months]


def heatmap(
    labels: Sequence[Any], counts: Sequence[Sequence[Any]], answers: Sequence[Any] | None = None
) -> Heatmap:
    """Rows are `labels` (the truth), columns `answers` (the same, unless others are given).

    A cell is shaded by its share of the row: a rare class is as readable as a frequent one.
    """
    names = [str(label) for label in labels]
    columns = names if answers is None else [str(answer) for answer in answers]
    width = rounded(100 / len(columns)) if columns else 0.0
    height = rounded(100 / len(names)) if names else 0.0
    rows, mistakes = [], []
    for y, (truth, held) in enumerate(zip(names, counts, strict=False)):
        figures = [max(finite(count) or 0.0, 0.0) for count in held]
        total = sum(figures)
        row = []
        for x, (answer, count) in enumerate(zip(columns, figures, strict=False)):
            share = count / total if total else 0.0
            right = truth == answer
            # Whatever is there is seen, even one in a thousand.
            step = max(1, round(share * STEPS)) if count else 0
            row.append(Cell(count, share, step, rounded(x * width), rounded(y * height), right))
            if count and not right:
                mistakes.append(Mistake(truth, answer, count, share))
        rows.append(row)
    mistakes.sort(key=lambda mistake: (-mistake.count, mistake.truth, mistake.answer))
    return Heatmap(
        labels=names,
        answers=columns,
        rows=rows,
        fits_table=max(len(names), len(columns)) <= LARGEST_TABLE,
        cell_width=width,
        cell_height=height,
        mistakes=mistakes[:WORST],
        more_mistakes=max(0, len(mistakes) - WORST),
    )


def calendar(days: Iterable[Mapping[str, Any]]) -> Calendar:
    """Days in their order, {"day", "submissions", "frozen"}, as columns of weeks from Monday on."""
    held = sorted(days, key=lambda entry: entry["day"])
    if not held:
        return Calendar([], 0, [], 0, 0)
    monday = held[0]["day"] - timedelta(days=held[0]["day"].weekday())
    drawn: list[Day] = []
    months: dict[tuple[int, int], tuple[int, int, int]] = {}
    for entry in held:
        day: date = entry["day"]
        count = int(entry.get("submissions") or 0)
        column = (day - monday).days // 7
        frozen = bool(entry.get("frozen"))
        drawn.append(Day(day, column, day.weekday(), count, frozen, _shade(count)))
        first, active, total = months.get((day.year, day.month), (column, 0, 0))
        months[day.year, day.month] = (first, active + bool(count), total + count)
    named = [
        Month(date(year, month, 1).strftime("%b"), column, active, total)
        for (year, month), (column, active, total) in months.items()
    ]
    return Calendar(
        days=drawn,
        weeks=drawn[-1].column + 1,
        months=named,
        active=sum(1 for day in drawn if day.count),
        count=sum(day.count for day in drawn),
    )


def _shade(count: int) -> int:
    """Nothing, one, a few, several, many: 0 to 4."""
    return 0 if count <= 0 else 1 if count == 1 else 2 if count <= 3 else 3 if count <= 7 else 4
