"""The Redis index is never the truth: lost, half built, late or away, the boards stay right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.accounts import service as accounts
from mlarena.accounts.models import User
from mlarena.boards import index, mirror, standings
from mlarena.boards import service as boards
from mlarena.boards.models import BoardEntry
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.core.redis import RedisError

AT = datetime(2026, 3, 1, tzinfo=UTC)
BOARD = "quest:1"


@pytest.fixture
def crowd(people: Any, enter: Callable[..., Any]) -> list[User]:
    """Five people on one board, the first one first, and the index complete."""
    found: list[User] = people(5)
    for number, person in enumerate(found):
        enter(BOARD, person.id, 1 - number / 10)
    index.catch_up(utcnow())
    assert mirror.ready(BOARD)
    return found


@pytest.fixture
def only_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*arguments: Any) -> Any:
        raise AssertionError("the database was asked for the order")

    monkeypatch.setattr(standings, "stretch", forbidden)
    monkeypatch.setattr(standings, "around", forbidden)


def names() -> list[str]:
    return [row.username for row in boards.page(BOARD, 1, 100).rows]


def keys(board: str = BOARD) -> list[str]:
    return [f"{mirror.PREFIX}:{board}:{part}" for part in ("order", "rows", "houses", "state")]


def test_a_new_board_is_indexed_by_the_next_sweep(
    app: Any, people: Any, enter: Callable[..., Any]
) -> None:
    (ada,) = people(1)
    index.catch_up(utcnow())
    enter(BOARD, ada.id, 0.5)
    assert not mirror.ready(BOARD)
    assert names() == ["p1"]
    assert index.catch_up(utcnow()) == 1
    assert mirror.ready(BOARD)
    assert index.catch_up(utcnow()) == 0


def test_a_board_of_everybody_is_indexed_while_it_is_empty(
    app: Any, people: Any, enter: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    """As each week begins: the database would be asked by every page until the first one scores."""
    index.catch_up(utcnow())
    request.getfixturevalue("only_redis")
    assert boards.page("weekly", 1, 10).total == 0
    (ada,) = people(1)
    enter("weekly", ada.id, 5.0)
    assert [row.username for row in boards.page("weekly", 1, 10).rows] == ["p1"]


def test_a_new_best_moves_up_at_once(
    crowd: list[User], enter: Callable[..., Any], only_redis: None
) -> None:
    enter(BOARD, crowd[4].id, 2.0)
    assert names() == ["p5", "p1", "p2", "p3", "p4"]
    assert boards.rank(BOARD, crowd[4].id) == 1


def test_redis_wiped_comes_back_without_an_operator(crowd: list[User]) -> None:
    mirror.redis_client().flushdb()
    assert names() == ["p1", "p2", "p3", "p4", "p5"]
    assert index.catch_up(utcnow()) >= 1
    assert mirror.ready(BOARD)
    assert names() == ["p1", "p2", "p3", "p4", "p5"]


def test_an_update_on_a_wiped_redis_is_not_taken_for_a_board(
    crowd: list[User], enter: Callable[..., Any]
) -> None:
    mirror.redis_client().flushdb()
    enter(BOARD, crowd[2].id, 3.0)
    assert not mirror.ready(BOARD)
    assert names() == ["p3", "p1", "p2", "p4", "p5"]


@pytest.mark.parametrize("lost", [0, 3])
def test_an_index_that_lost_a_part_is_noticed(crowd: list[User], lost: int) -> None:
    mirror.redis_client().delete(keys()[lost])
    assert not mirror.ready(BOARD)
    assert names() == ["p1", "p2", "p3", "p4", "p5"]
    index.catch_up(utcnow())
    assert mirror.ready(BOARD)


def test_a_builder_that_died_half_way_is_replaced(
    crowd: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BATCH", 2)
    write, batches = mirror.write, []

    def die_at_the_second(changes: Any) -> int:
        batches.append(changes)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return write(changes)

    with monkeypatch.context() as dying:
        dying.setattr(mirror, "write", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            index.rebuild(BOARD)
    assert mirror.redis_client().zcard(keys()[0]) == 2
    assert not mirror.ready(BOARD)
    assert len(names()) == 5
    assert not index.rebuild(BOARD)  # its lock still stands
    mirror.redis_client().delete(f"{mirror.PREFIX}:{BOARD}:lock")  # as after LOCK_SECONDS
    index.catch_up(utcnow())
    assert mirror.ready(BOARD)


def test_of_two_builds_the_later_one_says_when_it_is_finished(crowd: list[User]) -> None:
    (first, _) = mirror.run(index.BEGIN, BOARD, "first")
    mirror.redis_client().flushdb()
    (second, _) = mirror.run(index.BEGIN, BOARD, "second")
    assert (first, second) == (b"first", b"second")
    assert not mirror.run(index.ADVANCE, BOARD, first, 3)
    assert not mirror.run(index.FINISH, BOARD, first)
    assert not mirror.ready(BOARD)
    assert mirror.run(index.FINISH, BOARD, second)


def test_a_board_too_large_for_one_sweep_is_built_in_several(
    crowd: list[User], enter: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, only_redis: None
) -> None:
    monkeypatch.setattr(index, "BATCH", 2)
    mirror.redis_client().flushdb()
    sizes = []
    for _ in range(3):
        assert not index.rebuild(BOARD, until=0)
        sizes.append(mirror.redis_client().zcard(keys()[0]))
        enter(BOARD, crowd[0].id, 1 + len(sizes))  # verdicts go on in between
    assert sizes == [2, 4, 5]
    assert not mirror.ready(BOARD)
    assert index.rebuild(BOARD, until=0)
    assert names() == ["p1", "p2", "p3", "p4", "p5"]


def test_what_was_built_of_an_index_that_lost_a_part_is_not_built_upon(
    crowd: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BATCH", 2)
    mirror.redis_client().flushdb()
    assert not index.rebuild(BOARD, until=0)
    mirror.redis_client().delete(keys()[0])
    assert index.rebuild(BOARD)
    assert names() == ["p1", "p2", "p3", "p4", "p5"]


def test_what_is_shown_is_read_once_and_again_after_a_change(
    crowd: list[User], enter: Callable[..., Any], statements: Any, without_redis: Any
) -> None:
    names()
    with statements() as seen:
        assert names() == ["p1", "p2", "p3", "p4", "p5"]
    assert seen == []
    enter(BOARD, crowd[4].id, 2.0)
    assert boards.page(BOARD, 1, 100).rows[0].score == 2.0
    enter(BOARD, crowd[4].id, 3.0)  # the same place, another score
    assert boards.page(BOARD, 1, 100).rows[0].score == 3.0
    with without_redis():
        enter(BOARD, crowd[4].id, 4.0)
        assert boards.page(BOARD, 1, 100).rows[0].score == 4.0
    index.catch_up(utcnow())
    assert boards.page(BOARD, 1, 100).rows[0].score == 4.0


def test_verdicts_during_a_rebuild_are_kept(
    crowd: list[User], enter: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, only_redis: None
) -> None:
    """One arrives between the reading of the rows and their writing: the older row comes later."""
    write, once = mirror.write, []

    def verdict_first(changes: Any) -> int:
        if not once:
            once.append(True)
            enter(BOARD, crowd[4].id, 5.0)
        return write(changes)

    monkeypatch.setattr(mirror, "write", verdict_first)
    assert index.rebuild(BOARD)
    assert names() == ["p5", "p1", "p2", "p3", "p4"]


def test_without_redis_pages_and_ranks_come_from_the_database(
    crowd: list[User], without_redis: Any
) -> None:
    with without_redis():
        assert names() == ["p1", "p2", "p3", "p4", "p5"]
        assert boards.rank(BOARD, crowd[3].id) == 4
        assert [row.username for row in boards.around(BOARD, crowd[3].id, 1)] == ["p3", "p4", "p5"]


def test_only_the_first_page_asks_a_redis_that_is_away(
    crowd: list[User], without_redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, run = [], mirror.run
    monkeypatch.setattr(mirror, "run", lambda *words: (asked.append(1), run(*words))[1])
    with without_redis():
        for _ in range(3):
            names()
    assert len(asked) == 1


def test_what_happened_while_redis_was_away_is_caught_up(
    crowd: list[User], enter: Callable[..., Any], without_redis: Any
) -> None:
    index.catch_up(utcnow())
    with without_redis():
        enter(BOARD, crowd[4].id, 9.0)
        with pytest.raises(RedisError):
            index.catch_up(utcnow())
    assert index.catch_up(utcnow()) == 1
    assert boards.page(BOARD, 1, 1).rows[0].username == "p5"
    assert mirror.ready(BOARD)


def test_an_outage_longer_than_the_sweep_looks_back(
    crowd: list[User], enter: Callable[..., Any], without_redis: Any, only_redis: None
) -> None:
    """How far back to look is kept in Redis itself: an older state of it brings an older mark."""
    with without_redis():
        enter(BOARD, crowd[4].id, 9.0)
    assert names()[0] != "p5"
    tomorrow = utcnow() + timedelta(days=1)
    with freeze(tomorrow):
        assert index.catch_up(tomorrow) >= 1  # on a Monday, the new week's board too
    assert names()[0] == "p5"


def test_hiding_and_showing_a_user(crowd: list[User], only_redis: None) -> None:
    accounts.update_profile(crowd[1], listed=False)
    assert names() == ["p1", "p3", "p4", "p5"]
    assert boards.rank(BOARD, crowd[2].id) == 2
    accounts.update_profile(crowd[1], listed=True)
    assert names() == ["p1", "p2", "p3", "p4", "p5"]


def test_who_hid_in_the_very_moment_of_a_verdict_is_hidden_by_the_sweep(crowd: list[User]) -> None:
    crowd[1].listed = False  # and the entry was written by a transaction that did not see it
    db.session.commit()
    assert "p2" in names()
    assert index.catch_up(utcnow()) >= 1
    assert "p2" not in names()
    db.session.rollback()
    assert db.session.scalars(db.select(BoardEntry.hidden).filter_by(user_id=crowd[1].id)).one()


def test_a_deleted_account_leaves_the_boards(
    make_user: Any, enter: Callable[..., Any], crowd: list[User], only_redis: None
) -> None:
    leaver = make_user("leaver")
    enter(BOARD, leaver.id, 9.0)
    assert names()[0] == "leaver"
    late = boards.record(BOARD, leaver.id, 10.0, "higher", AT)
    db.session.commit()
    accounts.delete_account(leaver, "correct horse battery")
    assert names() == ["p1", "p2", "p3", "p4", "p5"]
    assert late is not None
    index.apply([late])  # a worker that was slow to tell
    assert names() == ["p1", "p2", "p3", "p4", "p5"]
    assert boards.rank(BOARD, crowd[0].id) == 1


def test_a_row_deleted_while_redis_was_away_is_dropped_when_it_is_met(
    crowd: list[User], only_redis: None
) -> None:
    db.session.execute(db.delete(BoardEntry).where(BoardEntry.user_id == crowd[0].id))
    db.session.commit()
    assert names() == ["p2", "p3", "p4", "p5"]
    assert [row.rank for row in boards.page(BOARD, 1, 10).rows] == [1, 2, 3, 4]
    assert mirror.ready(BOARD)


def test_past_weeks_expire_from_the_index_and_are_read_from_the_database(
    app: Any, people: Any
) -> None:
    (ada,) = people(1)
    change = boards.add("weekly", ada.id, 10, AT)
    db.session.commit()
    index.apply([change])
    client = mirror.redis_client()
    assert 0 < client.ttl(keys(change.stored)[0]) <= mirror.WEEKLY_SECONDS
    index.catch_up(utcnow())
    assert not mirror.ready(change.stored)
    assert boards.page(change.stored, 1, 10).rows[0].score == 10
    index.apply([boards.add("global", ada.id, 10, AT)])
    assert client.ttl(keys("global")[0]) == -1


def test_catching_up_reads_rows_that_share_a_microsecond_in_batches(
    crowd: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BATCH", 2)
    db.session.execute(db.update(BoardEntry).values(version=index.now_version()))
    db.session.commit()
    assert index.catch_up(utcnow() - timedelta(minutes=1)) == 5


def test_a_redis_that_hangs_costs_one_page_its_patience_only(
    crowd: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def hang(*words: Any) -> Any:
        asked.append(words)
        raise RedisError("timed out")

    monkeypatch.setattr(mirror, "run", hang)
    for _ in range(20):
        names()
    assert 0 < len(asked) < 10
