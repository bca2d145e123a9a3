"""Boards where equals share a rank: on every page, for every reader, with and without the index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mlarena.boards import index, names, ranks, service
from mlarena.core.clock import utcnow
from mlarena.core.db import db

BOARD = "contest:1"
# (sort key, how many have it)
KEYS = ((1.0, 1), (2.0, 3), (5.0, 2), (9.0, 1))


def listed(*keys: float | None) -> list[Any]:
    """Standings; None is a house row."""
    return [SimpleNamespace(user_id=None if k is None else 7, sort_key=k or 0.0) for k in keys]


@pytest.mark.pure
def test_equals_share_the_rank_of_the_first_of_them() -> None:
    assert list(ranks.shared(listed(1, 2, 2, 4))) == [1, 2, 2, 4]
    assert list(ranks.shared(listed(1, None, 1, 3))) == [1, None, 1, 3]
    assert list(ranks.one_each(listed(1, None, 1, 3))) == [1, None, 2, 3]
    assert list(ranks.shared([])) == []


@pytest.fixture
def contest() -> Iterator[None]:
    """Boards `contest:ID` exist, and share ranks."""
    service.register_board(
        "contest",
        visible=lambda *_: True,
        title=lambda _: "A contest",
        aim=lambda _: names.Aim("Cost", "lower", by_score=False),
        shares_ranks=lambda _: True,
    )
    yield
    del names._kinds["contest"]


@pytest.fixture
def people(make_user: Any, contest: None) -> list[Any]:
    """Seven on the board; their scores differ also where their keys do not."""
    found, at = [], utcnow()
    for key, many in KEYS:
        for _ in range(many):
            at += timedelta(seconds=1)
            user = make_user(f"user{len(found)}")
            service.record(BOARD, user.id, key + len(found) / 100, "lower", at, sort_key=key)
            found.append(user)
    service.place_house(BOARD, "The reference", 1.5, "lower", at, sort_key=2.0)
    db.session.commit()
    return found


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("per_page", [1, 2, 3, 10])
def test_ranks_are_the_same_however_the_board_is_cut(
    people: list[Any], indexed: bool, per_page: int
) -> None:
    if indexed:
        index.rebuild(BOARD)
    shown = [row for number in range(1, 9) for row in service.page(BOARD, number, per_page).rows]
    assert [row.rank for row in shown if not row.house] == [1, 2, 2, 2, 5, 5, 7]
    assert [row.rank for row in shown if row.house] == [None]


@pytest.mark.parametrize("indexed", [True, False])
def test_ones_own_rank_is_the_shared_one(people: list[Any], indexed: bool) -> None:
    if indexed:
        index.rebuild(BOARD)
    own = [service.page(BOARD, 1, 1, user).me for user in people]
    assert [row.rank if row else None for row in own] == [1, 2, 2, 2, 5, 5, 7]
    assert [service.rank(BOARD, user.id) for user in people] == [1, 2, 2, 2, 5, 5, 7]
    around = service.around(BOARD, people[5].id, 1)
    assert [row.rank for row in around] == [5, 5, 7]


def test_who_hides_counts_for_nobody(people: list[Any]) -> None:
    people[0].listed = False
    service.set_listed(people[0].id, False)
    db.session.commit()
    shown = [row for number in range(1, 5) for row in service.page(BOARD, number, 2).rows]
    assert [row.rank for row in shown if not row.house] == [1, 1, 1, 4, 4, 6]


def test_a_replay_shares_ranks_too(people: list[Any]) -> None:
    shown = service.replayed(BOARD, utcnow() + timedelta(days=1)).rows
    assert [row.rank for row in shown if not row.house] == [1, 2, 2, 2, 5, 5, 7]


def test_such_a_board_has_no_spread_of_scores(people: list[Any]) -> None:
    assert service.spread(BOARD) is None
