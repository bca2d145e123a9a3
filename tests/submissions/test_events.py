"""Job events: written with what they tell of, on the stream soon after, in order, lost by nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.serving import make_server

from mlarena.accounts import tokens
from mlarena.challenges import authoring
from mlarena.challenges import service as challenges
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.embedded import EmbeddedRedis
from mlarena.core.wake import Woken
from mlarena.submissions import claim, outbox
from mlarena.submissions.evaluate import evaluate
from mlarena.submissions.models import JobEvent, Submission
from mlarena.submissions.settle import settle
from mlarena.submissions.sweep import sweep
from tests.challenges.conftest import ADD

DOCS = Path(__file__).resolve().parents[2] / "docs" / "events.md"
PATIENCE = 60
QUIZ = {
    "name": "One question",
    "points": 10,
    "questions": [{"kind": "number", "prompt": "1 + 1?", "answer": 2}],
}


@pytest.fixture
def quiz(make_user: Callable[..., Any]) -> Any:
    return authoring.create(make_user("grace", role="instructor"), "knowledge", QUIZ, publish=True)


def attempt(user: Any, quiz: Any, value: str = "2") -> int:
    number: int = challenges.submit(user, quiz.id, {"answers": {"1": value}}).id
    evaluate(number)
    return number


def until(what: Callable[[], Any], say: Callable[[], Any] = lambda: "") -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, say()
        time.sleep(0.02)


def on_stream(app: Any) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (entry.decode(), fields[b"type"].decode(), json.loads(fields[b"event"]))
        for entry, fields in app.extensions["redis"].xrange(outbox.STREAM)
    ]


def test_the_stream_tells_of_the_intake_and_of_the_verdict(
    app: Any, user: Any, quiz: Any, queries: list[str]
) -> None:
    number = attempt(user, quiz, "3")
    assert sweep()["events"] == 2
    first, second = on_stream(app)
    assert [first[:2], second[:2]] == [("1-0", "job-init"), ("2-0", "job-completed")]
    told = {"attempt_id": number, "user_id": user.id, "challenge_id": quiz.id, "attempt_no": 1}
    assert first[2] == {**told, "task_kind": "knowledge"}
    assert told.items() <= second[2].items()
    assert (second[2]["status"], second[2]["passed"], second[2]["score"]) == ("COMPLETED", False, 0)
    assert second[2]["test_case_id"]
    # The expected result of a question is its answer.
    assert second[2]["expected_result"] is second[2]["actual_result"] is None
    assert outbox.drain() == 0
    assert len(on_stream(app)) == 2


def test_results_are_told_of_cases_that_learners_see_and_of_no_others(
    app: Any, user: Any, make_user: Any, jail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {name: value for name, value in ADD.items() if name != "kind"}
    add = authoring.create(make_user("grace", role="instructor"), "coding", fields, publish=True)
    visible, hidden, _ = (row.id for row in add.version_row().cases)

    def told(code: str) -> dict[str, Any]:
        evaluate(challenges.submit(user, add.id, {"code": code}).id)
        outbox.drain()
        found: dict[str, Any] = on_stream(app)[-1][2]
        return found

    wrong = told("def add(a, b): return a - b")
    assert (wrong["status"], wrong["passed"], wrong["score"]) == ("COMPLETED", False, 0)
    assert (wrong["test_case_id"], wrong["expected_result"], wrong["actual_result"]) == (
        visible,
        3,
        -1,
    )
    assert wrong["execution_ms"] > 0
    half = told("def add(a, b): return abs(a) + abs(b)")
    assert (half["test_case_id"], half["score"]) == (hidden, 75)
    assert half["expected_result"] is half["actual_result"] is None
    monkeypatch.setattr(outbox, "LARGEST_RESULT", 1000)
    long = told("def add(a, b): return 'x' * 1000")
    assert (long["test_case_id"], long["expected_result"]) == (visible, 3)
    assert long["actual_result"] is None
    failed = told("def add(a, b) return 3")
    assert (failed["status"], failed["passed"]) == ("FAILED", False)
    assert "Line 1" in failed["error"]
    right = told("def add(a, b): return a + b")
    assert (right["status"], right["passed"], right["test_case_id"]) == ("COMPLETED", True, None)


def test_settling_and_taking_in_cost_one_statement_more_each(
    app: Any, user: Any, quiz: Any, queries: list[str]
) -> None:
    queries.clear()
    number = challenges.submit(user, quiz.id, {"answers": {"1": "2"}}).id
    assert len([one for one in queries if "job_events" in one]) == 1
    token = claim.claim(number)
    submission = db.session.get_one(Submission, number)
    verdict = submission.task.grade(submission)
    queries.clear()
    assert settle(number, token or "", verdict)
    assert [one.split()[0] for one in queries if "job_events" in one] == ["INSERT"]


def test_old_events_go_and_the_last_position_stays(app: Any, user: Any, quiz: Any) -> None:
    for _ in range(3):
        attempt(user, quiz)
    outbox.drain()
    for event in db.session.scalars(select(JobEvent)):
        event.created_at = utcnow() - timedelta(days=31)
    db.session.commit()
    assert outbox.clean() == 5
    assert outbox.ends() == (6, 6)
    attempt(user, quiz)
    app.extensions["redis"].delete(outbox.STREAM)  # the numbers go on without it
    outbox.drain()
    assert [entry for entry, _, _ in on_stream(app)] == ["6-0", "7-0", "8-0"]


def test_a_stream_that_is_ahead_of_a_restored_database_is_added_to(
    app: Any, user: Any, quiz: Any
) -> None:
    app.extensions["redis"].xadd(outbox.STREAM, {"id": "evt_x", "event": "{}"}, id="900-0")
    attempt(user, quiz)
    assert outbox.drain() == 2
    assert [entry for entry, *_ in app.extensions["redis"].xrange(outbox.STREAM)][1:] == [
        b"901-0",
        b"902-0",
    ]


def test_the_api_tells_who_is_behind_what_they_missed(
    app: Any, client: Any, user: Any, quiz: Any, make_user: Any, bearer: Any
) -> None:
    for _ in range(2):
        attempt(user, quiz)
    outbox.drain()
    headers = bearer(make_user("root", role="admin"))
    data = client.get("/api/v1/events?after=1&limit=2", headers=headers).json["data"]
    assert [event["position"] for event in data["events"]] == [2, 3]
    assert (data["first"], data["last"], data["missed"]) == (1, 4, 0)
    db.session.execute(JobEvent.__table__.delete().where(JobEvent.position <= 2))
    db.session.commit()
    data = client.get("/api/v1/events?after=1", headers=headers).json["data"]
    assert ([event["position"] for event in data["events"]], data["missed"]) == ([3, 4], 1)
    assert client.get("/api/v1/events", headers=bearer(user)).status_code == 403


class Consumer:
    """The example of docs/events.md, as a process of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        [text] = re.findall(r"```python\n(import json.*?)```", DOCS.read_text(), re.DOTALL)
        self.program, self.file, self.log = folder / "it.py", folder / "kept", folder / "log"
        self.program.write_text(text)
        self.environment = {**os.environ, **environment}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(self.program), str(self.file)],
                env=self.environment,
                stderr=log,
            )

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def lines(self) -> list[list[str]]:
        return (
            [line.split() for line in self.file.read_text().splitlines()]
            if self.file.exists()
            else []
        )


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def arena(
    app: Any, another_app: Any, own_redis: EmbeddedRedis, user: Any, make_user: Any, tmp_path: Path
) -> Iterator[Any]:
    """An arena on a Redis that can be stopped, behind HTTP, with its drainer and a consumer."""
    other = another_app(redis_url=own_redis.url, events_length=10)
    _, token = tokens.issue(make_user("root", role="admin"), "consumer")
    server = make_server("127.0.0.1", 0, other, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    listening = Woken(other, {outbox.WRITTEN: outbox.drain}).start()
    other.consumer = Consumer(
        tmp_path,
        REDIS_URL=own_redis.url,
        ARENA_URL=f"http://127.0.0.1:{server.server_port}",
        ARENA_TOKEN=token,
    )
    yield other
    other.consumer.kill()
    server.shutdown()
    listening.stop()


def test_the_documented_consumer_loses_nothing_and_does_nothing_twice(
    arena: Any, own_redis: EmbeddedRedis, user: Any, quiz: Any
) -> None:
    consumer, sent = arena.consumer, []

    def attempts(number: int) -> None:
        with arena.app_context():
            sent.extend(attempt(user, quiz, str(value)) for value in range(number))
            db.session.remove()

    def all_there() -> bool:
        return len(consumer.lines()) == 2 * len(sent)

    def said() -> Any:
        return consumer.lines(), consumer.log.read_text(), sent

    consumer.start()
    attempts(3)
    until(all_there, said)

    consumer.kill()  # in whatever it does
    attempts(2)
    own_redis.stop()
    attempts(1)  # with no Redis at all
    consumer.start()
    own_redis.start()

    def swept() -> bool:  # by the clock: the word about the last one found no Redis
        with arena.app_context():
            sweep()
            db.session.remove()
        return all_there()

    until(swept, said)

    arena.extensions["redis"].flushall()  # stream and group are gone, the order is not
    attempts(2)
    until(all_there, said)

    consumer.kill()
    attempts(12)  # the stream holds ten events
    until(lambda: arena.extensions["redis"].xinfo_stream(outbox.STREAM)["last-generated-id"]
          == f"{2 * len(sent)}-0".encode(), said)  # fmt: skip
    assert arena.extensions["redis"].xlen(outbox.STREAM) == 10
    consumer.start()
    until(all_there, said)

    lines = consumer.lines()
    assert [int(line[0]) for line in lines] == list(range(1, 2 * len(sent) + 1))
    assert len({line[1] for line in lines}) == len(lines)
    assert [(line[2], int(line[3])) for line in lines if int(line[3]) in sent] == [
        (kind, number) for number in sent for kind in ("job-init", "job-completed")
    ]
    assert "kept no more" not in consumer.log.read_text()
    assert db.session.scalar(select(func.count()).select_from(JobEvent)) == len(lines)
