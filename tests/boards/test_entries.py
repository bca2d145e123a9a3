"""What is entered on a board stays the best of what was entered, in whatever order it came."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.boards import service as boards
from mlarena.boards.entries import LARGEST_AMOUNT
from mlarena.boards.models import BoardEntry
from mlarena.core.clock import freeze
from mlarena.core.db import db

AT = datetime(2026, 11, 16, 12, tzinfo=UTC)  # a Monday
LATER = AT + timedelta(minutes=1)


def entry(board: str, user_id: int) -> BoardEntry:
    query = select(BoardEntry).where(BoardEntry.board == board, BoardEntry.user_id == user_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def test_the_best_is_kept(app: Any, user: Any) -> None:
    assert boards.record("quest:1", user.id, 0.7, "higher", AT, {"submission_id": 1})
    assert boards.record("quest:1", user.id, 0.6, "higher", LATER, {"submission_id": 2}) is None
    assert boards.record("quest:1", user.id, 0.8, "higher", LATER, {"submission_id": 3})
    row = entry("quest:1", user.id)
    assert (row.score, row.reached_at, row.details) == (0.8, LATER, {"submission_id": 3})


def test_where_lower_is_better_the_lowest_is_kept(app: Any, user: Any) -> None:
    boards.record("quest:1", user.id, 3.0, "lower", AT)
    assert boards.record("quest:1", user.id, 4.0, "lower", LATER) is None
    assert boards.record("quest:1", user.id, -2.0, "lower", LATER)
    assert entry("quest:1", user.id).score == -2.0


def test_the_same_score_again_does_not_move_one_back(app: Any, user: Any) -> None:
    boards.record("quest:1", user.id, 0.7, "higher", LATER)
    assert boards.record("quest:1", user.id, 0.7, "higher", LATER + timedelta(days=1)) is None
    assert boards.record("quest:1", user.id, 0.7, "higher", AT)
    assert entry("quest:1", user.id).reached_at == AT


@settings(max_examples=30)
@given(
    scores=st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 5)), min_size=1, max_size=8),
    direction=st.sampled_from(["higher", "lower"]),
    board=st.integers(1, 10**6),
)
def test_the_order_of_entering_does_not_matter(
    app: Any, people: Any, scores: list[tuple[int, int]], direction: str, board: int
) -> None:
    db.session.execute(db.delete(User))
    (someone,) = people(1)
    for score, minutes in scores:
        at = AT + timedelta(minutes=minutes)
        boards.record(f"quest:{board}", someone.id, score / 10, direction, at)
    row = entry(f"quest:{board}", someone.id)
    sign = -1 if direction == "higher" else 1
    best = min((sign * score, minutes) for score, minutes in scores)
    assert (sign * row.score, row.reached_at) == (best[0] / 10, AT + timedelta(minutes=best[1]))
    db.session.commit()


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_only_finite_scores_have_a_place(app: Any, user: Any, score: float) -> None:
    with pytest.raises(ValueError, match="no place"):
        boards.record("quest:1", user.id, score, "higher", AT)
    with pytest.raises(ValueError, match="no place"):
        boards.place_house("quest:1", "linear model", score, "higher", AT)
    with pytest.raises(ValueError, match="cannot be added"):
        boards.add("global", user.id, score, AT)


@pytest.mark.parametrize("amount", [0, LARGEST_AMOUNT * 2, -LARGEST_AMOUNT * 2])
def test_amounts_that_are_nothing_or_too_much(app: Any, user: Any, amount: int) -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        boards.add("global", user.id, amount, AT)


def test_a_direction_is_higher_or_lower(app: Any, user: Any) -> None:
    with pytest.raises(ValueError, match="higher or lower"):
        boards.record("quest:1", user.id, 1.0, "up", AT)


def test_minus_zero_is_zero(app: Any, user: Any) -> None:
    boards.record("quest:1", user.id, -0.0, "higher", AT)
    assert str(entry("quest:1", user.id).score) == "0.0"


def test_xp_adds_up_and_each_week_begins_anew(app: Any, user: Any) -> None:
    next_week = AT + timedelta(days=7)
    for at, amount in ((AT, 100), (LATER, 50), (next_week, 200)):
        boards.add("global", user.id, amount, at)
        boards.add("weekly", user.id, amount, at)
    assert entry("global", user.id).score == 350
    assert entry("weekly:2026-W47", user.id).score == 150
    assert entry("weekly:2026-W48", user.id).score == 200
    db.session.commit()
    with freeze(AT + timedelta(days=6)):
        assert [row.score for row in boards.page("weekly", 1, 10).rows] == [150]
    with freeze(next_week):
        assert [row.score for row in boards.page("weekly", 1, 10).rows] == [200]
        assert [row.score for row in boards.page("weekly:2026-W47", 1, 10).rows] == [150]
    with freeze(next_week + timedelta(days=7)):
        assert boards.page("weekly", 1, 10).rows == ()


def test_a_week_ends_on_sunday_midnight_in_utc(app: Any, user: Any) -> None:
    sunday_night = datetime(2027, 1, 3, 23, 59, 59, tzinfo=UTC)
    changes = [
        boards.add("weekly", user.id, 1, sunday_night + timedelta(seconds=n)) for n in (0, 1)
    ]
    assert [change.stored for change in changes] == ["weekly:2026-W53", "weekly:2027-W01"]
    assert {change.board for change in changes} == {"weekly"}


def test_a_total_that_arrives_late_keeps_the_time_it_was_reached(app: Any, user: Any) -> None:
    boards.add("global", user.id, 1, LATER)
    boards.add("global", user.id, 1, AT)
    assert entry("global", user.id).reached_at == LATER


def test_each_change_has_a_newer_version_also_when_the_clock_stands_still(
    app: Any, user: Any
) -> None:
    with freeze(AT):
        versions = [boards.add("global", user.id, 1, AT).version for _ in range(3)]
    with freeze(AT - timedelta(days=1)):
        versions.append(boards.add("global", user.id, 1, AT).version)
    assert versions == sorted(set(versions))


def test_who_is_not_listed_is_entered_unseen(app: Any, make_user: Callable[..., Any]) -> None:
    shy = make_user("shy", listed=False)
    change = boards.record("quest:1", shy.id, 0.9, "higher", AT)
    db.session.commit()
    assert change is not None and change.hidden
    assert boards.page("quest:1", 1, 10, viewer=shy).rows == ()
    assert boards.rank("quest:1", shy.id) is None


def test_a_house_row_is_placed_among_people_without_a_rank(app: Any, people: Any) -> None:
    ada, bob = people(2)
    boards.record("quest:1", ada.id, 0.9, "higher", AT)
    boards.record("quest:1", bob.id, 0.5, "higher", AT)
    boards.place_house("quest:1", "linear model", 0.6, "higher", AT)
    assert boards.place_house("quest:1", "linear model", 0.6, "higher", LATER) is None
    assert boards.place_house("quest:1", "linear model", 0.7, "higher", LATER)
    db.session.commit()
    page = boards.page("quest:1", 1, 10)
    assert [(row.rank, row.username, row.house) for row in page.rows] == [
        (1, "p1", False),
        (None, "linear model", True),
        (2, "p2", False),
    ]
    assert page.total == 3
    assert boards.rank("quest:1", bob.id) == 2


def test_verdicts_of_many_learners_at_once_neither_wait_in_line_nor_lock_up(
    app: Any, people: Any
) -> None:
    """Eight learners, each settling on the same three boards, in one transaction a time."""
    ids = [person.id for person in people(8)]
    together, failed = threading.Barrier(len(ids)), []
    db.session.rollback()

    def settle(user_id: int) -> None:
        with app.app_context():
            try:
                together.wait()
                for n in range(5):
                    boards.add("global", user_id, 10, AT)
                    boards.add("weekly", user_id, 10, AT)
                    boards.record(f"quest:{n + 1}", user_id, n, "higher", AT)
                    db.session.commit()
            except Exception as error:
                failed.append(error)
            finally:
                db.session.remove()

    workers = [threading.Thread(target=settle, args=(user_id,)) for user_id in ids]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    assert {row.score for row in boards.page("global", 1, 20).rows} == {50}


@pytest.mark.services
def test_on_postgresql_a_verdict_does_not_wait_for_anothers_transaction(
    app: Any, people: Any
) -> None:
    """One learner's transaction stays open; another's, on the same boards, goes through meanwhile."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time, whatever the rows")
    ada, bob = (person.id for person in people(2))
    for user_id in (ada, bob):
        boards.add("global", user_id, 1, AT)
        boards.record("quest:1", user_id, 0.5, "higher", AT)
    db.session.commit()
    boards.add("global", ada, 1, AT)
    boards.record("quest:1", ada, 0.6, "higher", AT)
    with app.app_context():
        db.session.execute(db.text("SET LOCAL lock_timeout = '500ms'"))
        boards.record("quest:1", bob, 0.7, "higher", AT)
        boards.add("global", bob, 1, AT)
        db.session.commit()
    db.session.commit()
    assert boards.rank("quest:1", bob) == 1
