"""Signs of life in Redis: there while a process lives, gone soon after it does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import redis

from mlarena.core.config import Settings
from mlarena.core.embedded import EmbeddedRedis
from mlarena.core.health import Heartbeat, beat, beats, start_heartbeat
from tests.start.bare_machine import ROOT


def wait_for(what: Any, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nobody_lives_at_first(app: Any) -> None:
    assert beats() == {}


def test_each_process_counts_for_itself(app: Any, settings: Settings) -> None:
    beat("worker", {"pid": os.getpid()})
    other = (
        "import redis, sys; from mlarena.core.health import Heartbeat;"
        "Heartbeat(redis.Redis.from_url(sys.argv[1]), 'worker', lambda: {'pid': 0}, 5);"
        "print('beats', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", other, settings.redis],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        wait_for(lambda: len(beats()["worker"]) == 2)
        assert {info["pid"] for info in beats()["worker"]} == {0, os.getpid()}
        process.kill()


def test_a_sign_goes_by_itself(app: Any) -> None:
    beat("clock", {}, every=0.05)
    assert "clock" in beats()
    wait_for(lambda: "clock" not in beats(), seconds=2)
    assert app.extensions["redis"].scard("mlarena:beats") == 0  # nor does its name stay


def test_a_heartbeat_goes_on_and_tells_news_at_once(app: Any) -> None:
    state = {"ready": False}
    heartbeat = start_heartbeat(app, "worker", lambda: dict(state), every=30)
    try:
        wait_for(lambda: beats().get("worker") == [{"ready": False}])
        state["ready"] = True
        heartbeat.now()
        wait_for(lambda: beats().get("worker") == [{"ready": True}])
    finally:
        heartbeat.stop()
    assert beats() == {}


def test_it_survives_a_redis_that_goes_and_comes(tmp_path: Any) -> None:
    with EmbeddedRedis(tmp_path) as server:
        client = redis.Redis.from_url(server.url)
        heartbeat = Heartbeat(client, "clock", lambda: {"pid": 1}, every=0.2)
        wait_for(lambda: client.scard("mlarena:beats") == 1)
        server.stop()
        time.sleep(0.3)
        server.start()
        client.flushdb()
        wait_for(lambda: client.scard("mlarena:beats") == 1, seconds=20)
        heartbeat.stop()
        assert not client.keys("mlarena:beat:*")
