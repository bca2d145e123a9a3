"""/healthz: what works, what does not, and never a wait for something silent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from mlarena.core.health import beat
from mlarena.site import health
from mlarena.site.health import Question

LAYERS = {"seccomp": True, "landlock": "this kernel has none", "limits": True}


def worker_lives(**sandbox: Any) -> None:
    said = {"ready": True, "refuses": None, "degraded": False, "layers": LAYERS}
    beat("worker", {"pid": 1, "sandbox": {**said, **sandbox}})


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_everything_works(client: Any) -> None:
    worker_lives()
    beat("clock", {"pid": 2})
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    parts = answer.json["components"]
    assert set(parts) == {"database", "redis", "worker", "clock", "sandbox"}
    assert all(part["status"] == "ok" for part in parts.values())
    assert parts["worker"]["alive"] == 1


def test_the_jails_layers_are_named_with_the_reason_of_a_missing_one(client: Any) -> None:
    worker_lives()
    sandbox = client.get("/healthz").json["components"]["sandbox"]
    assert sandbox["seccomp"] is True
    assert sandbox["landlock"] == "this kernel has none"
    assert sandbox["degraded"] is False


@pytest.mark.parametrize(("alive", "missing"), [("worker", "clock"), ("clock", "worker")])
def test_a_process_without_a_sign_of_life_is_named(client: Any, alive: str, missing: str) -> None:
    worker_lives() if alive == "worker" else beat("clock", {})
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json["status"] == "down"
    assert f"{missing}: No {missing} has given a sign of life" in answer.json["message"]
    assert answer.json["components"][missing]["status"] == "down"
    assert answer.json["components"][alive]["status"] == "ok"


def test_a_bot_is_a_part_only_where_there_is_one(client: Any, another_app: Any) -> None:
    worker_lives()
    beat("clock", {})
    assert "bot" not in client.get("/healthz").json["components"]
    client = another_app(telegram_bot_token="1:a").test_client()
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "bot: No bot has given a sign of life" in answer.json["message"]
    beat("bot", {"pid": 3, "name": ""})  # it lives, and Telegram has not answered yet
    assert client.get("/healthz").json["components"]["bot"]["listening"] is False
    beat("bot", {"pid": 3, "name": "an_arena_bot"})
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json["components"]["bot"] == {"status": "ok", "alive": 1, "listening": True}


def test_a_refusing_jail_is_down_and_says_why(client: Any) -> None:
    worker_lives(refuses="seccomp is missing", ready=False, layers={"seccomp": "no such call"})
    beat("clock", {})
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json["message"] == "sandbox: seccomp is missing"
    assert answer.json["components"]["sandbox"]["seccomp"] == "no such call"


def test_a_jail_that_is_lost_is_down_until_it_is_back(client: Any) -> None:
    worker_lives(ready=False)
    beat("clock", {})
    assert "sandbox" in client.get("/healthz").json["message"]
    worker_lives(ready=True)
    assert client.get("/healthz").status_code == 200


def test_a_degraded_jail_shows_in_health_and_on_every_page(another_app: Any) -> None:
    fresh = another_app()  # what a page knows of the jail is kept for some seconds
    with fresh.app_context():
        worker_lives(degraded=True, layers={"seccomp": "no such call"})
        beat("clock", {})
    answer = fresh.test_client().get("/healthz")
    assert answer.status_code == 200
    assert answer.json["components"]["sandbox"]["degraded"] is True
    for page in ("/", "/quests", "/api/docs"):
        assert "without the full jail" in fresh.test_client().get(page).text


def test_a_whole_jail_has_no_banner(another_app: Any) -> None:
    fresh = another_app()
    with fresh.app_context():
        worker_lives()
    assert "without the full jail" not in fresh.test_client().get("/").text


def test_redis_away_is_named_and_does_not_show_its_address(another_app: Any) -> None:
    away = another_app(redis_url="redis://:hunter2@127.0.0.1:1/0")
    answer = away.test_client().get("/healthz")
    assert answer.status_code == 503
    parts = answer.json["components"]
    assert parts["redis"]["status"] == "down"
    assert parts["database"]["status"] == "ok"
    assert "hunter2" not in answer.text
    assert "127.0.0.1" not in answer.text


def test_a_redis_that_hangs_does_not_hang_the_answer(another_app: Any, silent_port: int) -> None:
    url = f"redis://127.0.0.1:{silent_port}/0"
    hanging = another_app(redis_url=url)
    answer = hanging.test_client().get("/healthz")
    assert answer.status_code == 503
    assert "redis: The redis does not answer within 2 s." in answer.json["message"]


def test_the_clients_own_patience_is_told_in_the_same_words() -> None:
    """Both are two seconds: either may be the first to end."""
    for error in (TimeoutError(), redis.exceptions.TimeoutError("Timeout reading from socket")):
        assert health._told("redis", error) == "The redis does not answer within 2 s."


def test_a_database_that_hangs_does_not_hang_the_answer(another_app: Any, silent_port: int) -> None:
    url = f"postgresql+psycopg2://nobody@127.0.0.1:{silent_port}/none"
    hanging = another_app(database_url=url)
    answer = hanging.test_client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json["components"]["database"] == {
        "status": "down",
        "message": "The database does not answer within 2 s.",
    }


def test_a_silent_part_holds_one_thread_however_often_it_is_asked(app: Any) -> None:
    begun, release = [], threading.Event()

    def ask() -> str:
        begun.append(threading.current_thread())
        release.wait(10)
        return "back"

    question = Question("silent", ask)
    for _ in range(20):
        with pytest.raises(TimeoutError):
            question.answer(patience=0.01)
    assert len(begun) == 1
    release.set()
    assert question.answer() == "back"


def test_no_cache_keeps_the_answer(client: Any) -> None:
    assert client.get("/healthz").headers["Cache-Control"] == "no-store"
