"""The metrics table: each metric's name, which way is better, what it needs, how it is computed.

Adding a metric is one entry of `METRICS`. numpy and scikit-learn are imported inside the functions
only, so that the web process can read names and directions without loading them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlarena.scoring.errors import MetricError

if TYPE_CHECKING:
    import numpy as np

    from mlarena.scoring.answers import Labels, Probabilities

__all__ = ["CLASSIFICATION", "CLUSTERING", "METRICS", "REGRESSION", "Metric", "MetricError"]

Direction = Literal["higher", "lower"]
Needs = Literal["labels", "probabilities", "clusters"]
Unit = Literal["share", "number", "target"]

CLASSIFICATION = frozenset({"classification"})
REGRESSION = frozenset({"regression"})
CLUSTERING = frozenset({"clustering"})

_PERFECT_TOLERANCE = 1e-9
# Silhouette compares every row with every other: above this many rows a fixed sample is scored.
_SILHOUETTE_ROWS = 2_000


@dataclass(frozen=True)
class Given:
    """What a score is computed from: the truth and the model's answers, aligned on demand."""

    y_true: Any
    predictions: Any
    classes: Sequence[Any] | None
    features: Any

    def labels(self) -> Labels:
        from mlarena.scoring.answers import align_labels

        return align_labels(self.y_true, self.predictions)

    def probabilities(self) -> Probabilities:
        from mlarena.scoring.answers import align_probabilities

        return align_probabilities(self.y_true, self.predictions, self.classes)

    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        from mlarena.scoring.answers import align_numbers

        return align_numbers(self.y_true, self.predictions)

    def clusters(self, rows: int) -> np.ndarray:
        from mlarena.scoring.answers import cluster_codes

        return cluster_codes(self.predictions, rows)


@dataclass(frozen=True)
class Metric:
    """One way to score a model.

    `direction` says which way is better, `needs` what the sandbox must ask the model for:
    "labels" is `predict`, "probabilities" is `predict_proba`, "clusters" is the cluster of each
    row. `unit` is a hint for showing a score: a share of one, a plain number, or the target's own
    unit. `floor` and `ceiling` bound every score.
    """

    name: str
    label: str
    symbol: str
    direction: Direction
    needs: Needs
    task_types: frozenset[str]
    perfect: float
    compute: Callable[[Given], float]
    about: str
    unit: Unit = "number"
    floor: float = -math.inf
    ceiling: float = math.inf

    def score(
        self,
        y_true: Any,
        predictions: Any,
        *,
        classes: Sequence[Any] | None = None,
        features: Any = None,
    ) -> float:
        """Score `predictions` against `y_true`, both of n rows; always a finite float.

        `predictions` is (n,) of labels, numbers or clusters, or (n, k) of probabilities with the
        model's `classes` in column order. `features` (n, p) is read by the silhouette only, which
        in turn ignores `y_true`. Raises MetricError with words for the learner.
        """
        value = float(self.compute(Given(y_true, predictions, classes, features)))
        if not math.isfinite(value):
            raise MetricError(
                f"Your model's answers are so far from the truth that {self.label} is no longer a "
                "number. Look for a missing scaling step or an exploding value."
            )
        return value

    def better(self, a: float, b: float) -> bool:
        """Whether score `a` is strictly better than score `b`."""
        return a > b if self.direction == "higher" else a < b

    def passes(self, score: float, threshold: float) -> bool:
        """Whether `score` beats `threshold`; to equal it is not enough ("R² > 0.80")."""
        return self.better(score, threshold)

    def is_perfect(self, score: float) -> bool:
        """Whether `score` is the best there is, to 1e-9."""
        return abs(score - self.perfect) <= _PERFECT_TOLERANCE

    def beatable(self, threshold: float) -> bool:
        """Whether a score better than `threshold` exists."""
        return math.isfinite(threshold) and self.better(self.perfect, threshold)

    def show(self, score: float) -> str:
        """The score as a page shows it; four decimals, fewer where the number is large."""
        return f"{score:,.4f}" if abs(score) < 100 else f"{score:,.2f}"

    @property
    def sign(self) -> str:
        """How a threshold reads: "R² > 0.8", "RMSE < 60"."""
        return ">" if self.direction == "higher" else "<"


def _accuracy(given: Given) -> float:
    labels = given.labels()
    return float((labels.truth == labels.predicted).mean())


def _balanced_accuracy(given: Given) -> float:
    import numpy as np

    # By hand: sklearn's form warns on standard error for an answer that the truth does not hold.
    labels = given.labels()
    right = np.bincount(labels.truth[labels.truth == labels.predicted], minlength=labels.known)
    return float((right / np.bincount(labels.truth, minlength=labels.known)).mean())


def _f1(average: str) -> Callable[[Given], float]:
    def compute(given: Given) -> float:
        from sklearn.metrics import f1_score

        labels = given.labels()
        return float(f1_score(labels.truth, labels.predicted, average=average, zero_division=0.0))

    return compute


def _roc_auc(given: Given) -> float:
    import numpy as np
    from sklearn.metrics import roc_auc_score

    found = given.probabilities()
    if len(found.names) < 2:
        raise MetricError("The hidden data holds a single class, so ROC AUC says nothing.")
    if len(found.names) == 2:
        return float(roc_auc_score(found.truth == 1, found.matrix[:, 1]))
    one_by_one = [
        roc_auc_score(found.truth == code, found.matrix[:, code])
        for code in range(len(found.names))
    ]
    return float(np.mean(one_by_one))


def _log_loss(given: Given) -> float:
    from sklearn.metrics import log_loss

    found = given.probabilities()
    if len(found.names) < 2:
        raise MetricError("The hidden data holds a single class, so log loss says nothing.")
    return float(log_loss(found.truth, found.matrix, labels=range(len(found.names))))


def _r2(given: Given) -> float:
    import numpy as np
    from sklearn.metrics import r2_score

    truth, answers = given.numbers()
    with np.errstate(over="ignore", invalid="ignore"):
        return float(r2_score(truth, answers))


def _rmse(given: Given) -> float:
    import numpy as np

    truth, answers = given.numbers()
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.mean((truth - answers) ** 2)))


def _mae(given: Given) -> float:
    import numpy as np

    truth, answers = given.numbers()
    with np.errstate(over="ignore"):
        return float(np.abs(truth - answers).mean())


def _mape(given: Given) -> float:
    import numpy as np

    truth, answers = given.numbers()
    if not truth.all():
        raise MetricError("The hidden data holds a target of zero, where no percentage exists.")
    with np.errstate(over="ignore"):
        return float(np.abs((truth - answers) / truth).mean())


def _adjusted_rand(given: Given) -> float:
    from sklearn.metrics import adjusted_rand_score

    from mlarena.scoring.answers import flat

    truth = flat(given.y_true)
    return float(adjusted_rand_score(truth, given.clusters(len(truth))))


def _silhouette(given: Given) -> float:
    from sklearn.metrics import silhouette_score

    from mlarena.scoring.answers import numeric_features

    table = numeric_features(given.features)
    clusters = given.clusters(len(table))
    found = int(clusters.max()) + 1
    if not 2 <= found < len(table):
        raise MetricError(
            f"Your model puts {len(table):,} rows into {found:,} "
            f"cluster{'' if found == 1 else 's'}; "
            "the silhouette needs at least two, and fewer than there are rows."
        )
    size = _SILHOUETTE_ROWS if len(table) > _SILHOUETTE_ROWS else None
    return float(silhouette_score(table, clusters, sample_size=size, random_state=0))


_ENTRIES = [
    Metric(
        "accuracy", "Accuracy", "acc", "higher", "labels", CLASSIFICATION, 1.0, _accuracy,
        "The share of rows with the right label.", "share", 0.0, 1.0,
    ),
    Metric(
        "balanced_accuracy", "Balanced accuracy", "bal. acc", "higher", "labels", CLASSIFICATION,
        1.0, _balanced_accuracy,
        "The share of right answers within each class, averaged: a rare class counts as much as a "
        "common one.", "share", 0.0, 1.0,
    ),
    Metric(
        "f1_macro", "F1 (macro)", "F1", "higher", "labels", CLASSIFICATION, 1.0, _f1("macro"),
        "Precision and recall of each class in one number (their harmonic mean), averaged over the "
        "classes.", "share", 0.0, 1.0,
    ),
    Metric(
        "f1_weighted", "F1 (weighted)", "F1w", "higher", "labels", CLASSIFICATION, 1.0,
        _f1("weighted"),
        "As F1 (macro), but a class counts as much as it has rows.", "share", 0.0, 1.0,
    ),
    Metric(
        "roc_auc", "ROC AUC", "AUC", "higher", "probabilities", CLASSIFICATION, 1.0, _roc_auc,
        "How often a row of the class gets a higher probability than a row outside it; with more "
        "than two classes, each against the rest, averaged. A coin gets 0.5.", "share", 0.0, 1.0,
    ),
    Metric(
        "log_loss", "Log loss", "log loss", "lower", "probabilities", CLASSIFICATION, 0.0,
        _log_loss,
        "The surprise at the truth: minus the logarithm of the probability given to the right "
        "class, averaged. To be sure and wrong costs most.", "number", 0.0,
    ),
    Metric(
        "r2", "R²", "R²", "higher", "labels", REGRESSION, 1.0, _r2,
        "The share of the target's variance that the model explains. Always answering the mean "
        "gets 0, worse than that is below 0.", "number", -math.inf, 1.0,
    ),
    Metric(
        "rmse", "RMSE", "RMSE", "lower", "labels", REGRESSION, 0.0, _rmse,
        "The root of the mean squared error, in the target's unit: a few large misses weigh more "
        "than many small ones.", "target", 0.0,
    ),
    Metric(
        "mae", "MAE", "MAE", "lower", "labels", REGRESSION, 0.0, _mae,
        "The mean absolute error, in the target's unit.", "target", 0.0,
    ),
    Metric(
        "mape", "MAPE", "MAPE", "lower", "labels", REGRESSION, 0.0, _mape,
        "The mean absolute error as a share of the true value: 0.1 is off by a tenth.",
        "share", 0.0,
    ),
    Metric(
        "adjusted_rand", "Adjusted Rand index", "ARI", "higher", "clusters", CLUSTERING, 1.0,
        _adjusted_rand,
        "How far two groupings agree on which rows belong together, corrected for chance: 1 is the "
        "same grouping, 0 is luck. What the clusters are called does not matter.",
        "number", -0.5, 1.0,
    ),
    Metric(
        "silhouette", "Silhouette", "sil.", "higher", "clusters", CLUSTERING, 1.0, _silhouette,
        "How much closer a row is to its own cluster than to the next one, on standardised numeric "
        "columns. It needs no hidden labels: the clusters are judged by their shape.",
        "number", -1.0, 1.0,
    ),
]  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ENTRIES}
