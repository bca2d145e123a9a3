"""Which rows of two results are the same rows: as multisets, with a tolerance for rounded numbers.

Rows are first told apart by everything that compares exactly. Where columns hold rounded numbers,
rows that agree in the rest are then paired by those numbers, within the tolerance of cells.near.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from mlarena.scoring.cells import (
    NULL,
    NUMBER,
    TEXT,
    Number,
    Row,
    Value,
    is_inexact,
    moment,
    near,
    number_in,
    value_of,
)

MOST_PAIRED = 400  # rows paired by trying every way; more are paired by the nearest number
Vector = tuple[Number, ...]


class Rows:
    """The rows of a result in the form they are compared in.

    `exact` holds what must be equal, `rounded` the numbers of columns that may be rounded.
    """

    def __init__(self, values: Sequence[Sequence[Value]], inexact: Sequence[int]) -> None:
        self.exact: list[tuple[Any, ...]] = []
        self.rounded: list[Vector] = []
        for row in values:
            key = list(row)
            vector = []
            for column in inexact:
                kind, value = row[column]
                if kind == NUMBER:
                    vector.append(value)
                    key[column] = (NUMBER, None)
            self.exact.append(tuple(key))
            self.rounded.append(tuple(vector))

    def __len__(self) -> int:
        return len(self.exact)


def prepared(
    expected: Sequence[Row], actual: Sequence[Row], loose_text: bool
) -> tuple[Rows, Rows, list[list[Value]], list[list[Value]]]:
    """Both results in comparable form: rows, and the values of their cells.

    `loose_text` (SQLite, where a column has no type of its own): in a column that holds numbers on
    either side, text that is a numeral is that number; and text that is a date is its midnight.
    """
    here = [[value_of(cell) for cell in row] for row in expected]
    there = [[value_of(cell) for cell in row] for row in actual]
    width = len(here[0]) if here else len(there[0]) if there else 0
    inexact = []
    for column in range(width):
        cells = [row[column] for side in (here, there) for row in side if column < len(row)]
        if loose_text:
            numbers = any(kind == NUMBER for kind, _ in cells)
            for side in (here, there):
                _loosen(side, column, numbers)
            cells = [row[column] for side in (here, there) for row in side if column < len(row)]
        if any(kind == NUMBER and is_inexact(value) for kind, value in cells):
            inexact.append(column)
    return Rows(here, inexact), Rows(there, inexact), here, there


def _loosen(side: list[list[Value]], column: int, numbers: bool) -> None:
    for row in side:
        if column >= len(row):
            continue
        kind, value = row[column]
        if kind != TEXT:
            continue
        number = number_in(value) if numbers else None
        if number is not None:
            row[column] = (NUMBER, number)
        elif len(value) == 10:
            midnight = moment(value)
            if midnight != value:
                row[column] = (TEXT, midnight)


def unmatched(
    expected: Rows,
    actual: Rows,
    these: Iterable[int] | None = None,
    those: Iterable[int] | None = None,
) -> tuple[list[int], list[int]]:
    """Rows of each side without a partner on the other, as multisets (of the given indices)."""
    groups: dict[tuple[Any, ...], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for index in range(len(expected)) if these is None else these:
        groups[expected.exact[index]][0].append(index)
    for index in range(len(actual)) if those is None else those:
        groups[actual.exact[index]][1].append(index)
    missing: list[int] = []
    extra: list[int] = []
    for ours, theirs in groups.values():
        if not ours or not theirs or not expected.rounded[ours[0]]:
            missing += ours[len(theirs) :]
            extra += theirs[len(ours) :]
            continue
        left, right = _pair(
            [(expected.rounded[index], index) for index in ours],
            [(actual.rounded[index], index) for index in theirs],
        )
        missing += left
        extra += right
    return sorted(missing), sorted(extra)


def _pair(
    ours: list[tuple[Vector, int]], theirs: list[tuple[Vector, int]]
) -> tuple[list[int], list[int]]:
    """Indices left over when vectors are paired within the tolerance."""
    ours.sort(key=lambda one: _order(one[0]))
    theirs.sort(key=lambda one: _order(one[0]))
    if len(ours) == len(theirs) and all(
        _all_near(one[0], other[0]) for one, other in zip(ours, theirs, strict=True)
    ):
        return [], []
    if max(len(ours), len(theirs)) <= MOST_PAIRED:
        return _pair_every_way(ours, theirs)
    return _pair_nearest(ours, theirs)


def _pair_every_way(
    ours: list[tuple[Vector, int]], theirs: list[tuple[Vector, int]]
) -> tuple[list[int], list[int]]:
    """The largest pairing, by augmenting paths (Kuhn)."""
    likes = [
        [place for place, other in enumerate(theirs) if _all_near(one[0], other[0])] for one in ours
    ]
    taken: dict[int, int] = {}

    def place_for(one: int, seen: set[int]) -> bool:
        for place in likes[one]:
            if place in seen:
                continue
            seen.add(place)
            if place not in taken or place_for(taken[place], seen):
                taken[place] = one
                return True
        return False

    left = [ours[one][1] for one in range(len(ours)) if not place_for(one, set())]
    return left, [index for place, (_, index) in enumerate(theirs) if place not in taken]


def _pair_nearest(
    ours: list[tuple[Vector, int]], theirs: list[tuple[Vector, int]]
) -> tuple[list[int], list[int]]:
    """One pass in sorted order, for results of many thousand rows that do not pair off in order."""
    starts = [_order(vector)[0] for vector, _ in theirs]
    free = [True] * len(theirs)
    left = []
    low = 0  # all before it are taken
    for vector, index in ours:
        first = _order(vector)[0]
        slack = 2e-9 + 2e-6 * abs(first)
        while low < len(theirs) and not free[low]:
            low += 1
        place = max(low, bisect_left(starts, first - slack))
        while place < len(theirs) and starts[place] <= first + slack:
            if free[place] and _all_near(vector, theirs[place][0]):
                free[place] = False
                break
            place += 1
        else:
            left.append(index)
    return left, [index for (_, index), is_free in zip(theirs, free, strict=True) if is_free]


def _all_near(one: Vector, other: Vector) -> bool:
    return len(one) == len(other) and all(map(near, one, other))


def _order(vector: Vector) -> tuple[float, ...]:
    """A key to sort by; NaN, which has no place of its own, comes last."""
    return tuple(float("inf") if number != number else _as_float(number) for number in vector)


def _as_float(number: Number) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def column_kinds(values: Sequence[Sequence[Value]], column: int) -> set[int]:
    """The kinds of value in a column, NULL left out."""
    return {row[column][0] for row in values if row[column][0] != NULL}
