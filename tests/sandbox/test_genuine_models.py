"""Honest artifacts give inside exactly what they give outside: every kind, every format."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances

from mlarena.sandbox import Outcome, Sandbox, Table

pytestmark = pytest.mark.pure

ONE_COLUMN = ("IsotonicRegression",)
SEVERAL_TARGETS = (
    "MultiOutputRegressor",
    "RegressorChain",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "MultiOutputClassifier",
    "ClassifierChain",
)
COMPRESSIONS = (0, 3, ("gzip", 1), ("bz2", 1), ("xz", 1), ("lzma", 1))


def dump(model: Any, form: str, compress: Any = 0) -> bytes:
    if form == "pkl":
        return pickle.dumps(model)
    if form == "skops":
        return skops.io.dumps(model)
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=compress)
    return buffer.getvalue()


def estimators() -> dict[str, type]:
    return {name: kind for name, kind in all_estimators() if name not in SEVERAL_TARGETS}


def fitted(kind: type, frame: pd.DataFrame) -> Any:
    """A fitted model with predict or fit_predict; None for what is no model (transformers)."""
    if not (hasattr(kind, "predict") or hasattr(kind, "fit_predict")):
        return None
    model = next(iter(_construct_instances(kind)))
    if not (hasattr(model, "predict") or hasattr(model, "fit_predict")):
        return None  # declared, and withdrawn for this one
    for target in ((frame.a > 0.5).astype(int), frame.a * 2 + 1):
        try:
            return model.fit(frame, target)
        except ValueError:
            continue
    return None


def test_every_kind_in_every_format(sandbox: Sandbox, frame: pd.DataFrame) -> None:
    """pkl, joblib (compressed in turn) and skops, on DataFrames."""
    jobs: list[tuple[str, str, Any, str]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, (name, kind) in enumerate(estimators().items()):
            model = fitted(kind, frame[["a"]] if name in ONE_COLUMN else frame)
            if model is not None:
                jobs += [(name, form, model, number) for form in ("pkl", "joblib", "skops")]

        def run(job: tuple[str, str, Any, int]) -> str | None:
            name, form, model, number = job
            method = "predict" if hasattr(model, "predict") else "cluster"
            table = Table.from_frame(frame[["a"]] if name in ONE_COLUMN else frame)
            try:
                data = dump(model, form, COMPRESSIONS[number % len(COMPRESSIONS)])
            except skops.io.exceptions.UnsupportedTypeException:
                return None
            outcome = sandbox.predict(data, form, table, table, method)
            return _difference(f"{name} as {form}", model, table.frame, outcome)

        with ThreadPoolExecutor(2) as pool:
            differences = [found for found in pool.map(run, jobs) if found]
    assert differences == []
    assert len(jobs) > 280


def _difference(what: str, model: Any, frame: pd.DataFrame, outcome: Outcome) -> str | None:
    if not outcome.ok or outcome.predictions is None:
        return f"{what}: {outcome.status} {outcome.error}"
    if not hasattr(model, "predict"):
        return None  # a new fit
    expected, again = np.ravel(model.predict(frame)), np.ravel(model.predict(frame))
    if np.array_equal(expected, again) and not np.allclose(outcome.predictions, expected):
        return f"{what}: other predictions"
    return None


@pytest.fixture(scope="module")
def houses() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "rooms": random.integers(1, 9, 80),
            "area": random.random(80).round(4) * 100,
            "town": random.choice(["Ulm", "Köln", "São Paulo"], 80),
            "age": np.where(random.random(80) < 0.2, np.nan, random.integers(1, 90, 80)),
            "garden": random.random(80) < 0.5,
        }
    )


def house_pipeline(last: Any) -> Any:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer(
        [
            ("numbers", numbers, ["rooms", "area", "age"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["town"]),
        ],
        remainder="passthrough",
    )
    return make_pipeline(columns, last)


@pytest.mark.parametrize("form", ["pkl", "joblib", "skops"])
def test_pipelines_on_mixed_columns(sandbox: Sandbox, houses: pd.DataFrame, form: str) -> None:
    table = Table.from_frame(houses)
    target = np.where(table.frame.area > 50, "big", "small")
    model = house_pipeline(LogisticRegression()).fit(table.frame, target)
    outcome = sandbox.predict(dump(model, form), form, table, Table.from_frame(houses[:10]))
    assert outcome.ok, outcome.error
    assert outcome.predictions is not None
    assert outcome.predictions.tolist() == model.predict(table.frame).tolist()
    assert outcome.about["estimator"] == "ColumnTransformer → LogisticRegression"
    assert outcome.about["estimator_type"] == "classifier"
    assert outcome.about["warnings"] == []
    assert outcome.output == ""


def test_a_grid_search_of_a_pipeline(sandbox: Sandbox, houses: pd.DataFrame) -> None:
    table = Table.from_frame(houses)
    pipeline = house_pipeline(RandomForestRegressor(5, random_state=0, n_jobs=-1))
    grid = {"randomforestregressor__max_depth": [1, 2]}
    model = GridSearchCV(pipeline, grid, cv=2).fit(table.frame, table.frame.area)
    outcome = sandbox.predict(dump(model, "joblib"), "joblib", table, table)
    assert outcome.ok, outcome.error
    assert np.allclose(outcome.predictions, model.predict(table.frame))
    assert outcome.about["estimator_type"] == "regressor"


@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1], [False, True], [1, 2, 3]])
def test_probabilities_name_their_classes(
    sandbox: Sandbox, features: Table, sample: Table, labels: list[Any]
) -> None:
    target = np.resize(labels, features.rows)
    model = RandomForestClassifier(5, random_state=0).fit(features.frame, target)
    outcome = sandbox.predict(dump(model, "pkl"), "pkl", features, sample, "predict_proba")
    assert outcome.ok, outcome.error
    assert outcome.classes == labels
    assert np.allclose(outcome.predictions, model.predict_proba(features.frame))


@pytest.mark.parametrize(
    ("model", "refitted"), [(KMeans(2, n_init=1, random_state=0), False), (DBSCAN(0.3), True)]
)
def test_clusters(sandbox: Sandbox, features: Table, model: Any, refitted: bool) -> None:
    model.fit(features.frame)
    outcome = sandbox.predict(dump(model, "joblib"), "joblib", features, features, "cluster")
    assert outcome.ok, outcome.error
    expected = model.fit_predict(features.frame) if refitted else model.predict(features.frame)
    assert outcome.predictions is not None
    assert outcome.predictions.tolist() == expected.tolist()


@pytest.fixture(scope="module")
def to_onnx() -> Callable[..., bytes]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import skl2onnx

    def convert(model: Any, example: Any, **options: Any) -> bytes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data: bytes = skl2onnx.to_onnx(model, example, **options).SerializeToString()
        return data

    return convert


ONNX_MODELS = [
    LogisticRegression(),
    DecisionTreeClassifier(max_depth=3),
    RandomForestClassifier(5, random_state=0),
    GradientBoostingClassifier(n_estimators=5),
    KNeighborsClassifier(3),
    SVC(),
    MLPClassifier((5,), max_iter=20, random_state=0),
    make_pipeline(StandardScaler(), LogisticRegression()),
    LinearRegression(),
    Ridge(),
    RandomForestRegressor(5, random_state=0),
    GradientBoostingRegressor(n_estimators=5),
    KMeans(2, n_init=1, random_state=0),
]


@pytest.mark.parametrize("model", ONNX_MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.filterwarnings("ignore")
def test_onnx_of_one_matrix(
    sandbox: Sandbox, features: Table, sample: Table, to_onnx: Callable[..., bytes], model: Any
) -> None:
    matrix = features.frame.to_numpy(np.float32)
    model.fit(matrix, (matrix[:, 0] > 0.5).astype(int))
    data = to_onnx(model, matrix[:1])
    outcome = sandbox.predict(data, "onnx", features, sample)
    assert outcome.ok, outcome.error
    assert np.allclose(outcome.predictions, np.ravel(model.predict(matrix)), atol=1e-4)
    kind = (
        "regressor" if "Regress" in type(model).__name__ or type(model) is Ridge else "classifier"
    )
    if type(model) is not LogisticRegression:
        assert outcome.about["estimator_type"] == kind


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_onnx_probabilities(
    sandbox: Sandbox, features: Table, sample: Table, to_onnx: Callable[..., bytes], zipmap: bool
) -> None:
    matrix = features.frame.to_numpy(np.float32)
    labels = np.where(matrix[:, 0] > 0.5, "yes", "no") if zipmap else (matrix[:, 0] > 0.5) * 1
    model = RandomForestClassifier(5, random_state=0).fit(matrix, labels)
    data = to_onnx(model, matrix[:1], options={id(model): {"zipmap": zipmap}})
    outcome = sandbox.predict(data, "onnx", features, sample, "predict_proba")
    assert outcome.ok, outcome.error
    assert outcome.classes == (["no", "yes"] if zipmap else [0, 1])
    assert np.allclose(outcome.predictions, model.predict_proba(matrix), atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_onnx_with_an_input_per_column(
    sandbox: Sandbox, houses: pd.DataFrame, to_onnx: Callable[..., bytes]
) -> None:
    houses = houses[["rooms", "area", "town"]]
    table = Table.from_frame(houses)
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["rooms", "area"]),
            ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["town"]),
        ]
    )
    target = np.where(houses.area > 50, "big", "small")
    model = make_pipeline(columns, LogisticRegression()).fit(table.frame, target)
    example = houses[:1].astype({"town": object, "area": np.float32})
    outcome = sandbox.predict(to_onnx(model, example), "onnx", table, table)
    assert outcome.ok, outcome.error
    assert outcome.predictions is not None
    assert (outcome.predictions == model.predict(table.frame)).mean() > 0.98
