"""A receiver as people write them, which can be killed and started again, and an arena that may ask it."""

from __future__ import annotations

import http.server
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from rq import Queue

from mlarena.challenges import authoring
from mlarena.challenges import service as challenges
from mlarena.core.db import db
from mlarena.submissions import outbox
from mlarena.submissions.evaluate import evaluate
from mlarena.submissions.queues import WEBHOOKS
from mlarena.webhooks import dispatch, service
from mlarena.webhooks.models import Webhook
from mlarena.worker import ArenaWorker

QUIZ = {
    "name": "One question",
    "points": 10,
    "questions": [{"kind": "number", "prompt": "1 + 1?", "answer": 2}],
}
BOTH = ["job-init", "job-completed"]


class Receiver:
    """`got` is what arrived: (headers, body). `say` decides each answer; `hang` gives none."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.say: Callable[[dict[str, str], bytes], int] = lambda headers, body: 204
        self.hang = threading.Event()
        self.kept_waiting: queue.Queue[dict[str, str]] = queue.Queue()
        self.over = threading.Event()
        self.port = 0
        self._server: Any = None

    def start(self) -> None:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if receiver.hang.is_set():
                    receiver.kept_waiting.put(headers)
                    receiver.over.wait(30)
                    return
                status = receiver.say(headers, body)
                if 200 <= status < 300:
                    receiver.got.append((headers, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.end_headers()

            def log_message(self, *_given: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def receiving() -> Iterator[Receiver]:
    made = Receiver()
    made.start()
    yield made
    made.over.set()
    made.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def another_receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def arena(app: Any, another_app: Any) -> Iterator[Any]:
    """It may ask this machine, and is not patient."""
    other = another_app(
        outgoing_allow="127.0.0.0/8",
        webhook_seconds=1.0,
        webhook_retry_seconds=0.01,
        webhook_attempts=4,
    )
    with other.app_context():
        yield other
        db.session.remove()


@pytest.fixture
def work(arena: Any) -> Iterator[Callable[..., None]]:
    """work() -> what is owed is sent by a real worker off the queue, until nothing waits; work(1): once."""
    connection = redis.Redis.from_url(arena.extensions["settings"].redis)

    def run(rounds: int = 0) -> None:
        end, done = time.monotonic() + 60, 0
        while True:
            outbox.drain()
            owed = dispatch.enqueue_owed()
            ArenaWorker(
                arena, queues=[Queue(WEBHOOKS, connection=connection)], connection=connection
            ).work(burst=True, logging_level="WARNING")
            db.session.expire_all()
            done += 1
            if done == rounds or not (owed or rounds or _waits()):
                return
            assert time.monotonic() < end
            time.sleep(0.02)

    yield run
    connection.close()


def _waits() -> bool:
    from mlarena.webhooks.models import Delivery

    some = (
        db.session.query(Delivery)
        .join(Webhook)
        .filter(Delivery.status == "waiting", Webhook.state == "on")
    )
    return some.first() is not None


@pytest.fixture
def teacher(make_user: Callable[..., Any]) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def make_quiz(arena: Any) -> Callable[..., Any]:
    return lambda by, name="One question": authoring.create(
        by, "knowledge", QUIZ | {"name": name}, publish=True
    )


@pytest.fixture
def quiz(make_quiz: Any, teacher: Any) -> Any:
    return make_quiz(teacher)


@pytest.fixture
def attempt(arena: Any) -> Callable[..., int]:
    """attempt(user, quiz, "2") -> the submission's id; it has its verdict."""

    def hand_in(user: Any, quiz: Any, value: str = "2") -> int:
        number: int = challenges.submit(user, quiz.id, {"answers": {"1": value}}).id
        evaluate(number)
        return number

    return hand_in


@pytest.fixture
def hook(receiver: Receiver) -> Callable[..., tuple[Webhook, str]]:
    """hook(owner, url=…) -> the webhook and its secret."""
    return lambda owner, url="", events=BOTH: service.create(
        owner, {"name": "Mine", "url": url or receiver.url, "events": events}
    )
