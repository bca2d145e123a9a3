"""Asking a worker and waiting: what a web process does that owns no jail."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_library
from rq import Queue

from mlarena.challenges import desk
from mlarena.submissions import jail as jail_room
from tests.challenges.conftest import ADD

SLOW = "def add(a, b):\n    while True: pass"


@pytest.fixture
def as_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process asks as one that judges nothing itself."""
    monkeypatch.setattr(jail_room, "running", lambda: False)


@pytest.fixture
def workers(app: Any, jail: Any, settings: Any) -> Iterator[None]:
    """Real workers for runs and checks, in threads as in the worker process."""
    from mlarena.worker import Beside

    connection = redis_library.Redis.from_url(settings.redis)
    running = []
    for name in (desk.RUNS, desk.RUNS, desk.CHECKS):
        worker = Beside(app, queues=[Queue(name, connection=connection)], connection=connection)
        thread = threading.Thread(
            target=worker.work, kwargs={"logging_level": "WARNING"}, daemon=True
        )
        thread.start()
        running.append((worker, thread))
    yield
    for worker, _ in running:
        worker._stop_requested = True
    for name in (desk.RUNS, desk.RUNS, desk.CHECKS):
        # Each thread waits for one more job before it looks whether it should stop.
        Queue(name, connection=connection).enqueue("time.sleep", 0, result_ttl=0)
    for _, thread in running:
        thread.join(5)
    connection.close()


@pytest.fixture
def run(client: Any, user: Any, bearer: Any) -> Any:
    headers = bearer(user)

    def ask(challenge: Any, code: str) -> Any:
        return client.post(
            f"/api/v1/challenges/{challenge.id}/run", json={"code": code}, headers=headers
        )

    return ask


def test_a_run_goes_to_a_worker_and_back(
    make_challenge: Any, run: Any, workers: None, as_web: None
) -> None:
    challenge = make_challenge(ADD)
    answer = run(challenge, "def add(a, b): return a + b")
    assert answer.status_code == 200, answer.text
    assert [case["passed"] for case in answer.json["data"]["cases"]] == [True]


def test_a_slow_run_stands_in_nobodys_way(
    app: Any, make_challenge: Any, run: Any, workers: None, as_web: None
) -> None:
    challenge = make_challenge(ADD, limits={"wall_seconds": 6})
    slow: list[Any] = []

    def dawdle() -> None:
        with app.app_context():
            slow.append(run(challenge, SLOW))

    dawdler = threading.Thread(target=dawdle)
    dawdler.start()
    time.sleep(0.3)
    assert run(challenge, "def add(a, b): return a + b").status_code == 200
    still_running = dawdler.is_alive()
    dawdler.join()
    assert still_running
    assert slow[0].json["data"]["cases"][0]["category"] == "timeout"


def test_without_a_worker_one_is_told_to_try_again(
    make_challenge: Any, run: Any, as_web: None, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "RUN_SECONDS", 1)
    monkeypatch.setattr(jail_room, "running", lambda: True)
    challenge = make_challenge(ADD)
    monkeypatch.setattr(jail_room, "running", lambda: False)
    answer = run(challenge, "def add(a, b): return a + b")
    assert answer.status_code == 503
    assert "Try again" in answer.json["message"]
    # Nobody will run it later, for an asker who has left.
    assert Queue(desk.RUNS, connection=app.extensions["redis"]).count == 0


def test_a_run_that_breaks_the_worker_is_an_answer_too(
    make_challenge: Any, run: Any, workers: None, as_web: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena.challenges.kinds import coding

    challenge = make_challenge(ADD)

    def broken(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(coding, "run", broken)
    answer = run(challenge, "def add(a, b): return a + b")
    assert answer.status_code == 503
    assert "fault of ours" not in answer.text
    assert "tell your instructor" in answer.json["message"]


def test_a_worker_does_not_start_on_the_applications_own_database(
    another_app: Any, jail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena import worker
    from mlarena.challenges import engines

    own = "postgresql://arena@db.example/arena"
    app = another_app(
        challenge_database_url=own, database_url="postgresql+psycopg2://arena@db.example/arena"
    )
    monkeypatch.setattr(engines, "_engines", None)
    with pytest.raises(SystemExit, match="the application's own database"):
        worker.run(app)


def test_the_clock_sweeps_the_challenges_server(app: Any, settings: Any, jail: Any) -> None:
    from mlarena.challenges import jobs
    from mlarena.schedule import scheduler

    registered = scheduler(settings, app.extensions["redis"]).get_jobs()
    assert jobs.sweep in [job.func for job in registered]
    assert jobs.sweep() == 0
