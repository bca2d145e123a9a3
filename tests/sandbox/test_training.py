"""Learners' code that trains: in the jail, on public rows; its model is asked in another child."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from mlarena.core.processes import children_of
from mlarena.sandbox import Fold, Follower, Limits, Outcome, Sandbox, Stop, Table

pytestmark = pytest.mark.pure

SECONDS = 3.0
LIMITS = Limits(memory_mb=1024, wall_seconds=SECONDS, result_bytes=4 << 20)
LINEAR = "from sklearn.linear_model import LinearRegression\n"


@pytest.fixture(scope="module")
def rows(frame: pd.DataFrame) -> Table:
    return Table.from_frame(frame.assign(y=2 * frame.a - frame.b))


def fit(sandbox: Sandbox, rows: Table, source: str, target: str | None = "y") -> Outcome:
    return sandbox.fit(source, rows, target, LIMITS)


def refused(sandbox: Sandbox, rows: Table, source: str, category: str) -> Outcome:
    """The outcome of code that gives no model, for the reason named."""
    outcome = fit(sandbox, rows, source)
    assert outcome.artifact is None
    assert outcome.error is not None
    assert outcome.error.category == category, outcome.error
    return outcome


def asked(sandbox: Sandbox, outcome: Outcome, features: Table, sample: Table) -> Outcome:
    assert outcome.status == "ok", outcome.error
    assert outcome.artifact is not None
    answered = sandbox.predict(outcome.artifact, "pkl", features, sample)
    assert answered.status == "ok", answered.error
    return answered


def test_a_model_is_fitted_and_answers(
    sandbox: Sandbox, rows: Table, features: Table, sample: Table, frame: pd.DataFrame
) -> None:
    source = (
        LINEAR
        + "def train(X, y):\n    print(list(X), y.name)\n    return LinearRegression().fit(X, y)"
    )
    outcome = fit(sandbox, rows, source)
    assert outcome.output == "['a', 'b', 'c', 'd'] y\n"
    answered = asked(sandbox, outcome, features, sample)
    assert answered.about["estimator"] == "LinearRegression"
    np.testing.assert_allclose(answered.predictions, 2 * frame.a - frame.b)


def test_own_classes_functions_and_lambdas_live_on_in_the_model(
    sandbox: Sandbox, rows: Table, features: Table, sample: Table, frame: pd.DataFrame
) -> None:
    source = """
import numpy as np
from dataclasses import dataclass
from sklearn.base import BaseEstimator, RegressorMixin

@dataclass
class Settings:
    factor: float = 3.0

def scaled(values, settings):
    return np.asarray(values) * settings.factor

class Mine(RegressorMixin, BaseEstimator):
    def __init__(self, settings=None):
        self.settings = settings
    def fit(self, X, y):
        self.after_ = lambda values: values + 1
        return self
    def predict(self, X):
        return self.after_(scaled(X["a"], self.settings))

def train(X, y):
    return Mine(Settings()).fit(X, y)
"""
    answered = asked(sandbox, fit(sandbox, rows, source), features, sample)
    assert (answered.about["estimator"], answered.about["estimator_type"]) == ("Mine", "regressor")
    np.testing.assert_allclose(answered.predictions, 3 * frame.a + 1)


def test_features_prepare_the_rows_of_training_and_of_judging(
    sandbox: Sandbox, rows: Table, features: Table, sample: Table, frame: pd.DataFrame
) -> None:
    source = (
        LINEAR
        + """
def features(X):
    return X.assign(ab=2 * X.a - X.b)[["ab"]]

def train(X, y):
    assert list(X) == ["ab"], list(X)
    return LinearRegression().fit(X, y)
"""
    )
    answered = asked(sandbox, fit(sandbox, rows, source), features, sample)
    assert answered.about["estimator"] == "Features → LinearRegression"
    assert answered.about["estimator_type"] == "regressor"
    np.testing.assert_allclose(answered.predictions, 2 * frame.a - frame.b)


def test_probabilities_come_through_features(
    sandbox: Sandbox, frame: pd.DataFrame, features: Table, sample: Table
) -> None:
    labelled = Table.from_frame(frame.assign(y=np.where(frame.a > 0.5, "high", "low")))
    source = """
from sklearn.tree import DecisionTreeClassifier
def features(X): return X[["a"]]
def train(X, y): return DecisionTreeClassifier().fit(X, y)
"""
    outcome = fit(sandbox, labelled, source)
    assert outcome.artifact is not None, outcome.error
    answered = sandbox.predict(outcome.artifact, "pkl", features, sample, "predict_proba")
    assert answered.classes == ["high", "low"]
    assert answered.about["estimator_type"] == "classifier"
    assert answered.predictions is not None
    assert answered.predictions.shape == (60, 2)


def test_a_list_called_features_is_the_learners_own(
    sandbox: Sandbox, rows: Table, features: Table, sample: Table
) -> None:
    source = (
        LINEAR
        + """
features = ['a', 'b', 'c', 'd']
def train(X, y):
    return LinearRegression().fit(X[features], y)
"""
    )
    asked(sandbox, fit(sandbox, rows, source), features, sample)


def test_clusters_have_no_y(sandbox: Sandbox, features: Table, sample: Table) -> None:
    source = """
from sklearn.cluster import KMeans
def train(X, y):
    assert y is None
    return KMeans(2, n_init=1, random_state=0).fit(X)
"""
    outcome = fit(sandbox, features, source, target=None)
    assert outcome.artifact is not None, outcome.error
    answered = sandbox.predict(outcome.artifact, "pkl", features, sample, "cluster")
    assert set(answered.predictions.tolist()) == {0, 1}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "body",
    [
        "    t = threading.Thread(target=model.fit, args=(X, y)); t.start(); t.join()",
        "    with ThreadPoolExecutor(3) as pool: list(pool.map(lambda _: model.fit(X, y), range(6)))",
        "    model.set_params(n_jobs=2).fit(X, y)",
    ],
    ids=["thread", "pool", "n_jobs"],
)
def test_threads_work(
    sandbox: Sandbox, rows: Table, features: Table, sample: Table, body: str
) -> None:
    source = f"""
import threading
from concurrent.futures import ThreadPoolExecutor
from sklearn.ensemble import RandomForestRegressor
def train(X, y):
    model = RandomForestRegressor(5, random_state=0)
{body}
    return model
"""
    asked(sandbox, fit(sandbox, rows, source), features, sample)


def test_a_search_with_cross_validation_works(
    sandbox: Sandbox, rows: Table, features: Table, sample: Table
) -> None:
    source = """
from sklearn.experimental import enable_iterative_imputer
from sklearn.impute import IterativeImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import Ridge
def train(X, y):
    model = make_pipeline(IterativeImputer(max_iter=2), Ridge())
    print(cross_val_score(model, X, y).mean())
    return GridSearchCV(model, {"ridge__alpha": [0.1, 1]}, n_jobs=-1).fit(X, y)
"""
    outcome = fit(sandbox, rows, source)
    asked(sandbox, outcome, features, sample)
    assert float(outcome.output) > 0.5


class TestNoModel:
    def test_no_train(self, sandbox: Sandbox, rows: Table) -> None:
        outcome = refused(sandbox, rows, "def trian(X, y): pass", "no_train")
        assert outcome.error is not None
        assert "def train(X, y)" in outcome.error.message
        assert "`trian`" in outcome.error.message

    @pytest.mark.parametrize("source", ["", "\n\n", "train = 3"])
    def test_nothing(self, sandbox: Sandbox, rows: Table, source: str) -> None:
        refused(sandbox, rows, source, "no_train")

    def test_an_error_shows_the_learners_lines_and_no_others(
        self, sandbox: Sandbox, rows: Table
    ) -> None:
        source = (
            LINEAR
            + "def prepare(X):\n    return X['rooms']\n\ndef train(X, y):\n"
            + "    print('here')\n    return LinearRegression().fit(prepare(X), y)\n"
        )
        outcome = refused(sandbox, rows, source, "code_failed")
        assert outcome.error is not None
        assert outcome.error.message == "Your code stopped in line 3: KeyError: 'rooms'"
        assert 'File "train.py", line 7, in train\n' in outcome.error.detail
        assert "return X['rooms']" in outcome.error.detail
        assert outcome.error.detail.count("File ") == 2
        assert "site-packages" not in outcome.error.detail
        assert outcome.output == "here\n"

    def test_an_error_inside_a_library_shows_the_line_that_called_it(
        self, sandbox: Sandbox, rows: Table
    ) -> None:
        source = LINEAR + "def train(X, y):\n    return LinearRegression().fit(X, y[:3])"
        outcome = refused(sandbox, rows, source, "code_failed")
        assert outcome.error is not None
        assert "in line 3: ValueError: Found input variables" in outcome.error.message
        assert outcome.error.detail.count("File ") == 1

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("def train(X, y):\n    return (1\n", "Line 2"),
            ("def train(X, y)\n    return 1\n", "Line 1"),
            ("x = 1\n  def train(X, y): pass", "Line 2"),
            ("return 5", "Line 1"),
        ],
    )
    def test_what_is_not_python(
        self, sandbox: Sandbox, rows: Table, source: str, words: str
    ) -> None:
        outcome = refused(sandbox, rows, source, "syntax")
        assert outcome.error is not None
        assert words in outcome.error.message
        assert 'File "train.py", line' in outcome.error.detail

    def test_nul_bytes(self, sandbox: Sandbox, rows: Table) -> None:
        outcome = fit(sandbox, rows, "def train(X, y):\n    return '\0'")
        assert outcome.status == "error"

    def test_code_nested_too_deeply(self, sandbox: Sandbox, rows: Table) -> None:
        assert fit(sandbox, rows, "(" * 5000 + ")" * 5000).status == "error"

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("pass", "returned nothing"),
            ("return {'a': 1}", "`dict`"),
            ("return 0.93", "`float`"),
            ("return LinearRegression", "class `LinearRegression` itself"),
            ("yield LinearRegression()", "`generator`"),
        ],
    )
    def test_what_is_no_model(self, sandbox: Sandbox, rows: Table, body: str, words: str) -> None:
        outcome = refused(sandbox, rows, LINEAR + f"def train(X, y):\n    {body}", "not_a_model")
        assert outcome.error is not None
        assert words in outcome.error.message

    @pytest.mark.parametrize("held", ["threading.Lock()", "(i for i in [1])", "threading.local()"])
    def test_a_model_that_cannot_be_pickled(self, sandbox: Sandbox, rows: Table, held: str) -> None:
        source = (
            "import threading\n" + LINEAR + "def train(X, y):\n"
            f"    model = LinearRegression().fit(X, y)\n    model.held = {held}\n    return model"
        )
        outcome = refused(sandbox, rows, source, "not_picklable")
        assert outcome.error is not None
        assert "cannot be saved" in outcome.error.message

    def test_a_model_that_remembers_200_mb(self, sandbox: Sandbox, rows: Table) -> None:
        source = (
            "import numpy as np\n" + LINEAR + "def train(X, y):\n"
            "    model = LinearRegression().fit(X, y)\n"
            "    model.rows = np.random.default_rng(0).random(25_000_000)\n    return model"
        )
        outcome = refused(sandbox, rows, source, "model_too_big")
        assert outcome.error is not None
        assert "has 190.7 MB, and at most 4 MB" in outcome.error.message
        assert "copy of the training rows" in outcome.error.message

    def test_memory_without_end(self, sandbox: Sandbox, rows: Table) -> None:
        # np.empty touches none of it: how fast this machine hands out pages is not the question here.
        source = (
            "import numpy as np\ndef train(X, y):\n    kept = []\n"
            "    while True: kept.append(np.empty(1 << 24, np.uint8))"
        )
        outcome = refused(sandbox, rows, source, "memory")
        assert outcome.status == "memory"
        assert outcome.error is not None
        assert "1024 MB" in outcome.error.message
        assert "line 4" in outcome.error.detail

    def test_code_that_never_ends(self, sandbox: Sandbox, rows: Table) -> None:
        source = "import time\ndef train(X, y):\n    print('round 1')\n    time.sleep(600)"
        outcome = refused(sandbox, rows, source, "timeout")
        assert outcome.output == "round 1\n"
        assert SECONDS * 1e3 <= outcome.wall_ms < SECONDS * 1e3 + 1500
        assert outcome.error is not None
        assert "Training took longer than 3 seconds" in outcome.error.message

    def test_busy_threads_spend_the_processor_time_together(
        self, sandbox: Sandbox, rows: Table
    ) -> None:
        source = """
import hashlib, threading
def spin():
    while True: hashlib.sha256(bytes(1 << 22)).digest()
def train(X, y):
    for _ in range(4): threading.Thread(target=spin, daemon=True).start()
    spin()
"""
        limits = Limits(memory_mb=1024, wall_seconds=20, cpu_seconds=1)
        outcome = sandbox.fit(source, rows, "y", limits)
        assert outcome.status == "cpu_limit"
        assert outcome.wall_ms < 10_000

    def test_printing_without_end(self, sandbox: Sandbox, rows: Table) -> None:
        outcome = refused(
            sandbox, rows, "def train(X, y):\n    while True: print('x' * 99)", "output_flood"
        )
        assert outcome.output[: LIMITS.output_bytes].replace("\n", "").strip("x") == ""
        assert outcome.output[LIMITS.output_bytes :].strip() == (
            "[Output cut here: the first 64 KiB are kept.]"
        )
        assert outcome.error is not None
        assert "more than 4 MB" in outcome.error.message

    @pytest.mark.parametrize(
        "attempt",
        [
            "open('/etc/passwd')",
            "open('model.pkl', 'wb')",
            "__import__('pandas').read_csv('train.csv')",
            "__import__('socket').create_connection(('127.0.0.1', 80))",
        ],
    )
    def test_files_and_the_network(self, sandbox: Sandbox, rows: Table, attempt: str) -> None:
        outcome = refused(sandbox, rows, f"def train(X, y):\n    {attempt}", "blocked")
        assert outcome.error is not None
        assert "in line 2" in outcome.error.message
        assert "already in `X` and `y`" in outcome.error.message

    def test_programs(self, sandbox: Sandbox, rows: Table) -> None:
        source = "import os\ndef train(X, y):\n    os.execv('/bin/sh', ['sh'])"
        assert fit(sandbox, rows, source).status == "violation"

    def test_a_library_that_is_not_there(self, sandbox: Sandbox, rows: Table) -> None:
        outcome = refused(sandbox, rows, "import xgboost", "missing_library")
        assert outcome.error is not None
        assert "`xgboost`, imported in line 1" in outcome.error.message

    def test_input(self, sandbox: Sandbox, rows: Table) -> None:
        source = "def train(X, y):\n    return input('Which model? ')"
        outcome = refused(sandbox, rows, source, "asks")
        assert outcome.error is not None
        assert (outcome.error.line, outcome.output) == (2, "Which model? ")
        assert "in line 2 for somebody to type" in outcome.error.message

    def test_the_line_of_what_went_wrong(self, sandbox: Sandbox, rows: Table) -> None:
        for source, line in (
            ("x = 1\ndef train(X, y)\n    return 1\n", 2),
            ("def train(X, y):\n    X = X + 1\n    return X['none']\n", 3),
            (LINEAR + "def train(X, y):\n    return LinearRegression().fit(X, y[:3])", 3),
            ("def train(X, y): pass", None),
        ):
            outcome = fit(sandbox, rows, source)
            assert outcome.error is not None
            assert outcome.error.line == line, source

    def test_exit(self, sandbox: Sandbox, rows: Table) -> None:
        refused(sandbox, rows, "import sys\ndef train(X, y): sys.exit()", "ended")
        source = "import os\ndef train(X, y): os._exit(0)"
        assert fit(sandbox, rows, source).status == "no_result"

    def test_an_error_that_cannot_be_told(self, sandbox: Sandbox, rows: Table) -> None:
        source = (
            "class Odd(Exception):\n    def __str__(self): raise RuntimeError\n"
            "def train(X, y): raise Odd"
        )
        outcome = refused(sandbox, rows, source, "code_failed")
        assert outcome.error is not None
        assert outcome.error.message.endswith("in line 3: Odd")


def children_by(zygote: int, wanted: Callable[[set[int]], bool]) -> set[int]:
    """The zygote's children, once they are as `wanted`; as they are after half a minute otherwise."""
    until = time.monotonic() + 30
    while not wanted(set(children_of(zygote))) and time.monotonic() < until:
        time.sleep(0.02)
    return set(children_of(zygote))


class TestFollowed:
    """Somebody looks on while it goes, and may end it."""

    def test_each_line_is_told_when_it_is_printed(self, sandbox: Sandbox, rows: Table) -> None:
        told: list[tuple[float, str]] = []
        follower = Follower(told=lambda text: told.append((time.monotonic(), text)))
        source = (
            "import time\n" + LINEAR + "def train(X, y):\n    print('one')\n    time.sleep(2)\n"
            "    print('two')\n    return LinearRegression().fit(X, y)"
        )
        outcome = sandbox.fit(source, rows, "y", LIMITS, follower)
        ended = time.monotonic()
        assert [text for _, text in told] == ["one\n", "two\n"]
        assert told[1][0] - told[0][0] > 0.2  # two seconds, less what the first was late
        assert ended >= told[1][0]
        assert outcome.output == "one\ntwo\n"

    def test_it_is_told_what_the_report_has(self, sandbox: Sandbox, rows: Table) -> None:
        told: list[str] = []
        source = (
            "import sys\n" + LINEAR + "def train(X, y):\n"
            "    print('\\033[1;31mred\\033[0m \\x07bell')\n"
            "    for n in range(30_000): print(n)\n"
            "    return LinearRegression().fit(X, y)"
        )
        outcome = sandbox.fit(source, rows, "y", LIMITS, Follower(told=told.append))
        assert outcome.status == "ok"
        assert "".join(told) == outcome.output
        assert outcome.output.startswith("red bell\n0\n1\n")
        assert outcome.output.endswith("[Output cut here: the first 64 KiB are kept.]\n")

    def test_an_endless_run_is_cancelled(self, sandbox: Sandbox, rows: Table) -> None:
        source = "def train(X, y):\n    print('round 1')\n    while True: pass"
        with Stop() as stop:
            follower = Follower(told=lambda _: stop.throw(), stop=stop)
            outcome = sandbox.fit(source, rows, "y", LIMITS, follower)
        assert outcome.status == "cancelled"
        assert (outcome.output, outcome.artifact) == ("round 1\n", None)

    def test_one_cancelled_before_it_began(self, sandbox: Sandbox, rows: Table) -> None:
        with Stop() as stop:
            stop.throw()
            outcome = sandbox.fit("def train(X, y): ...", rows, "y", LIMITS, Follower(stop=stop))
        assert outcome.status == "cancelled"

    def test_who_follows_and_fails_leaves_no_child_behind(
        self, sandbox: Sandbox, rows: Table
    ) -> None:
        zygote = sandbox._supervisors["model"].pid
        assert zygote is not None
        running: list[int] = []

        def fails(pid: str) -> None:
            running.extend({int(pid)}.intersection(children_of(zygote)))
            raise RuntimeError("the page is gone")

        source = "import os\nprint(os.getpid())\nwhile True: pass"
        with pytest.raises(RuntimeError, match="page is gone"):
            sandbox.fit(source, rows, "y", LIMITS, Follower(told=fails))
        (pid,) = running
        # At once, long before its limits would end it.
        assert pid not in children_by(zygote, lambda children: pid not in children)

    def test_a_training_steps_back_behind_others(self, sandbox: Sandbox, rows: Table) -> None:
        seen: list[list[int]] = []

        def look(_text: str) -> None:
            zygote = sandbox._supervisors["model"].pid
            assert zygote is not None
            seen.append(sorted(os.getpriority(os.PRIO_PROCESS, pid) for pid in children_of(zygote)))

        source = LINEAR + "def train(X, y):\n    print()\n    return LinearRegression().fit(X, y)"
        own = os.getpriority(os.PRIO_PROCESS, 0)
        nice = replace(LIMITS, nice=own + 5)
        assert sandbox.fit(source, rows, "y", nice, Follower(told=look)).status == "ok"
        assert seen[0][-1] == own + 5
        assert set(seen[0][:-1]) == {own}


class TestCrossValidated:
    """Fitted once a fold; what leaves the jail is predictions for the rows held out."""

    FOLDS: ClassVar[list[int]] = [row % 3 for row in range(60)]

    def told(
        self, sandbox: Sandbox, rows: Table, source: str, **more: Any
    ) -> tuple[Outcome, list[Fold]]:
        folds: list[Fold] = []
        more = {"target": "y", "limits": LIMITS, **more}
        outcome = sandbox.cross_validate(source, rows, folds=self.FOLDS, told=folds.append, **more)
        return outcome, folds

    def test_each_row_is_predicted_by_a_model_that_has_not_seen_it(
        self, sandbox: Sandbox, rows: Table, frame: pd.DataFrame
    ) -> None:
        source = (
            LINEAR + "def features(X):\n    return X.assign(ab=X.a + X.b)\n"
            "def train(X, y):\n    print(len(X), list(X)[-1], X.index[-1])\n"
            "    return LinearRegression().fit(X, y)"
        )
        outcome, folds = self.told(sandbox, rows, source)
        assert outcome.status == "ok", outcome.error
        assert outcome.output == "40 ab 39\n" * 3
        assert [fold.number for fold in folds] == [0, 1, 2]
        truth = (2 * frame.a - frame.b).to_numpy()
        for fold in folds:
            np.testing.assert_allclose(fold.predictions, truth[fold.number :: 3])
            assert fold.wall_ms > 0

    def test_rows_held_out_are_not_among_those_seen(self, sandbox: Sandbox, rows: Table) -> None:
        """A model that remembers its rows by heart knows none of those it is asked about."""
        source = """
class Memory:
    def __init__(self, X, y): self.known = dict(zip(map(tuple, X.to_numpy()), y))
    def predict(self, X): return [self.known.get(tuple(row), -9.0) for row in X.to_numpy()]
def train(X, y): return Memory(X, y)
"""
        outcome, folds = self.told(sandbox, rows, source)
        assert outcome.status == "ok", outcome.error
        assert {value for fold in folds for value in fold.predictions} == {-9.0}

    def test_probabilities_with_their_classes(self, sandbox: Sandbox, frame: pd.DataFrame) -> None:
        labelled = Table.from_frame(frame.assign(y=np.where(frame.a > 0.5, "high", "low")))
        source = (
            "from sklearn.tree import DecisionTreeClassifier\n"
            "def train(X, y): return DecisionTreeClassifier().fit(X, y)"
        )
        outcome, folds = self.told(sandbox, labelled, source, method="predict_proba")
        assert outcome.status == "ok", outcome.error
        assert [fold.classes for fold in folds] == [["high", "low"]] * 3
        assert folds[0].predictions.shape == (20, 2)

    def test_clusters(self, sandbox: Sandbox, features: Table) -> None:
        source = (
            "from sklearn.cluster import KMeans\n"
            "def train(X, y): return KMeans(2, n_init=1, random_state=0).fit(X)"
        )
        outcome, folds = self.told(sandbox, features, source, target=None, method="cluster")
        assert outcome.status == "ok", outcome.error
        assert {value for fold in folds for value in fold.predictions} == {0, 1}

    def test_the_folds_until_time_is_out(self, sandbox: Sandbox, rows: Table) -> None:
        source = (
            "import time\n" + LINEAR + "rounds = []\ndef train(X, y):\n    rounds.append(1)\n"
            "    if len(rounds) == 3: time.sleep(60)\n    return LinearRegression().fit(X, y)"
        )
        outcome, folds = self.told(sandbox, rows, source, limits=replace(LIMITS, wall_seconds=2))
        assert outcome.status == "timeout"
        assert [fold.number for fold in folds] == [0, 1]

    @pytest.mark.parametrize(
        ("body", "category", "line"),
        [
            ("return X['none']", "code_failed", 3),
            ("return LinearRegression()", "not_fitted", None),
            ("m = LinearRegression().fit(X, y); m.held = open; m.g = (i for i in X); return m",
             "not_picklable", None),
            ("return LinearRegression().fit(X[['a']], y)", "wrong_features", None),
        ],
    )  # fmt: skip
    def test_what_stops_it(
        self, sandbox: Sandbox, rows: Table, body: str, category: str, line: int | None
    ) -> None:
        outcome, folds = self.told(sandbox, rows, LINEAR + f"def train(X, y):\n    {body}")
        assert (outcome.status, folds) == ("error", [])
        assert outcome.error is not None
        assert (outcome.error.category, outcome.error.line) == (category, line)

    @pytest.mark.parametrize(
        "forged",
        [
            "b'FOLD', b''",
            "b'FOLD', b'\\xff' * 8",
            "b'FOLD', struct.pack('<I', 2) + b'[]' + npy",
            "b'FOLD', struct.pack('<I', 2) + b'{}' + npy + b'x'",
            "b'FOLD', struct.pack('<I', 2) + b'{}' + npy[:-8]",
            "b'MODL', b'x'",
            "b'JSON', b'null'",
        ],
    )
    def test_forged_folds(self, sandbox: Sandbox, rows: Table, forged: str) -> None:
        source = f"""
import io, os, struct
import numpy as np
def train(X, y):
    file = io.BytesIO()
    np.save(file, np.zeros(20))
    npy = file.getvalue()
    tag, payload = {forged}
    os.write(3, struct.pack('<4sI', tag, len(payload)) + payload)
    os._exit(0)
"""
        outcome, folds = self.told(sandbox, rows, source)
        assert (outcome.status, folds) == ("bad_frame", [])

    def test_more_folds_than_asked_for(self, sandbox: Sandbox, rows: Table) -> None:
        source = """
import io, os, struct
import numpy as np
def train(X, y):
    file = io.BytesIO()
    np.save(file, np.zeros(20))
    payload = struct.pack('<I', 2) + b'{}' + file.getvalue()
    while True: os.write(3, struct.pack('<4sI', b'FOLD', len(payload)) + payload)
"""
        outcome, folds = self.told(sandbox, rows, source)
        assert (outcome.status, len(folds)) == ("bad_frame", 3)

    def test_a_fold_is_no_model(self, sandbox: Sandbox, rows: Table) -> None:
        source = (
            "import os, struct\ndef train(X, y):\n"
            "    os.write(3, struct.pack('<4sI', b'FOLD', 2) + b'xx')\n    os._exit(0)"
        )
        assert fit(sandbox, rows, source).status == "bad_frame"


class TestForged:
    """Code that answers by itself, past our own lines, on the descriptor of the result."""

    FRAME = (
        "import os, struct\ndef train(X, y):\n"
        "    os.write(3, struct.pack('<4sI', {tag!r}, {length}) + {payload})\n    os._exit(0)"
    )

    def forged(self, tag: bytes, payload: str, length: str | int) -> str:
        return self.FRAME.format(tag=tag, payload=payload, length=length)

    def test_a_frame_of_another_kind(self, sandbox: Sandbox, rows: Table) -> None:
        for tag in (b"PRED", b"JSON", b"NOTE", b"EVIL"):
            outcome = fit(sandbox, rows, self.forged(tag, "b'{}'", 2))
            assert (outcome.status, outcome.artifact) == ("bad_frame", None), tag

    def test_a_frame_that_is_too_big(self, sandbox: Sandbox, rows: Table) -> None:
        outcome = fit(sandbox, rows, self.forged(b"MODL", "b'x'", LIMITS.result_bytes + 1))
        assert (outcome.status, outcome.artifact) == ("result_too_big", None)

    def test_a_frame_that_is_too_short_or_too_long(self, sandbox: Sandbox, rows: Table) -> None:
        for length in (1, 3):
            outcome = fit(sandbox, rows, self.forged(b"MODL", "b'xx'", length))
            assert (outcome.status, outcome.artifact) == ("bad_frame", None), length

    def test_bytes_that_are_no_model_are_told_by_the_next_child(
        self, sandbox: Sandbox, rows: Table, features: Table, sample: Table
    ) -> None:
        """A pickle that does something when it is opened does it in the jail, or not at all."""

        class Opens:
            def __reduce__(self) -> tuple[object, ...]:
                return open, ("/etc/passwd",)

        hostile = pickle.dumps(Opens())
        outcome = fit(sandbox, rows, self.forged(b"MODL", repr(hostile), len(hostile)))
        assert outcome.artifact == hostile
        answered = sandbox.predict(outcome.artifact, "pkl", features, sample)
        assert answered.error is not None
        assert answered.error.category == "blocked"


def test_a_model_request_gets_no_model_of_training(
    sandbox: Sandbox, rows: Table, features: Table, sample: Table
) -> None:
    """A trained model that answers a request for predictions with a training's frame."""
    source = """
import os, struct
class Forger:
    def predict(self, X):
        os.write(3, struct.pack("<4sI", b"MODL", 2) + b"xx")
        os._exit(0)
def train(X, y): return Forger()
"""
    outcome = fit(sandbox, rows, source)
    assert outcome.artifact is not None
    answered = sandbox.predict(outcome.artifact, "pkl", features, sample)
    assert (answered.status, answered.predictions) == ("bad_frame", None)


def test_one_training_leaves_nothing_to_the_next(sandbox: Sandbox, rows: Table) -> None:
    fit(sandbox, rows, "kept = 1\ndef train(X, y): return kept")
    outcome = fit(sandbox, rows, "def train(X, y): return kept")
    assert outcome.error is not None
    assert "NameError" in outcome.error.message


LOOKS = [
    "print(X)",
    "print(X.head())",
    "print(X.describe(include='all'))",
    "X.info()",
    "print(X.corr(numeric_only=True).round(2))",
    "print(X.nlargest(3, 'a'), X.to_dict('records')[:1])",
    "print(X.pivot_table(index='d', values='a'), X.stack().head(), X.melt().head())",
    "print(X.groupby('d')['a'].agg(['mean', 'std']), X['d'].value_counts())",
    "print(pd.get_dummies(X).astype(float).to_numpy().mean(), pd.cut(X['a'], 3).head())",
    "print(X['a'].rolling(3).mean().tail(), X.sample(3, random_state=0), X.to_string()[:50])",
    "print(pd.merge(X, X, on='d').shape, pd.concat([X, X]).shape, X.quantile([0.5], numeric_only=True))",
]


@pytest.mark.parametrize("look", LOOKS)
def test_what_one_does_to_look_at_data_works(sandbox: Sandbox, look: str) -> None:
    """pandas imports parts of itself at their first use, which is too late in the jail."""
    rows = pd.DataFrame(np.random.default_rng(0).random((30, 2)), columns=["a", "b"])
    rows["d"] = np.where(rows["a"] > 0.5, "x", "z")
    code = (
        f"import pandas as pd\n{LINEAR}def train(X, y):\n    {look}\n"
        "    return LinearRegression().fit(X[['a']], X['a'])"
    )
    outcome = sandbox.fit(code, Table.from_frame(rows), None)
    assert outcome.ok, outcome.error
    assert outcome.output
