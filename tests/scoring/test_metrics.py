"""The metrics table: bounds, direction, alignment of labels and classes, words of the errors."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from mlarena.scoring.metrics import CLASSIFICATION, METRICS, MetricError

# Those that take fewer labels or numbers than there are have their own tests, in test_file_metrics.py.
PARTICULAR = {"quadratic_kappa", "dice", "rmsle", "pearson", "spearman"}
PLAIN = [m for m in METRICS.values() if m.name not in PARTICULAR]
OF_LABELS = [m for m in PLAIN if m.task_types == CLASSIFICATION and m.needs == "labels"]
OF_NUMBERS = [m for m in PLAIN if "regression" in m.task_types]
OF_PROBABILITIES = [m for m in METRICS.values() if m.needs == "probabilities"]


def by_name(metric) -> str:
    return metric.name


@st.composite
def label_pairs(draw):
    """Truth with at least two classes, and answers drawn from the same classes."""
    rows = draw(st.integers(4, 40))
    codes = hnp.arrays(np.int64, rows, elements=st.integers(0, 3))
    truth = draw(codes.filter(lambda codes: len(np.unique(codes)) > 1))
    classes = np.unique(truth)
    answers = classes[draw(hnp.arrays(np.int64, rows, elements=st.integers(0, len(classes) - 1)))]
    names = np.array(["ant", "bee", "cat", "dog"])
    return (names[truth], names[answers]) if draw(st.booleans()) else (truth, answers)


@st.composite
def number_pairs(draw):
    """Targets away from zero (MAPE) that are not all equal, and any answers."""
    rows = draw(st.integers(3, 40))
    truth = draw(
        hnp.arrays(np.float64, rows, elements=st.floats(1, 1e6)).filter(lambda y: np.ptp(y) > 1e-3)
    )
    answers = draw(hnp.arrays(np.float64, rows, elements=st.floats(-1e6, 1e6)))
    return truth, answers


@st.composite
def probability_pairs(draw):
    """Truth and a matrix of probabilities over its classes."""
    truth, _ = draw(label_pairs())
    classes = np.unique(truth)
    weights = draw(
        hnp.arrays(np.float64, (len(truth), len(classes)), elements=st.floats(0.01, 1.0))
    )
    return truth, weights / weights.sum(axis=1, keepdims=True), classes


def test_table_holds_every_metric_of_the_product():
    assert set(METRICS) == {
        "accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "roc_auc", "log_loss", "r2",
        "rmse", "mae", "mape", "adjusted_rand", "silhouette", "quadratic_kappa", "dice", "rmsle",
        "smape", "pearson", "spearman", "mcrmse", "ndcg", "ndcg_at_10", "map_at_3", "map_at_5",
        "map_at_10", "map_at_12", "mask_dice",
    }  # fmt: skip
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.label and metric.symbol and metric.about
        assert metric.task_types <= {"classification", "regression", "clustering"}
        assert metric.floor <= metric.perfect <= metric.ceiling
        assert metric.perfect == (metric.ceiling if metric.direction == "higher" else metric.floor)


def test_importing_the_table_loads_neither_numpy_nor_sklearn():
    code = (
        "import sys; from mlarena.scoring.metrics import METRICS; METRICS['r2'].passes(0.9, 0.8);"
        "print([m for m in ('numpy', 'sklearn', 'pandas', 'scipy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("metric", OF_LABELS, ids=by_name)
@given(pair=label_pairs(), data=st.data())
def test_label_metrics_keep_bounds_order_and_perfection(metric, pair, data):
    truth, answers = pair
    score = metric.score(truth, answers)
    assert metric.floor <= score <= metric.ceiling
    shuffled = np.array(data.draw(st.permutations(range(len(truth)))))
    assert metric.score(truth[shuffled], answers[shuffled]) == pytest.approx(score, abs=1e-12)
    best = metric.score(truth, truth)
    assert metric.is_perfect(best)
    assert not metric.better(score, best)


@pytest.mark.parametrize("metric", OF_NUMBERS, ids=by_name)
@given(pair=number_pairs(), data=st.data())
def test_number_metrics_keep_bounds_order_and_perfection(metric, pair, data):
    truth, answers = pair
    score = metric.score(truth, answers)
    assert metric.floor <= score <= metric.ceiling
    shuffled = np.array(data.draw(st.permutations(range(len(truth)))))
    assert metric.score(truth[shuffled], answers[shuffled]) == pytest.approx(score, rel=1e-9)
    assert metric.is_perfect(metric.score(truth, truth))
    # Halving every error never makes a score worse.
    assert not metric.better(score, metric.score(truth, (truth + answers) / 2))


@pytest.mark.parametrize("metric", OF_PROBABILITIES, ids=by_name)
@given(pair=probability_pairs(), data=st.data())
def test_probability_metrics_keep_bounds_and_ignore_the_models_class_order(metric, pair, data):
    truth, matrix, classes = pair
    score = metric.score(truth, matrix, classes=list(classes))
    assert metric.floor <= score <= metric.ceiling
    order = data.draw(st.permutations(range(len(classes))))
    again = metric.score(truth, matrix[:, order], classes=list(classes[list(order)]))
    assert again == pytest.approx(score, abs=1e-12)
    sure = (truth[:, None] == classes[None, :]).astype(float)
    assert metric.is_perfect(metric.score(truth, sure, classes=list(classes)))


@given(pair=label_pairs())
def test_cluster_names_do_not_matter_to_adjusted_rand(pair):
    truth, answers = pair
    metric = METRICS["adjusted_rand"]
    score = metric.score(truth, answers)
    assert metric.floor <= score <= metric.ceiling
    renamed = np.unique(answers, return_inverse=True)[1] * -7
    assert metric.score(truth, renamed) == pytest.approx(score, abs=1e-12)
    assert metric.is_perfect(metric.score(truth, truth))


@given(pair=label_pairs())
def test_classification_agrees_with_scikit_learn(pair):
    truth, answers = pair
    score = {name: METRICS[name].score(truth, answers) for name in METRICS if name in SKLEARN}
    assert score == pytest.approx({name: SKLEARN[name](truth, answers) for name in score})


SKLEARN = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": lambda y, p: np.mean(
        sk.recall_score(y, p, average=None, labels=np.unique(y), zero_division=0.0)
    ),
    "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro", zero_division=0.0),
    "f1_weighted": lambda y, p: sk.f1_score(y, p, average="weighted", zero_division=0.0),
}


def test_regression_agrees_with_scikit_learn():
    generator = np.random.default_rng(1)
    truth = generator.uniform(1, 9, 200)
    answers = truth + generator.normal(size=200)
    assert METRICS["r2"].score(truth, answers) == pytest.approx(sk.r2_score(truth, answers))
    assert METRICS["rmse"].score(truth, answers) == pytest.approx(
        sk.root_mean_squared_error(truth, answers)
    )
    assert METRICS["mae"].score(truth, answers) == pytest.approx(
        sk.mean_absolute_error(truth, answers)
    )
    assert METRICS["mape"].score(truth, answers) == pytest.approx(
        sk.mean_absolute_percentage_error(truth, answers)
    )


def test_multiclass_probabilities_agree_with_scikit_learn():
    generator = np.random.default_rng(2)
    truth = np.array(["a", "b", "c"])[generator.integers(0, 3, 300)]
    matrix = generator.dirichlet([1, 1, 1], 300)
    classes = ["a", "b", "c"]
    assert METRICS["roc_auc"].score(truth, matrix, classes=classes) == pytest.approx(
        sk.roc_auc_score(truth, matrix, multi_class="ovr")
    )
    assert METRICS["log_loss"].score(truth, matrix, classes=classes) == pytest.approx(
        sk.log_loss(truth, matrix)
    )


def test_silhouette_judges_shape_without_labels_and_without_units():
    generator = np.random.default_rng(3)
    near, far = generator.normal(0, 1, (50, 2)), generator.normal(12, 1, (50, 2))
    table = pd.DataFrame(np.vstack([near, far]), columns=["x", "y"])
    clusters = np.repeat([0, 1], 50)
    metric = METRICS["silhouette"]
    score = metric.score(None, clusters, features=table)
    assert score > 0.8
    grams = table.assign(x=table.x * 1000, note="text")
    assert metric.score(None, clusters, features=grams) == pytest.approx(score)
    assert metric.better(score, metric.score(None, np.arange(100) % 2, features=table))
    with pytest.raises(MetricError, match="100 rows into 1 cluster;"):
        metric.score(None, np.zeros(100), features=table)
    with pytest.raises(MetricError, match="100 clusters"):
        metric.score(None, np.arange(100), features=table)


@pytest.mark.parametrize(
    ("truth", "answers"),
    [
        ([0, 1, 1], ["0", "1", "1"]),
        ([0, 1, 1], [0.0, 1.0, 1.0]),
        ([0, 1, 1], [False, True, True]),
        ([False, True, True], ["False", "True", "True"]),
        ([False, True, True], [0, 1, 1]),
        (["0", "1", "1"], [0, 1, 1]),
        (["0", "1", "1"], ["0.0", "1.0", "1.0"]),
        ([0, 1, 1], np.array([[0], [1], [1]])),
        ([0, 1, 1], np.array([0, 1, 1], dtype=object)),
        ([0, 1, 1], pd.Series([0, 1, 1])),
        (["no", "yes", "yes"], pd.Series(["no", "yes", "yes"])),
    ],
)
def test_labels_written_in_another_type_are_the_same_labels(truth, answers):
    assert METRICS["accuracy"].score(np.array(truth), answers) == 1.0


def test_labels_that_differ_only_as_text_stay_apart():
    truth = np.array(["1", "01", "1"])
    assert METRICS["accuracy"].score(truth, truth) == 1.0
    assert METRICS["accuracy"].score(truth, np.array(["1", "1", "1"])) == pytest.approx(2 / 3)


def test_an_answer_outside_the_labels_is_wrong_and_no_more():
    truth = np.array(["a", "b", "a", "b"])
    assert METRICS["accuracy"].score(truth, np.array(["a", "b", "a", "z"])) == 0.75
    assert METRICS["balanced_accuracy"].score(truth, np.array(["a", "b", "a", "z"])) == 0.75


def test_columns_of_classes_the_truth_lacks_are_dropped():
    truth = np.array(["a", "b"])
    matrix = np.array([[0.1, 0.5, 0.4], [0.4, 0.5, 0.1]])
    score = METRICS["log_loss"].score(truth, matrix, classes=["b", "x", "a"])
    assert score == pytest.approx(-math.log(0.8))


def test_probabilities_may_come_without_classes_and_in_float32():
    truth = np.array(["no", "yes", "yes"])
    matrix = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8]], dtype=np.float32)
    assert METRICS["roc_auc"].score(truth, matrix) == 1.0


YES_NO = np.array(["yes", "no", "no"])


@pytest.mark.parametrize(
    ("metric", "truth", "answers", "classes", "words"),
    [
        ("accuracy", YES_NO, [1, 0, 0], None, "model answers `0`/`1`, the labels are `no`/`yes`"),
        ("accuracy", [0, 1, 1], [0.2, 1.0, 0.7], None, "such as `0.2`.*regression model"),
        ("accuracy", YES_NO, [0.2, 1.0, 0.7], None, "such as `0.2`.*Use a classifier"),
        ("accuracy", YES_NO, ["yes"], None, "1 answers for 3 rows"),
        ("accuracy", YES_NO, np.ones((3, 2)), None, "3 × 2 for 3 rows"),
        ("accuracy", [0, 1, 1], 1, None, "a single value for 3 rows"),
        ("accuracy", [0, 1, 1], [0, math.nan, math.inf], None, "2 of your model's 3 answers"),
        ("r2", [1.0, 2.0, 3.0], ["cheap", "dear", "dear"], None, "answers `cheap`.*a number"),
        ("r2", [1.0, 2.0, 3.0], [True, False, True], None, "answers `True`.*a number per row"),
        ("r2", [1.0, 2.0, 3.0], [1.0, math.nan, 3.0], None, "1 of your model's 3 answers"),
        ("rmse", [1.0, 2.0, 3.0], [1.0, 2.0], None, "2 answers for 3 rows"),
        ("rmse", [1.0, 2.0, 3.0], [1e308, -1e308, 1e308], None, "RMSE is no longer a number"),
        ("r2", [1.0, 2.0, 3.0], [1e308, -1e308, 1e308], None, "R² is no longer a number"),
        ("mape", [0.0, 2.0, 3.0], [1.0, 2.0, 3.0], None, "target of zero"),
        ("roc_auc", YES_NO, ["yes", "no", "no"], None, "predict_proba"),
        ("roc_auc", YES_NO, [[0.5, 0.5]], ["no", "yes"], "1 rows of probabilities for 3 rows"),
        ("log_loss", YES_NO, [[2, -1], [0, 1], [0, 1]], ["no", "yes"], "go from -1 to 2"),
        ("log_loss", YES_NO, [[0.9, 0.9]] * 3, ["no", "yes"], "the sums from 1.8 to 1.8"),
        ("log_loss", YES_NO, [[math.nan, 1.0]] * 3, ["no", "yes"], "NaN"),
        ("log_loss", YES_NO, [[1.0]] * 3, ["no"], "never seen `yes`"),
        ("log_loss", YES_NO, [[0.5, 0.5]] * 3, [0, 1], "knows the classes `0`/`1`"),
        ("log_loss", YES_NO, [[0.5, 0.5]] * 3, ["no"], "names 1 classes but gives 2"),
        ("log_loss", YES_NO, [[0.2, 0.3, 0.5]] * 3, None, "3 probabilities per row, there are 2"),
        ("log_loss", ["no", "no"], [[1.0]] * 2, ["no"], "a single class"),
        ("adjusted_rand", [0, 1, 1], [0.1, 0.25, 0.3], None, "the cluster each row belongs to"),
        ("adjusted_rand", [0, 1, 1], [0, 1], None, "2 answers for 3 rows"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(metric, truth, answers, classes, words):
    with pytest.raises(MetricError, match=words) as caught:
        METRICS[metric].score(np.asarray(truth), np.asarray(answers), classes=classes)
    assert caught.value.message == str(caught.value)


def test_many_or_long_labels_do_not_flood_the_message():
    with pytest.raises(MetricError) as caught:
        METRICS["accuracy"].score(np.arange(500), np.array(["x" * 10_000] * 500))
    assert len(caught.value.message) < 400


def test_a_threshold_must_be_beaten_not_met():
    r2, rmse = METRICS["r2"], METRICS["rmse"]
    assert r2.passes(0.81, 0.80) and not r2.passes(0.80, 0.80) and not r2.passes(0.79, 0.80)
    assert rmse.passes(59.9, 60) and not rmse.passes(60, 60) and not rmse.passes(61, 60)
    assert (r2.sign, rmse.sign) == (">", "<")
    assert r2.beatable(0.99) and not r2.beatable(1.0) and not r2.beatable(math.nan)
    assert rmse.beatable(1.0) and not rmse.beatable(0.0)


def test_scores_are_shown_in_a_readable_length():
    assert METRICS["r2"].show(0.8123456) == "0.8123"
    assert METRICS["rmse"].show(23412.346) == "23,412.35"
