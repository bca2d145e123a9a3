"""How scores are spread: counted by Python, by the database and by Redis, it is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.boards import index, mirror, spread, standings
from mlarena.boards import service as boards
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import Aim
from mlarena.boards.spread import Spread, frame
from mlarena.core.db import db

AT = datetime(2026, 3, 1, tzinfo=UTC)
numbers = count(1)
slow = settings(max_examples=40)
scores = st.one_of(
    st.sampled_from([0.0, 1.0, 0.1, 0.2, 0.1 + 0.2, 0.3, 1e308, -1e308, 5e-324, 1 / 3, 100.0]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(0, 1),
)


@pytest.fixture
def crowd(people: Any) -> list[Any]:
    found: list[Any] = people(20)
    return found


def fill(crowd: list[Any], wanted: list[tuple[float, str]], direction: str) -> str:
    board = f"quest:{next(numbers)}"
    sign = 1 if direction == "lower" else -1
    for number, (score, who) in enumerate(wanted):
        house = who == "house"
        db.session.add(
            BoardEntry(
                board=board,
                user_id=None if house else crowd[number].id,
                label=f"house {number}" if house else None,
                score=score,
                sort_key=sign * score + 0.0,
                reached_at=AT,
                version=1,
                hidden=who == "hidden",
            )
        )
    db.session.commit()
    return board


@slow
@given(
    st.lists(
        st.tuples(scores, st.sampled_from(["person", "person", "person", "hidden", "house"])),
        max_size=20,
    ),
    st.sampled_from(["higher", "lower"]),
    st.one_of(st.none(), st.floats(-2, 2)),
)
def test_every_person_is_in_the_bar_of_their_score(
    crowd: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    wanted: list[tuple[float, str]],
    direction: str,
    threshold: float | None,
) -> None:
    from mlarena.boards import names

    kind = names.Kind(lambda *_: True, str, lambda _: Aim("R²", direction, threshold))
    monkeypatch.setitem(names._kinds, "quest", kind)
    board = fill(crowd, wanted, direction)
    people = [score for score, who in wanted if who == "person"]
    with monkeypatch.context() as without:
        without.setattr(mirror, "_ask", lambda *_: None)
        from_database = boards.spread(board)
    assert index.rebuild(board)
    with monkeypatch.context() as only:
        only.setattr(standings, "up_to", None)
        from_redis = boards.spread(board)
    assert from_redis == from_database
    if not people:
        assert from_database is None
        return
    assert from_database is not None
    assert from_database.people == len(people)
    bars = [from_database.bar_of(score) for score in people]
    assert from_database.counts == tuple(bars.count(n) for n in range(len(from_database.counts)))
    if threshold is not None:
        assert from_database.bar_of(threshold) is not None


@pytest.mark.pure
@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.booleans())
def test_edges_are_round_and_hold_both_ends(lowest: float, more: float, whole: bool) -> None:
    drawn = frame(lowest, lowest + more, whole)
    assert drawn.low <= lowest
    assert drawn.high >= lowest + more
    assert 1 <= len(drawn.counts) <= 27
    first = f"{drawn.step:.0e}"[0]
    assert first in "125"
    if whole:
        assert drawn.step >= 1


@pytest.mark.pure
def test_ties_only_are_one_bar_among_empty_ones() -> None:
    drawn = frame(1.0, 1.0)
    assert (drawn.low, drawn.high) == (0.9, 1.0)
    assert drawn.bar_of(1.0) == len(drawn.counts) - 1
    assert Spread(0.0, 1.0, (0,), 0).bar_of(2.0) is None


def test_a_board_of_one_of_two_and_of_ties(
    people: Any, enter: Callable[..., Any], open_board: Any
) -> None:
    open_board("quest")
    ada, bob, cyd = people(3)
    assert boards.spread("quest:1") is None
    enter("quest:1", ada.id, 0.5)
    one = boards.spread("quest:1")
    assert one is not None and (sum(one.counts), one.beyond) == (1, 0)
    enter("quest:1", bob.id, 0.75)
    two = boards.spread("quest:1")
    assert two is not None and (two.low, two.high) == (0.5, 0.76)
    assert (two.counts[0], two.counts[-1]) == (1, 1)
    for number, person in enumerate((ada, bob, cyd)):
        enter("quest:2", person.id, 0.5, at=AT.replace(minute=number))
    ties = boards.spread("quest:2")
    assert ties is not None and [bar for bar in ties.counts if bar] == [3]


def test_one_hopeless_model_does_not_flatten_the_others(
    people: Any, enter: Callable[..., Any], open_board: Any
) -> None:
    open_board("quest")
    crowd = people(40)
    for number, person in enumerate(crowd[:-1]):
        enter("quest:1", person.id, 0.5 + number / 100)
    enter("quest:1", crowd[-1].id, -1e12)
    found = boards.spread("quest:1")
    assert found is not None
    assert found.low >= 0.4
    assert found.beyond >= 1
    assert found.people == 40


def test_a_pages_histogram_follows_the_board(people: Any, enter: Callable[..., Any]) -> None:
    """It is counted once for all who see the same page of the board: until somebody scores."""
    ada, grace = people(2)
    board = "global"
    enter(board, ada.id, 0.5)
    index.rebuild(board)
    for who, wanted in ((None, 1), (None, 1), (grace, 2)):
        if who:
            enter(board, who.id, 0.9)
        stamp = boards.page(board, 1, 10).stamp
        assert stamp
        found = spread.spread(board, stamp)
        assert found
        assert found.people == wanted
