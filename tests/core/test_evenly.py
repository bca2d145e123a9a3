"""Some of many, chosen evenly."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.core.evenly import evenly

pytestmark = pytest.mark.pure


@given(st.integers(0, 500), st.integers(2, 60))
def test_both_ends_are_there_and_what_is_left_out_is_left_out_evenly(size: int, most: int) -> None:
    found = evenly(range(size), most)
    assert len(found) == min(size, most)
    assert found[:1] == [0][:size] and found[-1:] == [size - 1][:size]
    gaps = [after - before for before, after in pairwise(found)]
    assert not gaps or (min(gaps) >= 1 and max(gaps) - min(gaps) <= 1)
