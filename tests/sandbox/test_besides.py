"""What a model is asked besides its predictions: answers for the sample, probabilities, its parts."""

from __future__ import annotations

import io
import pickle
import time
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from mlarena.sandbox import Outcome, Sandbox, Table
from mlarena.sandbox.inside import listening, parts

pytestmark = pytest.mark.pure


@pytest.fixture(scope="module")
def labels(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(np.where(frame["a"] > frame["b"], "more", "less"))


@pytest.fixture
def ask(sandbox: Sandbox, features: Table, sample: Table) -> Any:
    def ask(model: Any, probabilities: bool = True, method: str = "predict") -> Outcome:
        if not isinstance(model, bytes):
            file = io.BytesIO()
            joblib.dump(model, file)
            model = file.getvalue()
        return sandbox.predict(
            model, "joblib", features, sample, method, probabilities=probabilities
        )

    return ask


CLASSIFIERS = [
    LogisticRegression(),
    RandomForestClassifier(10, random_state=0),
    KNeighborsClassifier(3),
    make_pipeline(StandardScaler(), LogisticRegression()),
    make_pipeline(MinMaxScaler(), make_pipeline(StandardScaler(), RandomForestClassifier(5))),
    GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=2),
]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_probabilities_come_with_the_labels(
    ask: Any, model: Any, frame: pd.DataFrame, labels: pd.Series
) -> None:
    model.fit(frame, labels)
    outcome = ask(model)
    assert outcome.ok, outcome
    assert outcome.predictions.tolist() == model.predict(frame).tolist()
    assert outcome.seen.tolist() == model.predict(frame[:20]).tolist()
    assert outcome.classes == ["less", "more"]
    np.testing.assert_allclose(outcome.probabilities, model.predict_proba(frame))


def test_nobody_is_asked_who_was_not_to_be(
    ask: Any, frame: pd.DataFrame, labels: pd.Series
) -> None:
    assert ask(LogisticRegression().fit(frame, labels), probabilities=False).probabilities is None
    assert ask(LinearSVC().fit(frame, labels)).probabilities is None
    assert ask(SVC().fit(frame, labels)).probabilities is None
    line = ask(LinearRegression().fit(frame, frame["a"]))
    assert line.ok and line.probabilities is None


def test_a_forest_is_not_asked_twice(frame: pd.DataFrame, labels: pd.Series) -> None:
    forest = RandomForestClassifier(5, random_state=0)
    model = make_pipeline(StandardScaler(), forest).fit(frame, labels)
    asked = []
    own = forest.predict_proba
    forest.__dict__["predict_proba"] = lambda rows: asked.append(1) or own(rows)
    behind = listening.listen(model)
    model.predict(frame)
    assert behind is not None and behind()[0] == b"PROB"
    assert asked == [1]


class Evil:
    """Unpickles to a classifier whose predict_proba is the Python expression given."""

    def __init__(self, proba: str) -> None:
        self.proba = proba

    def __reduce__(self) -> tuple[Any, ...]:
        made = (
            "type('M', (), {'estimator_type': 'classifier', 'classes_': ['less', 'more'],"
            " 'predict': lambda self, X: ['less'] * len(X),"
            f" 'predict_proba': lambda self, X: {self.proba}}})()"
        )
        return eval, (made,)


@pytest.mark.parametrize(
    "proba",
    [
        "1 / 0",
        "exit()",
        "__import__('os')._exit(3)",
        "__import__('time').sleep(60)",
        "'no probabilities at all'",
        "[[0.5, 0.5]]",
        "[[float('nan'), 1.0]] * len(X)",
        "[[0.5, 0.2, 0.3]] * len(X)",
        "bytearray(1 << 40)",
    ],
)
def test_the_verdict_does_not_hang_on_the_probabilities(ask: Any, proba: str) -> None:
    started = time.monotonic()
    outcome = ask(pickle.dumps(Evil(proba)))
    assert outcome.ok, outcome
    assert outcome.predictions.tolist() == ["less"] * 60
    assert outcome.probabilities is None
    assert time.monotonic() - started < 50  # one of them would sleep for 60


def test_a_print_while_giving_probabilities_is_not_shown(ask: Any) -> None:
    outcome = ask(pickle.dumps(Evil("print('a hidden row:', X.a[0]) or [[1.0, 0.0]] * len(X)")))
    assert outcome.ok and outcome.probabilities is not None
    assert "hidden" not in outcome.output


WRITE = "__import__('os').write(3, b'{tag}' + ({size}).to_bytes(4, 'little') + b'{body}')"


@pytest.mark.parametrize("tag", ["PROB", "SEEN", "NOTE", "PRED"])
def test_frames_behind_the_last_are_refused(ask: Any, tag: str) -> None:
    """One PROB may follow; a second, or anything else, is nobody's honest work."""
    more = WRITE.format(tag=tag, size=2, body="{}")
    twice = WRITE.format(tag="PROB", size=2, body="{}") if tag == "PROB" else "0"
    outcome = ask(pickle.dumps(Evil(f"[{twice}, {more}, 1 / 0]")))
    assert outcome.status == "bad_frame", outcome


@pytest.mark.parametrize("tag", ["SEEN", "PROB"])
def test_answers_for_the_sample_are_not_taken_after_it(ask: Any, tag: str) -> None:
    """From then on hidden rows are there, and could travel in them."""
    write = WRITE.format(tag=tag, size=2, body="{}")
    made = (
        "type('M', (), {'predict': lambda self, X: "
        f"(len(X) == 60 and {write}) * 0 + X['a'].to_numpy()}})()"
    )
    outcome = ask(pickle.dumps(_Runs(made)))
    assert outcome.predictions is None
    assert outcome.status == "bad_frame", outcome


class _Runs:
    def __init__(self, expression: str) -> None:
        self.expression = expression

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (self.expression,)


def test_an_answer_that_depends_on_the_other_rows_is_a_warning(sandbox: Sandbox) -> None:
    many = Table.from_frame(pd.DataFrame({"a": np.arange(90) % 17 * 1.0}))
    ranks = pickle.dumps(_Runs("type('M', (), {'predict': lambda self, X: X['a'].rank()})()"))
    [warning] = sandbox.predict(ranks, "pkl", many, many).about["warnings"]
    assert "depends on which other rows" in warning


def test_by_lot_is_a_warning_however_slow(sandbox: Sandbox, ask: Any, frame: Any) -> None:
    lot = (
        "type('M', (), {'predict': lambda self, X: __import__('time').sleep(0.02) "
        "or __import__('random').random() * X['a'].to_numpy()})()"
    )
    [warning] = ask(pickle.dumps(_Runs(lot))).about["warnings"]
    assert "different answers" in warning
    coin = DummyClassifier(strategy="uniform").fit(frame, frame["a"] > 0.5)
    assert ask(make_pipeline(StandardScaler(), coin).fit(frame, frame["a"] > 0.5)).about["warnings"]


def test_parts_are_named_from_first_to_last(ask: Any, frame: pd.DataFrame, labels: Any) -> None:
    columns = make_column_transformer(
        (StandardScaler(), ["a"]), (make_pipeline(MinMaxScaler()), ["b"]), remainder="passthrough"
    )
    model = GridSearchCV(make_pipeline(columns, KNeighborsClassifier()), {}, cv=2)
    outcome = ask(model.fit(frame, labels))
    assert [part for part in outcome.about["parts"] if part != "FunctionTransformer"] == [
        *("StandardScaler", "MinMaxScaler", "ColumnTransformer", "KNeighborsClassifier"),
        "GridSearchCV",
    ]
    assert ask(LinearRegression().fit(frame, frame["a"])).about["parts"] == ["LinearRegression"]


def test_only_scikit_learns_own_parts_are_trusted_to_answer_alike() -> None:
    assert parts.all_ours(make_pipeline(StandardScaler(), LogisticRegression()))
    assert not parts.all_ours(make_pipeline(FunctionTransformer(), LogisticRegression()))
    assert not parts.all_ours(DummyClassifier(strategy="uniform"))
    assert not parts.all_ours(Evil("0"))
