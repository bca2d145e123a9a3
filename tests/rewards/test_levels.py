from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.core.db import db
from mlarena.rewards.levels import (
    highest_open,
    level_path,
    level_starts_at,
    opened_between,
    user_level,
)
from mlarena.rewards.models import Level

xps = st.integers(0, 10**15)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("xp", "level", "into", "needed"),
    [(0, 1, 0, 100), (99, 1, 99, 100), (100, 2, 0, 200), (299, 2, 199, 200), (1500, 6, 0, 600)],
)
def test_user_level(xp: int, level: int, into: int, needed: int) -> None:
    found = user_level(xp)
    assert (found.level, found.into, found.needed) == (level, into, needed)


@pytest.mark.pure
@given(xps)
def test_xp_lies_between_its_level_and_the_next(xp: int) -> None:
    found = user_level(xp)
    assert level_starts_at(found.level) + found.into == xp
    assert level_starts_at(found.level) + found.needed == level_starts_at(found.level + 1)
    assert 0 <= found.into < found.needed


@pytest.mark.pure
@given(xps, xps)
def test_more_xp_is_never_a_lower_level(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert user_level(less).level <= user_level(more).level


@pytest.mark.pure
@given(st.integers(1, 10**6))
def test_a_level_begins_exactly_where_it_says(level: int) -> None:
    assert user_level(level_starts_at(level)).level == level
    if level > 1:
        assert user_level(level_starts_at(level) - 1).level == level - 1


@pytest.mark.pure
def test_less_than_no_xp_counts_as_none() -> None:
    assert user_level(-5) == user_level(0)


def test_learning_levels_open_when_their_xp_is_reached(app: Any) -> None:
    db.session.add_all(
        Level(slug=f"l{order}", order=order, name=f"L{order}", required_xp=xp)
        for order, xp in ((3, 500), (1, 0), (2, 100))
    )
    db.session.commit()
    assert [(row["order"], row["open"]) for row in level_path(100)] == [
        (1, True),
        (2, True),
        (3, False),
    ]
    assert [level.order for level in opened_between(0, 500)] == [2, 3]
    assert opened_between(100, 499) == []
    assert [highest_open(xp) for xp in (0, 99, 100, 499, 500)] == [1, 1, 2, 2, 3]
