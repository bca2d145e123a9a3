"""The board of all XP by learning level: a stretch of it, with the board's own ranks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.boards import divisions, index, mirror
from mlarena.boards import service as boards
from mlarena.core.db import db
from mlarena.core.errors import NotFound

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, int]]:
    told = [(3, "Third", 300), (1, "First", 0), (2, "Second", 100), (4, "Third too", 300)]
    monkeypatch.setattr(divisions, "_levels", lambda: told)
    return told


def test_levels_that_open_together_are_one(levels: Any) -> None:
    found = [(one.id, one.least, one.limit) for one in boards.divisions()]
    assert found == [(1, 0, 100), (2, 100, 300), (3, 300, None)]
    assert boards.division(4) == boards.division(3)
    with pytest.raises(NotFound):
        boards.division(5)


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from([1, 99, 100, 101, 299, 300, 301, 5000]), max_size=15),
    st.integers(1, 4),
)
def test_its_pages_are_the_people_of_that_level_with_the_ranks_of_all(
    people: Any, levels: Any, monkeypatch: pytest.MonkeyPatch, totals: list[int], per_page: int
) -> None:
    from mlarena.accounts.models import User

    db.session.execute(db.delete(User))
    crowd = people(15)
    for person, xp in zip(crowd, totals, strict=False):
        boards.add("global", person.id, xp, AT)
    db.session.commit()
    mirror.redis_client().flushdb()
    for source in ("database", "redis"):
        if source == "redis" and totals:
            assert index.rebuild("global")
        whole = boards.page("global", 1, 100).rows
        for one in boards.divisions():
            inside = [
                row
                for row in whole
                if row.score >= one.least and (one.limit is None or row.score < one.limit)
            ]
            shown: list[Any] = []
            number = 1
            while page := boards.page("global", number, per_page, within=one):
                assert page.total == len(inside)
                if not page.rows:
                    break
                shown += page.rows
                number += 1
            assert shown == inside


def test_my_own_row_is_told_when_i_am_on_another_level(people: Any, levels: Any) -> None:
    ada, bob = people(2)
    boards.add("global", ada.id, 500, AT)
    boards.add("global", bob.id, 50, AT)
    db.session.commit()
    page = boards.page("global", 1, 10, viewer=bob, within=boards.division(3))
    assert [row.user_id for row in page.rows] == [ada.id]
    assert page.me is not None and page.me.rank == 2
    assert page.me_elsewhere
