"""Trying code before it is submitted: cross-validated in the real jail, recorded nowhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from rq import Queue

from mlarena.boards.models import BoardEntry
from mlarena.core.db import db
from mlarena.core.redis import redis_client
from mlarena.quests import tries
from mlarena.submissions.models import JobEvent, Progress, Submission
from tests.live.watcher import Watcher, served

FOREST = """
from sklearn.ensemble import RandomForestClassifier
print("hello")
def train(X, y):
    print("training on", len(X), "rows")
    return RandomForestClassifier(20, random_state=0).fit(X, y)
"""
ENDLESS = "def train(X, y):\n    print('round 1')\n    while True: pass\n"


@pytest.fixture
def address(quest: Any) -> str:
    return f"/api/v1/quests/{quest.id}/try"


@pytest.fixture
def start(client: Any, headers: Any, address: str) -> Callable[..., Any]:
    """start(code, of=quest) -> the API's answer."""

    def send(code: Any, of: Any = None) -> Any:
        path = f"/api/v1/quests/{of.id}/try" if of else address
        return client.post(path, json={"code": code}, headers=headers)

    return send


@pytest.fixture
def read(client: Any, headers: Any, address: str) -> Callable[..., Any]:
    def get(of: Any = None, **query: Any) -> Any:
        path = f"/api/v1/quests/{of.id}/try" if of else address
        return client.get(path, query_string=query, headers=headers)

    return get


@pytest.fixture
def tried(start: Any, read: Any, work: Any, jail: Any) -> Callable[..., dict[str, Any]]:
    """tried(code, of=quest) -> the try when it is over."""

    def run(code: str, of: Any = None) -> dict[str, Any]:
        answer = start(code, of)
        assert answer.status_code == 202, answer.text
        work()
        shown: dict[str, Any] = read(of).json["data"]
        return shown

    return run


@pytest.fixture
def endless(start: Any, read: Any, trainer: Any) -> dict[str, Any]:
    """A try that has begun to print and would never end."""
    assert start(ENDLESS).status_code == 202
    trainer()
    until = time.monotonic() + 30
    while not (shown := read().json["data"])["text"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    return dict(shown)


def count(model: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


class TestScores:
    def test_each_fold_with_its_score_and_time(self, tried: Any, quest: Any) -> None:
        shown = tried(FOREST)
        assert shown["status"] == "done", shown["error"]
        assert (shown["metric"], shown["threshold"], shown["of"]) == ("f1_macro", 0.9, 5)
        scores = [fold["score"] for fold in shown["folds"]]
        assert len(scores) == 5
        assert all(0.7 < score <= 1 for score in scores)
        assert shown["mean"] == pytest.approx(sum(scores) / 5)
        assert 0 <= shown["sd"] < 0.2
        assert shown["passes"] is (shown["mean"] > 0.9)
        assert shown["wall_ms"] == pytest.approx(sum(fold["wall_ms"] for fold in shown["folds"]))
        rows = quest.dataset.rows
        assert shown["text"].startswith(f"hello\ntraining on {rows - -(-rows // 5)} rows\n")
        assert shown["text"].count("training on") == 5

    def test_it_is_the_score_of_scikit_learn_on_the_same_folds(
        self, tried: Any, built_dataset: Any
    ) -> None:
        """An honest baseline, computed here and not in the jail."""
        import numpy as np
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.model_selection import PredefinedSplit, cross_val_score

        from mlarena.scoring.folds import deal

        shown = tried(FOREST)
        table = built_dataset("iris").train
        X, y = table.drop(columns=["species"]), table["species"]
        folds = PredefinedSplit(deal(len(X), 5, y.to_numpy()))
        model = RandomForestClassifier(20, random_state=0)
        expected = cross_val_score(model, X, y, cv=folds, scoring="f1_macro")
        np.testing.assert_allclose([fold["score"] for fold in shown["folds"]], expected)

    def test_probabilities(self, make_quest: Any, tried: Any) -> None:
        quest = make_quest("iris", slug="sure", metric="log_loss", threshold=0.3)
        shown = tried(FOREST, quest)
        assert shown["status"] == "done", shown["error"]
        assert 0 < shown["mean"] < 2
        assert shown["direction"] == "lower"

    def test_a_regression_with_own_features(self, make_quest: Any, tried: Any) -> None:
        quest = make_quest("housing", metric="r2", threshold=0.8)
        code = """
from sklearn.linear_model import LinearRegression
def features(X): return X.assign(one=1.0)
def train(X, y):
    assert "one" in X
    return LinearRegression().fit(X, y)
"""
        shown = tried(code, quest)
        assert shown["passes"], shown

    def test_hidden_groups_are_judged_by_how_they_are_separated(
        self, make_quest: Any, tried: Any
    ) -> None:
        quest = make_quest("customers", metric="adjusted_rand", threshold=0.9)
        code = (
            "from sklearn.cluster import KMeans\n"
            "def train(X, y): return KMeans(4, n_init=5, random_state=0).fit(X)"
        )
        shown = tried(code, quest)
        assert shown["status"] == "done", shown["error"]
        assert (shown["metric"], shown["threshold"], shown["passes"]) == ("silhouette", None, None)
        assert -1 < shown["mean"] < 1

    def test_the_folds_until_time_is_up(self, tried: Any, jail: Any, monkeypatch: Any) -> None:
        from dataclasses import replace

        monkeypatch.setattr(jail, "training_limits", replace(jail.training_limits, wall_seconds=3))
        shown = tried(
            "import time\nfrom sklearn.tree import DecisionTreeClassifier\nrounds = []\n"
            "def train(X, y):\n    rounds.append(1)\n"
            "    if len(rounds) > 2: time.sleep(60)\n    return DecisionTreeClassifier().fit(X, y)"
        )
        assert (shown["status"], len(shown["folds"])) == ("done", 2)
        assert shown["note"] == (
            "Time was up after 2 of 5 folds: all of them together have 3 seconds."
        )
        assert shown["mean"] > 0.5


class TestNothingIsRecorded:
    def test_nowhere_but_in_redis(self, user: Any, tried: Any, app: Any) -> None:
        tried(FOREST)
        assert [count(model) for model in (Submission, Progress, BoardEntry, JobEvent)] == [0] * 4
        ttl = app.extensions["redis"].ttl(f"mlarena:try:{user.id}")
        assert 0 < ttl <= tries.KEPT_SECONDS

    def test_it_goes_with_the_account(
        self, user: Any, start: Any, client: Any, headers: Any, app: Any
    ) -> None:
        start(FOREST)
        left = client.delete(
            "/api/v1/users/me", json={"password": "correct horse battery"}, headers=headers
        )
        assert left.status_code in (200, 204)
        assert not app.extensions["redis"].exists(f"mlarena:try:{user.id}")

    def test_the_days_attempts_are_not_used(
        self, make_quest: Any, tried: Any, hand_in: Any
    ) -> None:
        quest = make_quest(slug="rare", limits={"submissions_per_day": 1})
        tried(FOREST, quest)
        assert hand_in(FOREST, quest).status_code == 202
        assert tried(FOREST, quest)["status"] == "done"


class TestFails:
    @pytest.mark.parametrize(
        ("code", "words", "line"),
        [
            ("def fit(X, y): pass", "does not define `train`", None),
            ("def train(X, y):\n    return X['girth']", "line 2: KeyError", 2),
            ("x = 1\ndef train(X, y)\n    return 1", "Line 2", 2),
            ("def train(X, y): return 0.97", "`float`", None),
            ("while True: print('x' * 999)", "printed more than", None),
            ("def train(X, y): return open('/etc/passwd')", "already in `X` and `y`", 1),
            ("def train(X, y):\n    return input()", "somebody to type", 2),
            ("import sys\ndef train(X, y): sys.exit(3)", "called exit()", None),
            ("import os\ndef train(X, y): os.fork()", "start a program", 2),
            (
                "from sklearn.tree import DecisionTreeRegressor\n"
                "def train(X, y): return DecisionTreeRegressor()",
                "not fitted",
                None,
            ),
            (
                "import numpy as np\n"
                "class M:\n    def predict(self, X): return np.full(len(X), 0.5)\n"
                "def train(X, y): return M()",
                "Use a classifier",
                None,
            ),
        ],
    )
    def test_code_that_gives_no_score(
        self, tried: Any, code: str, words: str, line: int | None
    ) -> None:
        shown = tried(code)
        assert (shown["status"], shown["folds"]) == ("failed", [])
        assert words in shown["error"]
        assert shown["line"] == line

    def test_a_model_of_200_mb_is_told_before_it_is_submitted(self, tried: Any) -> None:
        shown = tried(
            "import numpy as np\nfrom sklearn.tree import DecisionTreeClassifier\n"
            "def train(X, y):\n    model = DecisionTreeClassifier().fit(X, y)\n"
            "    model.rows = np.random.default_rng(0).random(25_000_000)\n    return model"
        )
        assert "has 190.7 MB, and at most 50 MB are taken" in shown["error"]

    def test_the_traceback_has_the_learners_own_lines(self, tried: Any) -> None:
        shown = tried(
            "from sklearn.svm import SVC\ndef train(X, y):\n    return SVC(kernel='none').fit(X, y)"
        )
        assert 'File "train.py", line 3, in train' in shown["detail"]
        assert "site-packages" not in shown["detail"]


class TestOnItsWay:
    def test_it_is_told_live_to_its_learner_alone(
        self, app: Any, headers: Any, make_user: Any, bearer: Any, start: Any, trainer: Any
    ) -> None:
        stranger_token = bearer(make_user("bob"))["Authorization"].split()[1]
        with served(app) as url:
            own = Watcher(url, auth={"token": headers["Authorization"].split()[1]})
            stranger = Watcher(url, auth={"token": stranger_token})
            number = start(FOREST).json["data"]["id"]
            trainer()
            states = [own.hears("try", within=30)]
            while states[-1]["status"] == "running":
                states.append(own.hears("try", within=30))
            assert [len(state["folds"]) for state in states] == [0, 1, 2, 3, 4, 5, 5]
            assert {state["id"] for state in states} == {number}
            first = own.hears("training")
            assert (first["run"], first["seq"], first["text"][:6]) == (number, 1, "hello\n")
            assert stranger.heard("try") + stranger.heard("training") == []
            own.leave()
            stranger.leave()

    def test_a_page_that_missed_some_reads_on(self, tried: Any, read: Any) -> None:
        whole = tried(FOREST)
        rest = read(run=whole["id"], after=whole["seq"]).json["data"]
        assert (rest["seq"], rest["text"]) == (whole["seq"], "")
        assert read(run="another", after=whole["seq"]).json["data"]["text"] == whole["text"]

    def test_one_at_a_time(
        self, endless: Any, start: Any, client: Any, headers: Any, address: str, make_quest: Any
    ) -> None:
        again = start(FOREST)
        assert again.status_code == 409
        assert "still on its way" in again.json["message"]
        assert start(FOREST, make_quest(slug="another")).status_code == 409
        assert client.delete(address, headers=headers).status_code == 200
        assert start(FOREST).status_code == 202

    def test_cancelled_it_ends_at_once(
        self, endless: Any, client: Any, headers: Any, address: str, read: Any, jail: Any
    ) -> None:
        from tests.quests.test_cancel import SOON, busy, wait_until_busy

        wait_until_busy(jail)
        started = time.monotonic()
        while not read().json["data"]["text"]:  # what it printed is on its way
            assert time.monotonic() - started < SOON
            time.sleep(0.01)
        started = time.monotonic()
        answer = client.delete(address, headers=headers)
        assert (answer.status_code, answer.json["data"]["status"]) == (200, "cancelled")
        while busy(jail):
            assert time.monotonic() - started < SOON
            time.sleep(0.01)
        time.sleep(0.2)  # its worker has concluded by now, and nothing has changed
        shown = read().json["data"]
        assert (shown["status"], shown["text"], shown["error"]) == ("cancelled", "round 1\n", None)
        late = client.delete(address, headers=headers)
        assert late.status_code == 409
        assert "too late" in late.json["message"]

    def test_cancelled_while_it_waits_it_never_runs(
        self, start: Any, client: Any, headers: Any, address: str, work: Any, read: Any
    ) -> None:
        start(FOREST)
        assert client.delete(address, headers=headers).status_code == 200
        work()
        shown = read().json["data"]
        assert (shown["status"], shown["text"]) == ("cancelled", "")

    def test_a_worker_that_dies_takes_it_along(self, endless: Any, app: Any, user: Any) -> None:
        """While it runs its worker keeps it; it ends by itself soon after nobody does."""
        assert app.extensions["redis"].ttl(f"mlarena:try:{user.id}") <= tries.ALIVE_SECONDS
        tries.forget(user.id)

    def test_what_was_forgotten_or_replaced_is_ended(
        self, endless: Any, user: Any, jail: Any, read: Any
    ) -> None:
        from tests.quests.test_cancel import SOON, busy, wait_until_busy

        wait_until_busy(jail)
        tries.forget(user.id)
        until = time.monotonic() + SOON
        while busy(jail):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert read().status_code == 404

    def test_it_waits_with_the_trainings(self, start: Any) -> None:
        start(FOREST)
        names = ("trainings", "evaluations")
        waiting = [Queue(name, connection=redis_client()).count for name in names]
        assert waiting == [1, 0]

    def test_two_at_the_same_moment_are_one(self, app: Any, quest: Any, user: Any) -> None:
        gate, taken = threading.Barrier(4), []
        user_id, quest_id = user.id, quest.id

        def go() -> None:
            from mlarena.accounts.models import User
            from mlarena.core.errors import Conflict

            with app.app_context():
                someone = db.session.get_one(User, user_id)
                gate.wait()
                try:
                    taken.append(tries.start(someone, quest_id, FOREST).id)
                except Conflict:
                    taken.append(None)

        threads = [threading.Thread(target=go) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len([one for one in taken if one]) == 1


class TestAtTheDoor:
    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("", "is empty"),
            (" \n\t", "is empty"),
            ("x" * (1 << 20), "has 1,024.0 KiB, and at most 64 KiB"),
            ("x = '\0'", "NUL"),
            ("\ud800", "surrogate"),
            (5, "string"),
        ],
        ids=["empty", "blank", "1 MB", "nul", "surrogate", "number"],
    )
    def test_code_that_is_none(
        self, client: Any, headers: Any, address: str, code: Any, words: str
    ) -> None:
        import json

        for door in (address, address.replace("/try", "/train")):
            answer = client.post(
                door,
                data=json.dumps({"code": code}),
                content_type="application/json",
                headers=headers,
            )
            assert answer.status_code == 422
            assert words in answer.json["errors"]["code"][0]
        assert Queue("trainings", connection=redis_client()).count == 0

    def test_none_yet_and_somebody_elses(
        self,
        read: Any,
        start: Any,
        client: Any,
        address: str,
        make_user: Any,
        bearer: Any,
        make_quest: Any,
    ) -> None:
        assert read().status_code == 404
        assert start(FOREST).status_code == 202
        assert read().status_code == 200
        assert read(make_quest(slug="another")).status_code == 404
        assert client.get(address, headers=bearer(make_user("bob"))).status_code == 404
        assert client.get(address).status_code == 401

    def test_locked_unpublished_and_unknown_quests(
        self, start: Any, make_quest: Any, client: Any, headers: Any
    ) -> None:
        locked = start(FOREST, make_quest(slug="locked", level_xp=500))
        assert locked.status_code == 403
        assert start(FOREST, make_quest(slug="draft", status="draft")).status_code == 404
        unknown = client.post("/api/v1/quests/9999/try", json={"code": "x"}, headers=headers)
        assert unknown.status_code == 404

    def test_without_redis_it_says_so(
        self, another_app: Any, headers: Any, address: str, app: Any
    ) -> None:
        away = another_app(redis_url="redis://127.0.0.1:1/0")
        answer = away.test_client().post(address, json={"code": FOREST}, headers=headers)
        assert answer.status_code == 503
        assert "cannot try code just now" in answer.json["message"]
