"""Whether two results of a query are equal, and what to say when they are not.

The rules: columns by position; rows as a multiset, in order only where the order is asked for, and
then rows that tie on its keys in any order; cells as in mlarena.scoring.cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mlarena.scoring import differences, matching
from mlarena.scoring.cells import Row
from mlarena.scoring.differences import Difference

Fault = Literal["wrong_rows", "wrong_order", "wrong_columns"]
MOST_PERMUTED = 300_000  # cells looked at to find that columns are swapped


@dataclass(frozen=True)
class Table:
    """A result: names of its columns, and its rows as cells. `more`: it was cut, there are more."""

    columns: list[str]
    rows: list[Row]
    more: bool = False


@dataclass(frozen=True)
class Rule:
    """What counts for one case.

    ties: None when order does not count; otherwise the sizes of consecutive groups of rows that
        tie on the order's keys (all 1 when none tie).
    names: column names must be the expected ones.
    loose_text: see mlarena.scoring.matching.prepared.
    """

    ties: Sequence[int] | None = None
    names: bool = False
    loose_text: bool = False


@dataclass(frozen=True)
class Comparison:
    """`fault` is None when the results are equal. `message` is about data: for visible cases only."""

    fault: Fault | None = None
    message: str = ""
    difference: Difference | None = None
    columns: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return self.fault is None


def compare(expected: Table, actual: Table, rule: Rule, sorted_by: bool = True) -> Comparison:
    """`actual` against `expected`. `sorted_by`: the query that gave `actual` sorts its result."""
    if len(expected.columns) != len(actual.columns):
        return Comparison("wrong_columns", _wrong_width(expected, actual))
    if rule.names:
        wrong = _wrong_names(expected.columns, actual.columns)
        if wrong:
            return Comparison("wrong_columns", wrong)
    must_sort = rule.ties is not None and len(rule.ties) > 1
    if expected.rows == actual.rows and not actual.more and (sorted_by or not must_sort):
        return Comparison()
    ours, theirs, here, there = matching.prepared(expected.rows, actual.rows, rule.loose_text)
    missing, extra = matching.unmatched(ours, theirs)
    if missing or extra or actual.more:
        return _wrong_rows(expected, actual, rule, (here, there), (missing, extra))
    if not must_sort or rule.ties is None:
        return Comparison()
    if not sorted_by:
        return Comparison(
            "wrong_order",
            "The rows are right, but their order is left to chance. The result has to be sorted: "
            "end your query with an ORDER BY.",
        )
    return _compare_order(expected, actual, ours, theirs, rule.ties)


def _wrong_width(expected: Table, actual: Table) -> str:
    have, want = len(actual.columns), len(expected.columns)
    return (
        f"Your result has {_count(have, 'column')}; {want} {'is' if want == 1 else 'are'} expected: "
        f"{', '.join(expected.columns)}."
    )


def _wrong_names(expected: list[str], actual: list[str]) -> str:
    for number, (want, have) in enumerate(zip(expected, actual, strict=True), 1):
        if want.casefold() != have.casefold():
            return f"Column {number} must be called {want}; yours is called {have}."
    return ""


def _wrong_rows(
    expected: Table,
    actual: Table,
    rule: Rule,
    values: tuple[list[list[Any]], list[list[Any]]],
    left: tuple[list[int], list[int]],
) -> Comparison:
    order = None if actual.more else _permutation(expected, actual, rule, values)
    if order is not None:
        named = ", ".join(expected.columns)
        yours = ", ".join(actual.columns[place] for place in order)
        return Comparison(
            "wrong_columns",
            "The values are right, but the columns are in the wrong order. Expected: "
            f"{named}. In your query they would be in this order: {yours}.",
        )
    difference = differences.find(expected.rows, actual.rows, values, left)
    return Comparison("wrong_rows", _words(difference, expected, actual, values), difference)


def _words(
    difference: Difference,
    expected: Table,
    actual: Table,
    values: tuple[list[list[Any]], list[list[Any]]],
) -> str:
    if actual.more:
        return (
            f"Your query returns more than {len(actual.rows):,} rows; {len(expected.rows):,} "
            f"{'is' if len(expected.rows) == 1 else 'are'} expected."
        )
    parts = []
    if difference.missing:
        parts.append(f"{_count(difference.missing, 'row')} missing")
    if difference.extra:
        parts.append(f"{_count(difference.extra, 'row')} too many")
    if difference.changed:
        parts.append(f"{_count(difference.changed, 'row')} with wrong values")
    told = f"Not the expected rows: {', '.join(parts)}."
    return told + differences.type_hint(expected.columns, *values)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _permutation(
    expected: Table,
    actual: Table,
    rule: Rule,
    values: tuple[list[list[Any]], list[list[Any]]],
) -> list[int] | None:
    """For each expected column the place of the actual column to take, if that makes them equal."""
    width = len(expected.columns)
    if width < 2 or len(expected.rows) != len(actual.rows):
        return None
    if width**2 * len(actual.rows) > MOST_PERMUTED:
        return None
    likes = []
    for column in range(width):
        wanted = [[row[column]] for row in expected.rows]
        likes.append([place for place in range(width) if _same_column(wanted, actual, place, rule)])
        if not likes[-1]:
            return None
    return _arrange(expected, actual, rule, likes)


def _same_column(wanted: list[Row], actual: Table, place: int, rule: Rule) -> bool:
    ours, theirs, _, _ = matching.prepared(
        wanted, [[row[place]] for row in actual.rows], rule.loose_text
    )
    return matching.unmatched(ours, theirs) == ([], [])


def _arrange(
    expected: Table, actual: Table, rule: Rule, likes: list[list[int]], tries: int = 60
) -> list[int] | None:
    """Try the arrangements that every column by itself allows, `tries` of them at most."""
    budget = [tries]

    def extend(chosen: list[int]) -> list[int] | None:
        if len(chosen) == len(likes):
            budget[0] -= 1
            rows = [[row[place] for place in chosen] for row in actual.rows]
            ours, theirs, _, _ = matching.prepared(expected.rows, rows, rule.loose_text)
            return chosen if matching.unmatched(ours, theirs) == ([], []) else None
        for place in likes[len(chosen)]:
            if place not in chosen and budget[0] > 0:
                found = extend([*chosen, place])
                if found:
                    return found
        return None

    return extend([])


def _compare_order(
    expected: Table,
    actual: Table,
    ours: matching.Rows,
    theirs: matching.Rows,
    ties: Sequence[int],
) -> Comparison:
    """The same rows: now group after group of rows that tie."""
    start = 0
    for size in ties:
        group = range(start, start + size)
        left, wrong = matching.unmatched(ours, theirs, group, group)
        if wrong:
            difference = differences.out_of_place(expected.rows, actual.rows, left, wrong)
            return Comparison(
                "wrong_order",
                f"The rows are right, but not in the expected order, from row {wrong[0] + 1:,} on.",
                difference,
            )
        start += size
    return Comparison()
