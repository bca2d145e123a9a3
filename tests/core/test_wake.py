"""The words between processes: said after the commit, taken once, and no fault ends who listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from mlarena.core import wake
from mlarena.core.db import db
from mlarena.core.embedded import EmbeddedRedis
from mlarena.core.redis import redis_client

A, B = "test:a", "test:b"
PATIENCE = 60


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def taken() -> str | None:
    return wake.wait(redis_client(), [A, B], 0.01)


def test_a_word_stands_once_until_it_is_taken(app: Any) -> None:
    for _ in range(3):
        wake.wake(A)
    wake.wake(B)
    assert [taken(), taken(), taken()] == [A, B, None]


def test_it_is_said_after_the_commit_and_not_if_that_is_taken_back(app: Any) -> None:
    db.session.execute(db.text("SELECT 1"))
    wake.after_commit(A)
    assert taken() is None
    db.session.rollback()
    db.session.commit()
    assert taken() is None
    wake.after_commit(A)
    wake.after_commit(B)
    wake.after_commit(A)
    db.session.commit()
    assert [taken(), taken(), taken()] == [A, B, None]
    db.session.commit()
    assert taken() is None


@pytest.fixture
def woken(app: Any) -> Iterator[Callable[..., wake.Woken]]:
    made: list[wake.Woken] = []

    def start(**work: Callable[[], object]) -> wake.Woken:
        made.append(wake.Woken(app, {f"test:{name}": one for name, one in work.items()}))
        return made[-1].start()

    yield start
    for one in made:
        one.stop()


def test_one_of_those_who_wait_does_it(woken: Any) -> None:
    done: list[str] = []
    for name in ("one", "two"):
        woken(a=lambda name=name: done.append(name))
    until(lambda: len(done) == 2)  # each looks once at what was there before it listened
    for number in range(3, 8):
        wake.wake(A)
        until(lambda number=number: len(done) == number)
    time.sleep(0.1)
    assert len(done) == 7


def test_what_is_said_while_it_is_done_is_done_after_it(woken: Any) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)
        done.append(1)

    woken(a=slow)
    assert begun.wait(PATIENCE)
    for _ in range(3):
        wake.wake(A)
    go_on.set()
    until(lambda: len(done) == 2)
    time.sleep(0.1)
    assert len(done) == 2


@pytest.mark.parametrize("fault", [ValueError("ours"), OperationalError("it", {}, Exception())])
def test_what_a_turn_failed_at_is_done_again_without_another_word(
    woken: Any, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake, "PAUSE_SECONDS", 0.01)
    done: list[int] = []

    def fails() -> None:
        done.append(len(done))
        if len(done) == 2:
            raise fault

    woken(a=fails)
    until(lambda: len(done) == 1)
    wake.wake(A)
    until(lambda: len(done) == 3)
    wake.wake(A)
    until(lambda: len(done) == 4)


def test_a_word_that_is_said_all_the_time_keeps_no_other_from_its_turn(app: Any) -> None:
    done: list[str] = []

    def a() -> None:
        done.append("a")
        wake.wake(A)

    listens = wake.Woken(app, {A: a, B: lambda: done.append("b")})
    wake.wake(A, B)
    assert [listens.turn(redis_client(), 0.01) for _ in range(3)] == [True] * 3
    assert done == ["a", "b", "a"]


def test_a_redis_that_was_away_is_listened_to_again(
    another_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake, "PAUSE_SECONDS", 0.01)
    done: list[int] = []
    with EmbeddedRedis(tmp_path / "redis") as server:
        app = another_app(redis_url=server.url)
        listens = wake.Woken(app, {A: lambda: done.append(1)}).start()
        with app.app_context():
            until(lambda: len(done) == 1)
            server.stop()
            wake.wake(A)  # says so in the log, and fails nobody
            server.start()

            def heard() -> bool:
                wake.wake(A)
                return len(done) > 1

            until(heard)
        listens.stop()
