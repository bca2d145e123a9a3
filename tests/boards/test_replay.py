"""A board as it stood: the same as if nothing after that time had ever been entered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.accounts import service as accounts
from mlarena.boards import moments
from mlarena.boards import service as boards
from mlarena.boards.models import BoardMoment
from mlarena.core.clock import freeze
from mlarena.core.db import db

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
numbers = count(1)


@pytest.fixture
def crowd(people: Any) -> list[Any]:
    found: list[Any] = people(6)
    return found


def play(board: str, entries: list[tuple[int, float]], direction: str = "higher") -> None:
    """Enter (user id, score) one a minute from AT."""
    for minute, (user_id, score) in enumerate(entries):
        at = AT + timedelta(minutes=minute)
        with freeze(at):
            boards.record(board, user_id, score, direction, at)
    db.session.commit()


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3)), max_size=25),
    st.sampled_from(["higher", "lower"]),
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(0, 30),
)
def test_it_is_what_python_makes_of_the_entries_up_to_then(
    crowd: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    entries: list[tuple[int, int]],
    direction: str,
    shown: int,
    spare: int,
    minute: int,
) -> None:
    monkeypatch.setattr(moments, "SHOWN", shown)
    monkeypatch.setattr(moments, "KEPT", shown + spare - 1)
    board = f"quest:{next(numbers)}"
    play(board, [(crowd[who].id, score / 10) for who, score in entries], direction)
    sign = 1 if direction == "lower" else -1
    best: dict[int, tuple[float, int]] = {}
    for at, (who, score) in enumerate(entries[: minute + 1]):
        row = (sign * score / 10, at)
        best[who] = min(row, best.get(who, row))
    expected = sorted((key, at, crowd[who].id) for who, (key, at) in best.items())[:shown]
    found = boards.replayed(board, AT + timedelta(minutes=minute))
    assert [(row.user_id, row.score * sign + 0.0) for row in found.rows] == [
        (who, key + 0.0) for key, _, who in expected
    ]
    assert [row.rank for row in found.rows] == list(range(1, len(expected) + 1))


def test_only_what_enters_the_first_rows_is_kept(
    crowd: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "KEPT", 2)
    play("quest:1", [(person.id, 1 - place / 10) for place, person in enumerate(crowd)])
    kept = db.session.scalars(db.select(BoardMoment.user_id)).all()
    assert kept == [crowd[0].id, crowd[1].id]


def test_stops_are_few_and_hold_both_ends(
    crowd: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    play("quest:1", [(crowd[0].id, number / 100) for number in range(60)])
    found = boards.stops("quest:1")
    assert len(found) == moments.MOST_STOPS
    assert (found[0], found[-1]) == (AT, AT + timedelta(minutes=59))
    assert found == sorted(set(found))
    monkeypatch.setattr(moments, "MOST_MOMENTS", 10)
    assert boards.stops("quest:1")[0] == AT + timedelta(minutes=50)
    assert boards.stops("quest:2") == []


def test_who_hides_was_never_there_and_who_comes_back_was(make_user: Any) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    play("quest:1", [(ada.id, 0.9), (bob.id, 0.8)])

    def names() -> list[tuple[int | None, str]]:
        rows = boards.replayed("quest:1", AT + timedelta(hours=1)).rows
        return [(row.rank, row.username) for row in rows]

    accounts.update_profile(ada, listed=False)
    assert names() == [(1, "bob")]
    assert boards.stops("quest:1") == [AT + timedelta(minutes=1)]
    accounts.update_profile(ada, listed=True)
    assert names() == [(1, "ada"), (2, "bob")]
    accounts.delete_account(bob, "correct horse battery")
    assert names() == [(1, "ada")]


def test_the_house_stands_among_them_unranked(crowd: list[Any]) -> None:
    play("quest:1", [(crowd[0].id, 0.9), (crowd[1].id, 0.5)])
    boards.place_house("quest:1", "linear model", 0.7, "higher", AT)
    db.session.commit()
    first = boards.replayed("quest:1", AT, viewer=crowd[0])
    assert [(row.rank, row.username) for row in first.rows] == [(1, "p1"), (None, "linear model")]
    assert first.me is not None and first.me.rank == 1
    later = boards.replayed("quest:1", AT + timedelta(hours=1))
    assert [row.rank for row in later.rows] == [1, None, 2]
