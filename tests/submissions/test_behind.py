"""Work that nobody waits for begins when no live submission waits or is judged, and rests beside them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from rq import Queue
from rq.registry import StartedJobRegistry

from mlarena.core.redis import redis_client
from mlarena.submissions import behind, dispatch
from mlarena.submissions.behind import Behind
from mlarena.submissions.queues import EVALUATIONS


class Clock:
    """Seconds that pass only where somebody sleeps or works; `then` happens at the given one."""

    def __init__(self) -> None:
        self.now, self.naps, self.then = 100.0, list[float](), dict[float, Callable[[], Any]]()

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        for moment in [moment for moment in self.then if moment <= self.now]:
            self.then.pop(moment)()


@pytest.fixture
def clock(app: Any, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(behind, "time", made)
    return made


def test_nothing_live_means_no_wait_and_no_rest(clock: Clock) -> None:
    turns = Behind()
    for _ in range(3):
        with turns.one():
            clock.now += 1
    assert clock.naps == []


def test_a_turn_waits_for_what_waits_and_for_what_is_judged(clock: Clock) -> None:
    queue = Queue(EVALUATIONS, connection=redis_client())
    assert dispatch.enqueue(7, 1)
    registry = StartedJobRegistry(EVALUATIONS, connection=redis_client())

    def taken() -> None:
        redis_client().delete(queue.key)
        redis_client().zadd(registry.key, {"eval-7-1:run": time.time() + 900})

    clock.then = {101.0: taken, 102.0: lambda: redis_client().delete(registry.key)}
    turns = Behind()
    with turns.one():
        assert 102 <= clock.now < 103
        clock.now += 0.1
    # Live work was there a moment ago: the next piece leaves it most of the time.
    assert clock.naps[-1] == pytest.approx(0.1 * behind.REST)
    clock.now += behind.LATELY_SECONDS
    before = len(clock.naps)
    with turns.one():
        pass
    assert len(clock.naps) == before


def test_where_live_work_never_ends_a_little_is_done_all_the_same(clock: Clock) -> None:
    assert dispatch.enqueue(7, 1)
    with Behind().one():
        assert clock.now == pytest.approx(100 + behind.PATIENCE_SECONDS, abs=0.1)


def test_a_job_of_a_worker_that_was_killed_runs_out(clock: Clock) -> None:
    registry = StartedJobRegistry(EVALUATIONS, connection=redis_client())
    redis_client().zadd(registry.key, {"eval-7-1:run": time.time() - 1})
    with Behind().one():
        assert clock.now == 100
