"""One order, told three ways: sorted by Python, by the database, and by Redis."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.accounts.models import User
from mlarena.boards import index, mirror, standings
from mlarena.boards import service as boards
from mlarena.boards.entries import COLUMNS, Change
from mlarena.boards.models import BoardEntry
from mlarena.core.db import db

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
slow = settings(max_examples=30)

# Few values, so that there are ties; and the numbers that doubles are bad at.
scores = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 0.1, 0.2, 0.1 + 0.2, 0.3, 1e308, -1e308, 5e-324, 1 / 3]),
    st.floats(allow_nan=False, allow_infinity=False),
)
times = st.sampled_from([0, 1, 2, 10**6, 10**15, 10**17]).map(
    lambda us: EPOCH + timedelta(microseconds=us)
)
# (score, when, who: a person, a hidden one, or the house)
rows = st.lists(
    st.tuples(scores, times, st.sampled_from(["person", "person", "person", "hidden", "house"])),
    max_size=25,
)
board_numbers = count(1)


@pytest.fixture
def crowd(people: Any) -> list[User]:
    found: list[User] = people(25)
    return found


def fill(crowd: list[User], wanted: list[tuple[float, datetime, str]]) -> str:
    """A new board with these rows; its name."""
    board = f"quest:{next(board_numbers)}"
    for number, (score, at, who) in enumerate(wanted):
        house = who == "house"
        db.session.add(
            BoardEntry(
                board=board,
                user_id=None if house else crowd[number].id,
                label=f"house {number}" if house else None,
                score=score,
                sort_key=-score + 0.0,
                reached_at=at,
                version=1,
                hidden=who == "hidden",
            )
        )
    db.session.commit()
    return board


def changes(board: str) -> list[Change]:
    found = db.session.execute(db.select(*COLUMNS).where(BoardEntry.board == board))
    return [Change(*row) for row in found]


def expected(board: str) -> list[BoardEntry]:
    shown = db.select(BoardEntry).where(BoardEntry.board == board, BoardEntry.hidden.is_(False))
    found = db.session.scalars(shown).all()
    return sorted(found, key=lambda row: (-row.score, row.reached_at, row.id))


@pytest.fixture(params=["database", "redis"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Read from one of the two; the other one must not be asked."""

    def forbidden(*arguments: Any) -> Any:
        raise AssertionError("asked the wrong one")

    if request.param == "redis":
        monkeypatch.setattr(standings, "stretch", forbidden)
        monkeypatch.setattr(standings, "around", forbidden)
    else:
        monkeypatch.setattr(mirror, "stretch", lambda *arguments: None)
        monkeypatch.setattr(mirror, "around", lambda *arguments: None)
    yield request.param


@slow
@given(rows, st.integers(1, 7))
def test_pages_put_together_are_the_order_of_python(
    crowd: list[User], source: str, wanted: list[tuple[float, datetime, str]], per_page: int
) -> None:
    board = fill(crowd, wanted)
    if source == "redis":
        assert index.rebuild(board)
    order = expected(board)
    shown, number = [], 0
    while True:
        number += 1
        page = boards.page(board, number, per_page)
        assert page.total == len(order)
        if not page.rows:
            break
        assert len(page.rows) <= per_page
        shown += page.rows
    assert [(row.user_id, row.username if row.house else None) for row in shown] == [
        (row.user_id, row.label) for row in order
    ]
    people_only = [row.rank for row in shown if not row.house]
    assert people_only == list(range(1, len(people_only) + 1))
    assert all(row.rank is None for row in shown if row.house)


@slow
@given(rows, st.integers(0, 4))
def test_rank_page_and_around_agree(
    crowd: list[User], source: str, wanted: list[tuple[float, datetime, str]], n: int
) -> None:
    board = fill(crowd, wanted)
    if source == "redis":
        index.rebuild(board)
    whole = boards.page(board, 1, 100).rows
    places = {row.user_id: place for place, row in enumerate(whole) if not row.house}
    for someone in crowd[::3]:
        place = places.get(someone.id)
        own = boards.page(board, 3, 2, viewer=someone).me
        if place is None:
            assert boards.rank(board, someone.id) is None
            assert (own, boards.standing(board, someone.id)) == (None, None)
            assert boards.around(board, someone.id, n) == ()
        else:
            assert boards.rank(board, someone.id) == whole[place].rank
            assert own == boards.standing(board, someone.id) == whole[place]
            near = whole[max(0, place - n) : place + n + 1]
            assert boards.around(board, someone.id, n) == near


@slow
@given(rows, st.randoms(use_true_random=False))
def test_applied_one_by_one_in_any_order_or_rebuilt_it_is_the_same(
    crowd: list[User], wanted: list[tuple[float, datetime, str]], random: Any
) -> None:
    board = fill(crowd, wanted)
    index.rebuild(board)
    rebuilt = dump(board)
    mirror.redis_client().flushdb()
    mixed = changes(board) * 2
    random.shuffle(mixed)
    for change in mixed:
        index.apply([change])
    assert dump(board) == rebuilt


@slow
@given(
    st.lists(st.tuples(scores, times, st.booleans()), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_a_late_update_never_wins(
    crowd: list[User], history: list[tuple[float, datetime, bool]], random: Any
) -> None:
    """The versions of one row, told in any order and more than once, end in the newest."""
    board = fill(crowd, [(0.0, EPOCH, "person"), (0.0, EPOCH, "person")])
    index.rebuild(board)
    first = next(c for c in changes(board) if c.user_id == crowd[0].id)
    told = [
        replace(first, sort_key=-score + 0.0, reached_at=at, hidden=hidden, version=version)
        for version, (score, at, hidden) in enumerate(history, 2)
    ]
    mixed = told + random.choices(told, k=3)
    random.shuffle(mixed)
    for change in mixed:
        index.apply([change])
    # What the index must say now, had only the newest been told.
    after = dump(board)
    mirror.redis_client().flushdb()
    others = [c for c in changes(board) if c.user_id != crowd[0].id]
    index.apply([*others, told[-1]])
    assert dump(board)[0] == after[0]
    assert dump(board)[1] == after[1]


def dump(board: str) -> tuple[Any, ...]:
    """What the index holds of a board, without the marks of how it came to be."""
    client = mirror.redis_client()
    keys = [f"{mirror.PREFIX}:{board}:{part}" for part in ("order", "rows", "houses")]
    size = int(client.hget(f"{mirror.PREFIX}:{board}:state", "count") or 0)
    order = client.zrange(keys[0], 0, -1, withscores=True)
    assert size == len(order)
    return order, client.hgetall(keys[1]), client.zrange(keys[2], 0, -1, withscores=True)


@pytest.mark.pure
@given(
    st.lists(st.tuples(st.integers(1, 2**31 - 1), st.datetimes(timezones=st.just(UTC))), min_size=2)
)
def test_members_sort_as_time_and_then_id(wanted: list[tuple[int, datetime]]) -> None:
    in_order = sorted(wanted, key=lambda row: (row[1], row[0]))
    by_bytes = sorted(wanted, key=lambda row: mirror.member_of(*row).encode())
    assert by_bytes == in_order


@pytest.mark.pure
@given(st.lists(st.booleans()), st.data())
def test_ranks_skip_the_house(houses: list[bool], data: st.DataObject) -> None:
    positions = [place for place, house in enumerate(houses) if house]
    found = standings.Stretch(len(houses), 0, (), tuple(positions))
    for place, house in enumerate(houses):
        if not house:
            assert found.rank_at(place) == place + 1 - bisect_right(positions, place)
