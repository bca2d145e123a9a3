"""When two JSON values are the same answer, and where they differ."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.scoring.values import COMPARISONS, difference, same

pytestmark = pytest.mark.pure

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda of: st.lists(of, max_size=4) | st.dictionaries(st.text(max_size=3), of, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("expected", "actual", "comparison", "equal"),
    [
        (1, 1.0, "exact", True),
        (1, True, "exact", False),
        (0, False, "float", False),
        (0.3, 0.1 + 0.2, "exact", False),
        (0.3, 0.1 + 0.2, "float", True),
        (0.0, 1e-12, "float", True),
        (0.0, 1e-6, "float", False),
        (1000.0, 1000.0005, "float", True),
        (1000.0, 1000.1, "float", False),
        (10**20, 10**20 + 1, "float", False),
        (0.5, 10**400, "float", False),
        ("a", "A", "float", False),
        (None, 0, "float", False),
        ([1, 2], [2, 1], "float", False),
        ([1, 2], [2, 1], "unordered", True),
        ([1, 1, 2], [1, 2, 2], "unordered", False),
        ([0.1, 0.2], [0.2 + 1e-12, 0.1], "unordered", True),
        ([[2, 1]], [[1, 2]], "unordered", False),
        ([1, [2], None, "x"], ["x", None, [2], 1], "unordered", True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "exact", True),
        ({"a": 1}, {"a": 1, "b": 2}, "exact", False),
        ({"a": [0.3]}, {"a": [0.1 + 0.2]}, "float", True),
    ],
)
def test_what_is_the_same(expected: Any, actual: Any, comparison: Any, equal: bool) -> None:
    assert same(expected, actual, comparison) is equal


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        ([1, [2, 3]], [1, [2, 4]], "At [1][1]: 3 was expected, 4 came."),
        ([1, 2], [1], "2 items were expected, 1 came."),
        ({"a": {"b": 1}}, {"a": {}}, "At ['a']: the key 'b' is missing."),
        ({}, {"z": 1}, "The key 'z' is too much."),
        (3, "3", "The number 3 was expected, text came."),
        (None, [], "None was expected, a list came."),
        (1, 10**100, "1 was expected, a number of more than 60 digits came."),
    ],
)
def test_the_first_difference_is_told(expected: Any, actual: Any, words: str) -> None:
    assert difference(expected, actual, "float") == words


def test_a_missing_item_of_an_unordered_list_is_named() -> None:
    told = difference([1, 2, 3], [3, 1, 1], "unordered")
    assert told == "2 was expected somewhere, and is not there."


@given(JSON, st.sampled_from(COMPARISONS))
def test_everything_is_the_same_as_itself(value: Any, comparison: Any) -> None:
    assert same(value, value, comparison)


@given(st.lists(JSON, max_size=6), st.randoms())
def test_the_order_of_an_unordered_list_never_counts(values: list[Any], chance: Any) -> None:
    shuffled = values.copy()
    chance.shuffle(shuffled)
    assert same(values, shuffled, "unordered")


@given(JSON, JSON, st.sampled_from(COMPARISONS))
def test_two_values_never_break_the_comparison(one: Any, other: Any, comparison: Any) -> None:
    assert same(one, other, comparison) == same(other, one, comparison)
