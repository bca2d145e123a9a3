"""Folds: even, whole, the same each time, and every class in each of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.scoring.folds import deal

pytestmark = pytest.mark.pure


@given(st.integers(2, 300), st.integers(2, 10), st.integers(1, 6))
def test_folds_are_even_and_so_is_each_class_in_them(rows: int, count: int, kinds: int) -> None:
    count = min(count, rows)
    classes = np.random.default_rng(rows).integers(0, kinds, rows)
    for labels in (None, classes):
        folds = deal(rows, count, labels)
        sizes = np.bincount(folds, minlength=count)
        assert len(folds) == rows
        assert sizes.max() - sizes.min() <= 1
        assert np.array_equal(folds, deal(rows, count, labels))
    for kind in range(kinds):
        spread = np.bincount(deal(rows, count, classes)[classes == kind], minlength=count)
        assert spread.max() - spread.min() <= 1


def test_rows_are_shuffled() -> None:
    """Data sets often come sorted: neighbours must not share a fold."""
    folds = deal(1000, 5)
    assert 100 < (folds[1:] == folds[:-1]).sum() < 300


def test_labels_may_be_text_with_gaps() -> None:
    labels = np.array(["yes", "no", None, "yes"] * 10, dtype=object)
    assert np.bincount(deal(40, 5, labels)[labels == "yes"]).tolist() == [4] * 5


@pytest.mark.parametrize(("rows", "count"), [(1, 2), (3, 5), (10, 1), (1000, 256)])
def test_what_cannot_be_dealt(rows: int, count: int) -> None:
    with pytest.raises(ValueError, match="cannot be dealt"):
        deal(rows, count)
