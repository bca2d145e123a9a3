"""A worker process trains beside its other work: nobody's verdict waits for a stranger's minute."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlarena.core.config import Settings
from mlarena.submissions.sweep import sweep
from tests.quests.conftest import state

ROOT = Path(__file__).parents[2]
SLOW = """
import time
from sklearn.ensemble import RandomForestClassifier
def train(X, y):
    time.sleep(max(0, {until} - time.time()))
    return RandomForestClassifier(20, random_state=0).fit(X, y)
"""


@pytest.fixture
def worker(app: Any, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process of its own on the suite's database and Redis."""
    shared = ("mlarena_data", "secret_key", "database_url", "redis_url", "lease_seconds")
    environment = {name.upper(): str(getattr(settings, name)) for name in shared}
    process = subprocess.Popen(
        [sys.executable, "worker.py"], cwd=ROOT, env={**os.environ, **environment}
    )
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def training(client: Any, headers: Any, quest: Any) -> Callable[[float], int]:
    """training(seconds) -> the number of a submission whose training ends so long from now."""

    def hand_in(seconds: float) -> int:
        body = {"code": SLOW.format(until=time.time() + seconds)}
        answer = client.post(f"/api/v1/quests/{quest.id}/train", json=body, headers=headers)
        number: int = answer.json["data"]["id"]
        return number

    return hand_in


@pytest.fixture
def judged(upload: Any, headers: Any, quest: Any, good_model: Any, becomes: Any) -> Any:
    """judged() hands a model in and waits for its verdict."""

    def hand_in() -> None:
        becomes(upload(headers, quest, good_model()).json["data"]["id"], "scored")

    return hand_in


def test_an_upload_is_judged_while_a_training_runs(
    worker: Any, training: Any, becomes: Any, judged: Any
) -> None:
    judged()  # from here on the worker is warm
    slow = training(8)
    becomes(slow, "running")
    judged()
    assert state(slow) == "running"
    becomes(slow, "scored")


def test_a_worker_told_to_stop_leaves_its_training_to_another(
    worker: Any, training: Any, becomes: Any, judged: Any, settings: Settings, work: Any
) -> None:
    judged()
    slow = training(25)
    becomes(slow, "running")
    worker.terminate()
    assert worker.wait(timeout=18) == 0
    assert state(slow) == "running"
    time.sleep(settings.lease_seconds + 0.2)
    sweep()
    work()
    assert state(slow) == "scored"
