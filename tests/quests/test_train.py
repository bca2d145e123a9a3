"""Code handed in through the API, fitted in the real jail by a real worker, and judged like an upload."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from rq import Queue

from mlarena.core.db import db
from mlarena.core.redis import redis_client
from mlarena.core.storage import Blob
from mlarena.submissions.models import Progress, Submission
from mlarena.submissions.sweep import sweep

PASSWORD = "correct horse battery"
FOREST = """
from sklearn.ensemble import RandomForestClassifier

def train(X, y):
    print("training on", len(X), "rows")
    return RandomForestClassifier(20, random_state=0).fit(X, y)
"""
LINEAR = """
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def train(X, y):
    return make_pipeline(StandardScaler(), LinearRegression()).fit(X, y)
"""
CLUSTERS = """
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def train(X, y):
    assert y is None
    return make_pipeline(StandardScaler(), KMeans(4, n_init=10, random_state=0)).fit(X)
"""


def count(model: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


@pytest.fixture
def verdict_of(client: Any, headers: Any, hand_in: Any, work: Any) -> Any:
    """verdict_of(code, of=quest) -> the submission after its evaluation."""

    def judge(code: str, of: Any = None) -> dict[str, Any]:
        answer = hand_in(code, of)
        assert answer.status_code == 202, answer.text
        work()
        number = answer.json["data"]["id"]
        shown: dict[str, Any] = client.get(f"/api/v1/submissions/{number}", headers=headers).json[
            "data"
        ]
        return shown

    return judge


class TestPasses:
    def test_a_classifier(
        self, user: Any, quest: Any, hand_in: Any, verdict_of: Any, client: Any, headers: Any
    ) -> None:
        shown = verdict_of(FOREST)
        assert shown["status"] == "scored", shown["error"]
        assert shown["passed"]
        assert shown["xp_awarded"] == 100
        assert "code" not in shown
        report = shown["report"]
        assert report["training"]["output"].startswith("training on ")
        assert report["training"]["wall_ms"] > 0
        assert report["model"]["estimator"] == "RandomForestClassifier"
        assert report["file"]["size"] > 1000
        progress = db.session.get_one(Progress, (user.id, quest.id))
        assert (progress.status, progress.attempts) == ("completed", 1)
        seen = client.get(f"/api/v1/quests/{quest.id}", headers=headers).json["data"]
        assert seen["best_score"] == shown["score"]

    def test_a_regression(self, make_quest: Any, verdict_of: Any) -> None:
        quest = make_quest("housing", metric="r2", threshold=0.8)
        shown = verdict_of(LINEAR, quest)
        assert shown["passed"], shown

    def test_clusters(self, make_quest: Any, verdict_of: Any) -> None:
        quest = make_quest("customers", metric="adjusted_rand", threshold=0.5)
        shown = verdict_of(CLUSTERS, quest)
        assert shown["passed"], shown

    def test_own_features_and_an_own_class(self, verdict_of: Any) -> None:
        code = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier

def features(X):
    return X.assign(area=X.iloc[:, 2] * X.iloc[:, 3])

class Vote(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.voters_ = [KNeighborsClassifier(k).fit(X, y) for k in (3, 5, 7)]
        self.classes_ = np.unique(y)
        return self
    def predict(self, X):
        votes = np.array([voter.predict(X) for voter in self.voters_])
        return [max(set(column), key=list(column).count) for column in votes.T]

def train(X, y):
    assert "area" in X
    return Vote().fit(X, y)
"""
        shown = verdict_of(code)
        assert shown["passed"], shown
        assert shown["report"]["model"]["estimator"] == "Features → Vote"

    def test_a_weak_model_is_scored_and_not_paid(self, verdict_of: Any) -> None:
        shown = verdict_of(
            "from sklearn.dummy import DummyClassifier\n"
            "def train(X, y): return DummyClassifier().fit(X, y)"
        )
        assert (shown["status"], shown["passed"], shown["xp_awarded"]) == ("scored", False, 0)

    def test_a_training_longer_than_the_lease_is_evaluated_once(
        self, settings: Any, verdict_of: Any
    ) -> None:
        code = f"import time\ntime.sleep({settings.lease_seconds * 1.6})\n" + FOREST
        shown = verdict_of(code)
        assert shown["passed"], shown
        assert db.session.get_one(Submission, shown["id"]).claims == 1


class TestFails:
    @pytest.mark.parametrize(
        ("code", "category", "words"),
        [
            ("def fit(X, y): pass", "no_train", "does not define `train`"),
            ("def train(X, y):\n    return X['girth']", "code_failed", "line 2: KeyError"),
            ("def train(X, y):\n    return (1", "syntax", "Line 2"),
            ("def train(X, y): return 0.97", "not_a_model", "`float`"),
            ("while True: print('x' * 999)", "output_flood", "printed more than"),
            ("def train(X, y): return open('/etc/passwd')", "blocked", "already in `X` and `y`"),
            ("import torch", "missing_library", "`torch`"),
        ],
    )
    def test_code_that_gives_no_model(
        self, user: Any, quest: Any, verdict_of: Any, code: str, category: str, words: str
    ) -> None:
        shown = verdict_of(code)
        assert (shown["status"], shown["score"], shown["passed"]) == ("failed", None, False)
        assert words in shown["error"]
        assert shown["report"]["problem"]["category"] == category
        progress = db.session.get_one(Progress, (user.id, quest.id))
        assert (progress.status, progress.attempts) == ("submitted", 1)

    def test_the_report_has_the_line_and_what_was_printed(self, verdict_of: Any) -> None:
        shown = verdict_of("def train(X, y):\n    print('so far')\n    return 1 / 0\n")
        assert "in line 3: ZeroDivisionError" in shown["error"]
        assert 'File "train.py", line 3, in train' in shown["report"]["problem"]["detail"]
        assert shown["report"]["training"]["output"] == "so far\n"
        assert shown["execution_ms"] > 0

    def test_code_that_never_ends(self, jail: Any, monkeypatch: Any, verdict_of: Any) -> None:
        from dataclasses import replace

        short = replace(jail.training_limits, wall_seconds=2)
        monkeypatch.setattr(jail, "training_limits", short)
        shown = verdict_of("def train(X, y):\n    print('round 1')\n    while True: pass")
        assert shown["status"] == "failed"
        assert "2 seconds" in shown["error"]
        assert shown["report"]["training"]["output"] == "round 1\n"

    def test_a_model_that_remembers_200_mb(self, verdict_of: Any) -> None:
        code = (
            "import numpy as np\nfrom sklearn.tree import DecisionTreeClassifier\n"
            "def train(X, y):\n    model = DecisionTreeClassifier().fit(X, y)\n"
            "    model.rows = np.random.default_rng(0).random(25_000_000)\n    return model"
        )
        shown = verdict_of(code)
        assert shown["status"] == "failed"
        assert "has 190.7 MB, and at most 50 MB" in shown["error"]

    def test_a_model_that_is_not_fitted(self, verdict_of: Any) -> None:
        shown = verdict_of(
            "from sklearn.tree import DecisionTreeClassifier\n"
            "def train(X, y): return DecisionTreeClassifier()"
        )
        assert shown["status"] == "failed"
        assert "not fitted" in shown["error"]

    def test_a_model_for_another_kind_of_task(self, verdict_of: Any) -> None:
        shown = verdict_of(
            "from sklearn.tree import DecisionTreeRegressor\n"
            "def train(X, y): return DecisionTreeRegressor().fit(X, y.astype('category').cat.codes)"
        )
        assert shown["status"] == "failed"
        assert "needs a classifier" in shown["error"]

    def test_what_its_model_prints_about_hidden_rows_is_not_shown(self, verdict_of: Any) -> None:
        code = """
class Teller:
    def __init__(self, names): self.names = names
    def predict(self, X):
        print("asked about", len(X))
        return [self.names[0]] * len(X)
def train(X, y):
    return Teller(sorted(set(y)))
"""
        shown = verdict_of(code)
        assert shown["status"] == "scored", shown["error"]
        sizes = {int(line.split()[-1]) for line in shown["report"]["output"].splitlines()}
        # The public rows it is asked about, and a part of them again; never the hidden ones.
        assert len(sizes) == 2
        assert hidden_rows() not in sizes


def hidden_rows() -> int:
    from mlarena.quests.models import Dataset

    return db.session.scalars(sa.select(Dataset.hidden_rows)).one()


class TestAtTheDoor:
    @pytest.mark.parametrize(
        "code",
        [
            "",
            "  \n\t\n",
            "x" * (64 * 1024 + 1),
            "é" * (32 * 1024 + 1),
            "x = '\0'",
            "\ud800",
            5,
            None,
        ],
        ids=["empty", "blank", "too long", "too many bytes", "nul", "surrogate", "number", "none"],
    )
    def test_code_that_is_none(self, app: Any, hand_in: Any, code: Any) -> None:
        blobs = count(Blob)
        answer = hand_in(code)
        assert answer.status_code == 422
        assert "code" in answer.json["errors"]
        assert (count(Submission), count(Blob)) == (0, blobs)

    def test_code_of_64_kib(self, hand_in: Any) -> None:
        assert hand_in(FOREST + "#" * (64 * 1024 - len(FOREST))).status_code == 202

    def test_other_bodies(self, client: Any, headers: Any, quest: Any) -> None:
        address = f"/api/v1/quests/{quest.id}/train"
        assert client.post(address, data={"code": FOREST}, headers=headers).status_code == 415
        assert client.post(address, json={}, headers=headers).status_code == 422
        extra = {"code": FOREST, "target": "species"}
        assert client.post(address, json=extra, headers=headers).status_code == 422
        broken = client.post(
            address, data="{", headers={**headers, "Content-Type": "application/json"}
        )
        assert broken.status_code == 400
        assert client.post(address, json={"code": FOREST}).status_code == 401
        assert count(Submission) == 0

    def test_locked_unpublished_and_unknown_quests(
        self, client: Any, headers: Any, make_quest: Any, hand_in: Any
    ) -> None:
        locked = hand_in(FOREST, make_quest(slug="locked", level_xp=500))
        assert locked.status_code == 403
        assert "500 XP" in locked.json["message"]
        assert hand_in(FOREST, make_quest(slug="draft", status="draft")).status_code == 404
        unknown = client.post("/api/v1/quests/9999/train", json={"code": "x"}, headers=headers)
        assert unknown.status_code == 404

    def test_the_days_attempts_count_together(
        self, make_quest: Any, hand_in: Any, upload: Any, headers: Any, good_model: Any
    ) -> None:
        quest = make_quest(slug="rare", limits={"submissions_per_day": 2})
        assert upload(headers, quest, good_model()).status_code == 202
        assert hand_in(FOREST, quest).status_code == 202
        third = hand_in(FOREST + "\n", quest)
        assert third.status_code == 403
        assert "2 submissions a day" in third.json["message"]

    def test_the_same_code_twice_at_once(self, hand_in: Any, work: Any, app: Any) -> None:
        assert hand_in(FOREST).status_code == 202
        again = hand_in(FOREST)
        assert again.status_code == 409
        assert "very same code" in again.json["message"]
        assert hand_in(FOREST + "# another\n").status_code == 202
        work()
        assert hand_in(FOREST).status_code == 202

    def test_so_many_at_once_and_no_more(
        self, hand_in: Any, work: Any, client: Any, headers: Any
    ) -> None:
        taken = [hand_in(f"# {number}").json["data"]["id"] for number in range(3)]
        fourth = hand_in("# 4")
        assert fourth.status_code == 409
        assert "3 submissions of yours are still on their way" in fourth.json["message"]
        client.post(f"/api/v1/submissions/{taken[0]}/cancel", headers=headers)
        assert hand_in("# 4").status_code == 202
        work()
        assert hand_in("# 5").status_code == 202


class TestKept:
    def test_only_its_owner_and_instructors_see_the_code(
        self, user: Any, make_user: Any, signed_in: Any, verdict_of: Any
    ) -> None:
        shown = verdict_of(FOREST + "# <b>mine</b>")
        page = f"/submissions/{shown['id']}"
        own = signed_in(user).get(page)
        assert "# &lt;b&gt;mine&lt;/b&gt;" in own.text
        assert "Printed while training" in own.text
        assert signed_in(make_user("bob")).get(page).status_code == 404
        assert "mine" in signed_in(make_user("eve", role="instructor")).get(page).text

    def test_the_page_of_code_that_failed(self, user: Any, signed_in: Any, verdict_of: Any) -> None:
        shown = verdict_of("def train(X, y):\n    return 1 / 0\n")
        page = signed_in(user).get(f"/submissions/{shown['id']}").text
        assert "Your code gave no model to score" in page
        assert "in line 2: ZeroDivisionError" in page

    def test_leaving_takes_the_code_along(
        self, client: Any, headers: Any, hand_in: Any, work: Any, quest: Any
    ) -> None:
        blobs = count(Blob)
        hand_in(FOREST)
        work()
        assert count(Blob) == blobs
        left = client.delete("/api/v1/users/me", json={"password": PASSWORD}, headers=headers)
        assert left.status_code in (200, 204), left.text
        assert count(Submission) == 0

    def test_it_waits_in_a_queue_of_its_own_also_after_the_queue_is_lost(
        self, settings: Any, hand_in: Any, client: Any, headers: Any, work: Any
    ) -> None:
        """A training takes a minute; the verdict on an upload must not wait behind it."""
        taken = hand_in(FOREST).json["data"]["id"]
        trainings = Queue("trainings", connection=redis_client())
        evaluations = Queue("evaluations", connection=redis_client())
        assert (trainings.count, evaluations.count) == (1, 0)
        assert sweep()["dispatched"] == 0
        trainings.empty()
        row = db.session.get_one(Submission, taken)
        row.dispatched_at = row.dispatched_at.replace(year=2020)
        db.session.commit()
        assert sweep()["dispatched"] == 1
        assert (trainings.count, evaluations.count) == (1, 0)
        work()
        shown = client.get(f"/api/v1/submissions/{taken}", headers=headers).json["data"]
        assert shown["passed"]


def test_a_training_that_is_judged_again_is_not_taken_for_a_cancelled_one(
    verdict_of: Any, quest: Any, make_user: Any, work: Any
) -> None:
    """It has no claim, which a training that goes on for long looks after."""
    from mlarena.admin import rejudges
    from mlarena.submissions.rejudging import asking

    slow = FOREST.replace("    print(", "    import time\n    time.sleep(1.5)\n    print(")
    assert verdict_of(slow, quest)["passed"]
    teacher = make_user("grace", role="instructor")
    made = rejudges.ask(teacher, "task", quest.id, "to be sure")
    work()
    assert asking.find(made.id).status == "unchanged"
