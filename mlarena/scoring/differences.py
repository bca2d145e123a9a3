"""What differs between two results, as far as a page can show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Literal

from mlarena.scoring.cells import NUMBER, TEXT, Row, near, text_of
from mlarena.scoring.matching import column_kinds

MOST_SHOWN = 50
MOST_PAIRED = 200  # rows on each side that are looked at to find which became which
LONGEST_CELL = 500


@dataclass(frozen=True)
class Line:
    """One row of the difference.

    kind: `missing` (expected only), `extra` (actual only), `changed` (both; `cells` are the columns
        that differ), `moved` (the rows found and wanted at this place).
    at: the number of the expected row, from 1; of the actual one for an extra row.
    """

    kind: Literal["missing", "extra", "changed", "moved"]
    at: int
    expected: list[str | None] | None = None
    actual: list[str | None] | None = None
    cells: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Difference:
    """Counts of all rows that differ, and at most MOST_SHOWN of them."""

    missing: int = 0
    extra: int = 0
    changed: int = 0
    moved: int = 0
    lines: list[Line] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "missing": self.missing,
            "extra": self.extra,
            "changed": self.changed,
            "moved": self.moved,
            "rows": [
                {
                    "kind": line.kind,
                    "at": line.at,
                    "expected": line.expected,
                    "actual": line.actual,
                    "cells": line.cells,
                }
                for line in self.lines
            ],
        }


def shown(row: Row) -> list[str | None]:
    """A row as text, long cells cut."""
    return [short(text_of(cell)) for cell in row]


def short(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…"


def find(
    expected: Sequence[Row],
    actual: Sequence[Row],
    values: tuple[list[list[Any]], list[list[Any]]],
    left: tuple[list[int], list[int]],
) -> Difference:
    """The rows left over on each side; those that agree in most cells are one row, changed."""
    missing, extra = left
    pairs = _pairs(values, missing[:MOST_PAIRED], extra[:MOST_PAIRED])
    became = dict(pairs)
    gone, new = set(became), set(became.values())
    lines = []
    for one, other in pairs:
        here, there = values[0][one], values[1][other]
        cells = [place for place in range(len(here)) if not _same(here[place], there[place])]
        lines.append(
            Line("changed", one + 1, shown(expected[one]), shown(actual[other]), cells),
        )
    lines += [
        Line("missing", one + 1, expected=shown(expected[one]))
        for one in missing[: MOST_PAIRED + MOST_SHOWN]
        if one not in gone
    ][:MOST_SHOWN]
    lines += [
        Line("extra", other + 1, actual=shown(actual[other]))
        for other in extra[: MOST_PAIRED + MOST_SHOWN]
        if other not in new
    ][:MOST_SHOWN]
    return Difference(
        missing=len(missing) - len(pairs),
        extra=len(extra) - len(pairs),
        changed=len(pairs),
        lines=_fairly(lines),
    )


def _fairly(lines: list[Line]) -> list[Line]:
    """At most MOST_SHOWN, of each kind as many, in their order."""
    kinds = ("changed", "missing", "extra")
    in_turn = zip_longest(*([line for line in lines if line.kind == kind] for kind in kinds))
    chosen = [line for some in in_turn for line in some if line is not None][:MOST_SHOWN]
    return sorted(chosen, key=lambda line: (kinds.index(line.kind), line.at))


def _pairs(
    values: tuple[list[list[Any]], list[list[Any]]], missing: list[int], extra: list[int]
) -> list[tuple[int, int]]:
    """Missing and extra rows of which at least half the cells agree, the most alike first."""
    alike = []
    for one in missing:
        for other in extra:
            here, there = values[0][one], values[1][other]
            if len(here) != len(there) or len(here) < 2:
                continue
            count = sum(map(_same, here, there))
            if 2 * count >= len(here):
                alike.append((-count, abs(one - other), one, other))
    alike.sort()
    gone: set[int] = set()
    new: set[int] = set()
    pairs = []
    for _, _, one, other in alike:
        if one not in gone and other not in new:
            gone.add(one)
            new.add(other)
            pairs.append((one, other))
    return sorted(pairs)


def _same(one: Any, other: Any) -> bool:
    if one[0] == NUMBER and other[0] == NUMBER:
        return near(one[1], other[1])
    return bool(one == other)


def out_of_place(
    expected: Sequence[Row], actual: Sequence[Row], wanted: list[int], found: list[int]
) -> Difference:
    """The first rows that stand where others should."""
    lines = [
        Line("moved", place + 1, shown(expected[want]), shown(actual[place]))
        for want, place in zip(wanted, found, strict=False)
    ]
    return Difference(moved=len(found), lines=lines[:MOST_SHOWN])


def type_hint(columns: list[str], expected: list[list[Any]], actual: list[list[Any]]) -> str:
    """A sentence about the first column that holds text for numbers, or the reverse."""
    if not expected or not actual:
        return ""
    for place, name in enumerate(columns):
        want, have = column_kinds(expected, place), column_kinds(actual, place)
        if want == {NUMBER} and have == {TEXT}:
            return f" Your column {place + 1} holds text where numbers are expected ({name})."
        if want == {TEXT} and have == {NUMBER}:
            return f" Your column {place + 1} holds numbers where text is expected ({name})."
    return ""
