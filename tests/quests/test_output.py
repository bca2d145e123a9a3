"""What a training prints is seen while it runs, by its learner, in order, and whole."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mlarena.core.db import db
from mlarena.live import console
from mlarena.submissions import claim, output
from mlarena.submissions.models import Submission
from tests.live.watcher import Watcher, served

TALKS = """
import time
from sklearn.tree import DecisionTreeClassifier
def train(X, y):
    print("\\033[1mfirst\\033[0m <b>line</b>")
    time.sleep(0.4)
    for n in range(5): print("line", n)
    return DecisionTreeClassifier().fit(X, y)
"""
WHOLE = "first <b>line</b>\n" + "".join(f"line {n}\n" for n in range(5))


@pytest.fixture
def read(client: Any, headers: Any) -> Any:
    """read(submission_id, run=0, after=0) -> the API's answer."""

    def get(number: int, **query: int) -> Any:
        address = f"/api/v1/submissions/{number}/output"
        return client.get(address, query_string=query, headers=headers)

    return get


@pytest.fixture
def watch(app: Any, headers: Any) -> Any:
    with served(app) as url:
        watchers = []

        def connect(shown: dict[str, str] = headers) -> Watcher:
            watchers.append(Watcher(url, auth={"token": shown["Authorization"].split()[1]}))
            return watchers[-1]

        yield connect
        for watcher in watchers:
            watcher.leave()


def test_lines_come_while_it_runs_and_in_order(
    watch: Any, hand_in: Any, trainer: Any, becomes: Any, read: Any, make_user: Any, bearer: Any
) -> None:
    own, stranger = watch(), watch(bearer(make_user("bob")))
    number = hand_in(TALKS).json["data"]["id"]
    trainer()
    first = own.hears("training", within=30)
    assert first == {
        **{"submission_id": number, "run": 1, "seq": 1},
        "text": "first <b>line</b>\n",
    }
    assert read(number).json["data"]["status"] == "running"
    becomes(number, "scored")
    own.hears("verdict")
    pieces = [first, *own.heard("training")]
    assert [piece["seq"] for piece in pieces] == list(range(1, len(pieces) + 1))
    assert "".join(piece["text"] for piece in pieces) == WHOLE
    assert stranger.heard("training") == []


def test_a_page_that_missed_some_reads_on(
    hand_in: Any, trainer: Any, becomes: Any, read: Any, client: Any, headers: Any
) -> None:
    number = hand_in(TALKS).json["data"]["id"]
    before = read(number).json["data"]
    assert (before["run"], before["seq"], before["text"]) == (0, 0, "")
    assert before["status"] == "queued"
    trainer()
    becomes(number, "scored")
    whole = read(number).json["data"]
    assert (whole["text"], whole["status"]) == (WHOLE, "scored")
    rest = read(number, run=1, after=1).json["data"]
    assert "first <b>line</b>\n" + rest["text"] == WHOLE
    assert (rest["run"], rest["seq"]) == (1, whole["seq"])
    nothing = read(number, run=1, after=whole["seq"]).json["data"]
    assert (nothing["text"], nothing["seq"]) == ("", whole["seq"])
    shown = client.get(f"/api/v1/submissions/{number}", headers=headers).json["data"]
    assert shown["report"]["training"]["output"] == WHOLE


def test_a_second_run_starts_anew(user: Any, hand_in: Any, read: Any, app: Any) -> None:
    """The first worker was thought dead; what it still prints is not seen between the second's lines."""
    number = hand_in(TALKS).json["data"]["id"]

    def run() -> tuple[str, console.Console]:
        token = claim.claim(number)
        assert token is not None
        row = db.session.get_one(Submission, number, populate_existing=True)
        return token, output.shown(row)

    token, first = run()
    with first:
        first.say("one\n")
    claim.release(number, token)
    time.sleep(0.01)
    _, second = run()
    with first_again(first), second:
        second.say("two\n")
    got = read(number, run=1, after=1).json["data"]
    assert (got["run"], got["seq"], got["text"]) == (2, 1, "two\n")


def first_again(spent: console.Console) -> console.Console:
    late = console.Console("", "training", {}, "nobody")
    late._key = spent._key
    late.say("late\n")
    return late


def test_many_small_pieces_are_few_messages(user: Any, app: Any) -> None:
    name = "submission:7:1"
    started = time.monotonic()
    with console.Console(name, "training", {}, "nobody") as shown:
        for n in range(200):
            shown.say(f"{n}\n")
            time.sleep(0.002)
    took = time.monotonic() - started
    seq, text = console.read(name)
    assert text == "".join(f"{n}\n" for n in range(200))
    assert seq <= took / console.PAUSE_SECONDS + 2


def test_it_is_kept_for_a_while_only(app: Any) -> None:
    with console.Console("submission:8:1", "training", {}, "nobody") as shown:
        shown.say("x")
    assert 0 < app.extensions["redis"].ttl("mlarena:console:submission:8:1") <= console.KEPT_SECONDS


def test_without_redis_the_training_is_judged_all_the_same(
    app: Any, another_app: Any, hand_in: Any, work: Any, read: Any, monkeypatch: Any
) -> None:
    number = hand_in(TALKS).json["data"]["id"]
    away = another_app(redis_url="redis://127.0.0.1:1/0").extensions["live"].client
    monkeypatch.setattr(console, "_client", lambda: away)
    work()
    answer = read(number)
    assert answer.status_code == 200
    assert (answer.json["data"]["text"], answer.json["data"]["status"]) == ("", "scored")


def test_queries_that_are_none(hand_in: Any, read: Any) -> None:
    number = hand_in(TALKS).json["data"]["id"]
    assert read(number, after=-1).status_code == 422
    assert read(number, other=1).status_code == 422
    assert read(9999).status_code == 404
