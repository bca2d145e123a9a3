"""Learners' code on its way through the doors and a worker that trains beside the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from rq import Queue

from mlarena.core.config import Settings
from mlarena.core.db import db
from mlarena.submissions.models import Submission


@pytest.fixture
def headers(user: Any, bearer: Any) -> dict[str, str]:
    made: dict[str, str] = bearer(user)
    return made


@pytest.fixture
def hand_in(client: Any, headers: Any, quest: Any) -> Callable[..., Any]:
    """hand_in(code, of=quest) -> the API's answer."""
    import json

    def send(code: Any, of: Any = None) -> Any:
        address = f"/api/v1/quests/{(of or quest).id}/train"
        body = json.dumps({"code": code})
        return client.post(address, data=body, content_type="application/json", headers=headers)

    return send


@pytest.fixture
def trainer(app: Any, settings: Settings, jail: Any) -> Iterator[Callable[[], None]]:
    """trainer() -> a real worker takes what waits in the queue of trainings, in a thread of its own."""
    from mlarena.submissions.queues import TRAININGS
    from mlarena.worker import Beside

    assert jail.wait()
    threads: list[threading.Thread] = []

    def work() -> None:
        with redis.Redis.from_url(settings.redis) as connection:
            queues = [Queue(TRAININGS, connection=connection)]
            Beside(app, queues=queues, connection=connection).work(
                burst=True, logging_level="WARNING"
            )

    def start() -> None:
        threads.append(threading.Thread(target=work))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()


def state(submission_id: int) -> str:
    """The submission's status as the database has it now."""
    db.session.rollback()
    return db.session.get_one(Submission, submission_id, populate_existing=True).status


@pytest.fixture
def becomes(app: Any) -> Callable[..., None]:
    """becomes(submission_id, status) waits until it is so."""

    def wait(submission_id: int, status: str, within: float = 40) -> None:
        until = time.monotonic() + within
        while state(submission_id) != status:
            assert time.monotonic() < until, f"{submission_id} is {state(submission_id)}"
            time.sleep(0.02)

    return wait
