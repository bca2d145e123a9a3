"""When two results of a query are equal, and what is said when they are not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.scoring.cells import Cell, is_cell, text_of
from mlarena.scoring.differences import MOST_SHOWN
from mlarena.scoring.tables import Comparison, Rule, Table, compare

pytestmark = pytest.mark.pure

LOOSE = Rule(loose_text=True)


def table(rows: list[list[Cell]], *columns: str) -> Table:
    names = list(columns) or [f"c{place}" for place in range(len(rows[0]) if rows else 1)]
    return Table(names, rows)


def judged(
    expected: list[list[Cell]],
    actual: list[list[Cell]],
    rule: Rule | None = None,
    sorted_by: bool = True,
) -> Comparison:
    return compare(table(expected), table(actual), rule or Rule(), sorted_by)


def cells_equal(one: Cell, other: Cell, rule: Rule | None = None) -> bool:
    there = judged([[one]], [[other]], rule).equal
    assert there == judged([[other]], [[one]], rule).equal, "equality has two sides"
    return there


EQUAL = [
    (None, None),
    (3, 3),
    (3, 3.0),
    (3, ["n", "3.00"]),
    (["n", "1.50"], ["n", "1.5"]),
    (["n", "1.50"], 1.5),
    (["n", "-0.0"], 0),
    (-0.0, 0),
    (0.1 + 0.2, 0.3),
    (1e6, 1e6 + 0.5),  # within 1e-6 of the value
    (["n", "3.3333333333333333"], ["n", "3.33333333333333333333"]),
    (["n", "3.3333333333333333"], 10 / 3),
    (True, 1),
    (["f", "nan"], ["f", "nan"]),
    (["f", "inf"], ["n", "Infinity"]),
    (["d", "2012-09-01"], ["ts", "2012-09-01 00:00:00"]),
    (["ts", "2012-09-01 10:00:00.500"], ["ts", "2012-09-01 10:00:00.5"]),
    (["t", "10:00:00.000"], ["t", "10:00:00"]),
    (["i", [0, 1, 0]], ["i", [0, 0, 86_400_000_000]]),
    (["b", "00FF"], ["b", "00ff"]),
    (["l", [1, 2.0]], ["l", [1.0, 2]]),
    (["o", [["a", 1], ["b", 2]]], ["o", [["b", 2], ["a", 1]]]),
    (10**30, 10**30),
    ("", ""),
]
DIFFERENT = [
    (None, 0),
    (None, ""),
    (3, 4),
    (3, "3"),
    (10**17, 10**17 + 1),  # integers are exact, however large
    (["n", "1.50"], ["n", "1.51"]),
    (["n", "1000000.00"], ["n", "1000000.01"]),  # decimals that were not divided are exact too
    (0.3, 0.30001),
    (1e6, 1e6 + 2),
    (["f", "nan"], 0.0),
    (["f", "inf"], ["f", "-inf"]),
    (["d", "2012-09-01"], ["ts", "2012-09-01 00:00:01"]),
    (["d", "2012-09-01"], "2012-09-01"),
    (["i", [0, 1, 0]], ["i", [0, 2, 0]]),
    (["b", "00"], ["b", "01"]),
    (["l", [1, 2]], ["l", [2, 1]]),
    ("a", "A"),
    ("a", "a "),
]


@pytest.mark.parametrize(("one", "other"), EQUAL, ids=repr)
def test_equal_cells(one: Cell, other: Cell) -> None:
    assert cells_equal(one, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=repr)
def test_different_cells(one: Cell, other: Cell) -> None:
    assert not cells_equal(one, other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("3", 3, True),
        ("3.50", 3.5, True),
        ("07", 7, True),
        ("three", 3, False),
        ("4", 3, False),
        ("3", "3.0", False),  # text is text, where the column holds no number
        ("2012-09-01", "2012-09-01 00:00:00", True),
        ("2012-09-01", "2012-09-01 00:00:01", False),
        (None, 0, False),
    ],
)
def test_sqlite_text_is_loose(one: Cell, other: Cell, same: bool) -> None:
    assert cells_equal(one, other, LOOSE) == same
    if same:
        assert not cells_equal(one, other), "on SQLite only"


def test_rows_are_a_multiset() -> None:
    assert judged([[1], [2], [2]], [[2], [1], [2]]).equal
    short = judged([[1], [2], [2]], [[1], [2]])
    assert short.fault == "wrong_rows"
    assert short.difference and short.difference.missing == 1
    assert judged([[1], [2]], [[1], [2], [2]]).fault == "wrong_rows"
    assert judged([[1], [1], [2]], [[1], [2], [2]]).fault == "wrong_rows"
    assert judged([], []).equal


def test_order_counts_only_where_it_is_asked_for() -> None:
    expected, shuffled = [[1], [2], [3]], [[1], [3], [2]]
    assert judged(expected, shuffled).equal
    wrong = judged(expected, shuffled, Rule(ties=[1, 1, 1]))
    assert wrong.fault == "wrong_order"
    assert "from row 2" in wrong.message
    assert judged(expected, expected, Rule(ties=[1, 1, 1])).equal


def test_the_attempt_must_sort_even_when_it_is_lucky() -> None:
    lucky = judged([[1], [2]], [[1], [2]], Rule(ties=[1, 1]), sorted_by=False)
    assert lucky.fault == "wrong_order"
    assert "ORDER BY" in lucky.message
    assert judged([[1]], [[1]], Rule(ties=[1]), sorted_by=False).equal  # nothing to sort
    assert judged([[1], [2]], [[2], [1]], Rule(ties=[2]), sorted_by=False).equal  # all tie


def test_rows_that_tie_come_in_any_order_inside_the_tie() -> None:
    expected = [["a", 1], ["b", 1], ["c", 2]]
    rule = Rule(ties=[2, 1])
    assert judged(expected, [["b", 1], ["a", 1], ["c", 2]], rule).equal
    assert judged(expected, [["b", 1], ["c", 2], ["a", 1]], rule).fault == "wrong_order"


def test_columns_go_by_position() -> None:
    swapped = judged([[1, "x"], [2, "y"]], [["x", 1], ["y", 2]])
    assert swapped.fault == "wrong_columns"
    assert "wrong order" in swapped.message
    assert "c1, c0" in swapped.message
    assert judged([[1, 2]], [[1]]).fault == "wrong_columns"
    wide = compare(table([[1, 2]], "a", "b"), table([[1, 2, 3]]), Rule())
    assert "3 columns; 2 are expected: a, b" in wide.message
    # of the same values, but in other rows: not a matter of columns
    assert judged([[1, 2], [3, 4]], [[2, 3], [4, 1]]).fault == "wrong_rows"


def test_names_count_only_where_they_are_required() -> None:
    one, other = table([[1]], "total"), table([[1]], "sum")
    assert compare(one, other, Rule()).equal
    wrong = compare(one, other, Rule(names=True))
    assert wrong.fault == "wrong_columns"
    assert "total" in wrong.message
    assert "sum" in wrong.message
    assert compare(one, table([[1]], "TOTAL"), Rule(names=True)).equal


def test_the_difference_counts_all_and_shows_fifty() -> None:
    found = judged([[n, n] for n in range(300)], [[n, -1] for n in range(100, 500)])
    difference = found.difference
    assert difference
    assert difference.missing + difference.changed == 300
    assert difference.extra + difference.changed == 400
    assert len(difference.lines) == MOST_SHOWN
    assert {line.kind for line in difference.lines} == {"missing", "extra", "changed"}
    changed = next(line for line in difference.lines if line.kind == "changed")
    assert changed.cells == [1]


def test_wrong_cells_are_marked() -> None:
    found = judged([["a", 1, 2], ["b", 3, 4]], [["b", 3, 5], ["a", 1, 2]])
    assert found.difference
    line = found.difference.lines[0].__dict__
    assert line == {
        **{"kind": "changed", "at": 2, "cells": [2]},
        **{"expected": ["b", "3", "4"], "actual": ["b", "3", "5"]},
    }
    assert "1 row with wrong values" in found.message


def test_a_hint_when_text_stands_for_numbers() -> None:
    assert "holds text where numbers are expected" in judged([[1], [2]], [["1"], ["2"]]).message


def test_a_cut_result_is_wrong_and_says_so() -> None:
    cut = compare(table([[1]]), Table(["c0"], [[1]] * 10, more=True), Rule())
    assert cut.fault == "wrong_rows"
    assert "more than 10 rows" in cut.message


def test_rounded_numbers_do_not_confuse_the_pairing() -> None:
    tiny = 1e-10
    expected = [[0.3 + tiny, 5.0], [0.3, 7.0], [0.3 - tiny, 9.0]]
    actual = [[0.3, 5.0], [0.3 + tiny, 7.0], [0.3, 9.0]]
    assert judged(expected, actual).equal
    assert not judged(expected, [[0.3, 5.0], [0.3, 7.0], [0.3, 9.1]]).equal


def test_many_rows_of_one_rounded_value_are_not_compared_pair_by_pair() -> None:
    expected: list[list[Cell]] = [[0.1, 0.2]] * 30_000
    assert judged(expected, [[0.1, 0.2]] * 29_000).difference.missing == 1000  # type: ignore[union-attr]


CELLS = st.one_of(
    st.none(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=4),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda n: ["n", str(n)]),
    st.dates().map(lambda day: ["d", day.isoformat()]),
)
RESULTS = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=12)
)


@settings(max_examples=150)
@given(RESULTS, st.randoms(use_true_random=False), st.booleans())
def test_any_result_equals_itself_shuffled(
    rows: list[list[Cell]], chance: random.Random, loose: bool
) -> None:
    assert all(is_cell(cell) for row in rows for cell in row)
    shuffled = rows[:]
    chance.shuffle(shuffled)
    assert judged(rows, shuffled, Rule(loose_text=loose)).equal


@settings(max_examples=100)
@given(RESULTS)
def test_a_lost_or_doubled_row_is_always_seen(rows: list[list[Cell]]) -> None:
    if rows:
        assert compare(table(rows), Table(table(rows).columns, rows[1:]), Rule()).fault
        assert compare(table(rows), table([*rows, rows[0]]), Rule()).fault


@pytest.mark.parametrize(
    "bad",
    [
        float("nan"),
        float("inf"),
        ["n", "one"],
        ["b", "zz"],
        ["f", "1"],
        ["q", "1"],
        ["i", [1, 2]],
        ["i", [1, 2, "3"]],
        ["l", 1],
        ["o", [[1]]],
        ["d", 5],
        {"a": 1},
        [1, 2, 3],
    ],
    ids=repr,
)
def test_a_forged_cell_is_none(bad: Cell) -> None:
    assert not is_cell(bad)
    assert not is_cell(["l", [bad]])


def test_nesting_has_an_end() -> None:
    deep: Cell = 1
    for _ in range(40):
        deep = ["l", [deep]]
    assert not is_cell(deep)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, None),
        (True, "true"),
        (1.5, "1.5"),
        (["n", "1.50"], "1.50"),
        (["d", "2012-09-01"], "2012-09-01"),
        (["i", [14, 1, 3_600_500_000]], "14 months 1 day 01:00:00.5"),
        (["i", [0, 0, 0]], "00:00:00"),
        (["b", "00ff"], "x'00ff'"),
        (["l", [1, None, "x"]], "[1, NULL, x]"),
        (["o", [["a", 1]]], "{a: 1}"),
        ("a\0b\tc", "a\u2400b\tc"),
        ("naïve 日本 👩\u200d🔬", "naïve 日本 👩\u200d🔬"),
        ("safe\u202eelif", "safe\ufffdelif"),
    ],
    ids=repr,
)
def test_cells_as_text(cell: Cell, text: str | None) -> None:
    assert text_of(cell) == text
