"""The metrics table: each metric's name, which way is better, what it needs, how it is computed.

Adding a metric is one entry of `METRICS`. numpy and scikit-learn are imported inside the functions
only, so that the web process can read names and directions without loading them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from mlarena.scoring.errors import MetricError

if TYPE_CHECKING:
    import numpy as np

    from mlarena.scoring.answers import Labels, Probabilities

__all__ = ["CLASSIFICATION", "CLUSTERING", "METRICS", "REGRESSION", "Metric", "MetricError"]

Direction = Literal["higher", "lower"]
Needs = Literal["labels", "probabilities", "clusters", "columns", "lists", "masks", "relevance"]
Takes = Literal["label", "number", "probability", "numbers", "list", "mask"]
Unit = Literal["share", "number", "target"]

CLASSIFICATION = frozenset({"classification"})
REGRESSION = frozenset({"regression"})
CLUSTERING = frozenset({"clustering"})
# No quest's model answers so; the files of competitions do.
FILES = frozenset[str]()

_IN_FILES: dict[str, Takes] = {
    "probabilities": "probability",
    "columns": "numbers",
    "lists": "list",
    "masks": "mask",
    "relevance": "number",
}
_PERFECT_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Given:
    """What a score is computed from: the truth and the model's answers, aligned on demand."""

    y_true: Any
    predictions: Any
    classes: Sequence[Any] | None
    features: Any
    groups: Any = None

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
    row; the rest comes in files only, and no task type has it. `in_files` is what a file of
    predictions holds per row where `needs` does not tell. `unit` is a hint for showing a score: a
    share of one, a plain number, or the target's own unit. `floor` and `ceiling` bound every score.
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
    in_files: Takes | None = None

    def score(
        self,
        y_true: Any,
        predictions: Any,
        *,
        classes: Sequence[Any] | None = None,
        features: Any = None,
        groups: Any = None,
    ) -> float:
        """Score `predictions` against `y_true`, both of n rows; always a finite float.

        `predictions` is (n,) of labels, numbers or clusters, or (n, k) of probabilities with the
        model's `classes` in column order. `features` (n, p) is read by the silhouette only, which
        in turn ignores `y_true`; `groups` (n,), the query of each row, by NDCG only. Raises
        MetricError with words for the learner.
        """
        return self.judge(Given(y_true, predictions, classes, features, groups))

    def judge(self, given: Given) -> float:
        """The score of what is given; always a finite float. Raises MetricError."""
        value = float(self.compute(given))
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
    def takes(self) -> Takes | None:
        """What a file of predictions holds in each row; None where no file can be scored."""
        if self.needs == "labels" and self.in_files is None:
            return "number" if self.task_types == REGRESSION else "label"
        return self.in_files or _IN_FILES.get(self.needs)

    @property
    def sign(self) -> str:
        """How a threshold reads: "R² > 0.8", "RMSE < 60"."""
        return ">" if self.direction == "higher" else "<"


def _formula(path: str, *more: Any) -> Callable[[Given], float]:
    """The function `module.name` below scoring/, loaded (and numpy with it) on the first score."""
    module, name = path.split(".")

    def compute(given: Given) -> float:
        formula = getattr(import_module(f"mlarena.scoring.{module}"), name)
        return float(formula(*more, given))

    return compute


_ENTRIES = [
    Metric(
        "accuracy", "Accuracy", "acc", "higher", "labels", CLASSIFICATION, 1.0, _formula("formulas.accuracy"),
        "The share of rows with the right label.", "share", 0.0, 1.0,
    ),
    Metric(
        "balanced_accuracy", "Balanced accuracy", "bal. acc", "higher", "labels", CLASSIFICATION,
        1.0, _formula("formulas.balanced_accuracy"),
        "The share of right answers within each class, averaged: a rare class counts as much as a "
        "common one.", "share", 0.0, 1.0,
    ),
    Metric(
        "f1_macro", "F1 (macro)", "F1", "higher", "labels", CLASSIFICATION, 1.0,
        _formula("formulas.f1", "macro"),
        "Precision and recall of each class in one number (their harmonic mean), averaged over the "
        "classes.", "share", 0.0, 1.0,
    ),
    Metric(
        "f1_weighted", "F1 (weighted)", "F1w", "higher", "labels", CLASSIFICATION, 1.0,
        _formula("formulas.f1", "weighted"),
        "As F1 (macro), but a class counts as much as it has rows.", "share", 0.0, 1.0,
    ),
    Metric(
        "roc_auc", "ROC AUC", "AUC", "higher", "probabilities", CLASSIFICATION, 1.0,
        _formula("formulas.roc_auc"),
        "How often a row of the class gets a higher probability than a row outside it; with more "
        "than two classes, each against the rest, averaged. A coin gets 0.5.", "share", 0.0, 1.0,
    ),
    Metric(
        "log_loss", "Log loss", "log loss", "lower", "probabilities", CLASSIFICATION, 0.0,
        _formula("formulas.log_loss"),
        "The surprise at the truth: minus the logarithm of the probability given to the right "
        "class, averaged. To be sure and wrong costs most.", "number", 0.0,
    ),
    Metric(
        "r2", "R²", "R²", "higher", "labels", REGRESSION, 1.0, _formula("formulas.r2"),
        "The share of the target's variance that the model explains. Always answering the mean "
        "gets 0, worse than that is below 0.", "number", -math.inf, 1.0,
    ),
    Metric(
        "rmse", "RMSE", "RMSE", "lower", "labels", REGRESSION, 0.0, _formula("formulas.rmse"),
        "The root of the mean squared error, in the target's unit: a few large misses weigh more "
        "than many small ones.", "target", 0.0,
    ),
    Metric(
        "mae", "MAE", "MAE", "lower", "labels", REGRESSION, 0.0, _formula("formulas.mae"),
        "The mean absolute error, in the target's unit.", "target", 0.0,
    ),
    Metric(
        "mape", "MAPE", "MAPE", "lower", "labels", REGRESSION, 0.0, _formula("formulas.mape"),
        "The mean absolute error as a share of the true value: 0.1 is off by a tenth.",
        "share", 0.0,
    ),
    Metric(
        "adjusted_rand", "Adjusted Rand index", "ARI", "higher", "clusters", CLUSTERING, 1.0,
        _formula("formulas.adjusted_rand"),
        "How far two groupings agree on which rows belong together, corrected for chance: 1 is the "
        "same grouping, 0 is luck. What the clusters are called does not matter.",
        "number", -0.5, 1.0, in_files="label",
    ),
    Metric(
        "silhouette", "Silhouette", "sil.", "higher", "clusters", CLUSTERING, 1.0,
        _formula("formulas.silhouette"),
        "How much closer a row is to its own cluster than to the next one, on standardised numeric "
        "columns. It needs no hidden labels: the clusters are judged by their shape.",
        "number", -1.0, 1.0,
    ),
    Metric(
        "quadratic_kappa", "Quadratic weighted kappa", "QWK", "higher", "labels", CLASSIFICATION,
        1.0, _formula("formulas.quadratic_kappa"),
        "How far two grades agree beyond chance, a miss weighing the square of its distance. The "
        "labels are whole numbers on one scale, such as stars.", "number", -1.0, 1.0,
        in_files="number",
    ),
    Metric(
        "dice", "Dice", "Dice", "higher", "labels", CLASSIFICATION, 1.0, _formula("formulas.dice"),
        "Twice the overlap over the sum of both sizes, for the second of two labels (1, yes, "
        "inside): F1 of that label alone.", "share", 0.0, 1.0,
    ),
    Metric(
        "rmsle", "RMSLE", "RMSLE", "lower", "labels", REGRESSION, 0.0, _formula("formulas.rmsle"),
        "RMSE of the logarithms, log(1 + x): a miss counts by its factor, and to be too low costs "
        "more than to be too high.", "number", 0.0,
    ),
    Metric(
        "smape", "SMAPE", "SMAPE", "lower", "labels", REGRESSION, 0.0, _formula("formulas.smape"),
        "The absolute error as a share of the mean of truth and answer, averaged; 2 at the worst.",
        "share", 0.0, 2.0,
    ),
    Metric(
        "pearson", "Pearson correlation", "r", "higher", "labels", REGRESSION, 1.0,
        _formula("formulas.pearson"),
        "How straight a line truth and answers lie on; unit and offset do not matter. A constant "
        "gets 0.", "number", -1.0, 1.0,
    ),
    Metric(
        "spearman", "Spearman correlation", "ρ", "higher", "labels", REGRESSION, 1.0,
        _formula("formulas.spearman"),
        "Pearson's correlation of the ranks: only the order matters. A constant gets 0.",
        "number", -1.0, 1.0,
    ),
    Metric(
        "mcrmse", "MCRMSE", "MCRMSE", "lower", "columns", FILES, 0.0, _formula("files.mcrmse"),
        "For several targets: the RMSE of each column, averaged over the columns.", "target", 0.0,
    ),
    Metric(
        "ndcg", "NDCG", "NDCG", "higher", "relevance", FILES, 1.0, _formula("files.ndcg", None),
        "Whether the relevant rows of each query stand at its top, lower places counting less; "
        "averaged over the queries.", "share", 0.0, 1.0,
    ),
    Metric(
        "ndcg_at_10", "NDCG@10", "NDCG@10", "higher", "relevance", FILES, 1.0,
        _formula("files.ndcg", 10), "As NDCG, looking at the first ten of each query alone.",
        "share", 0.0, 1.0,
    ),
    *(
        Metric(
            f"map_at_{k}", f"MAP@{k}", f"MAP@{k}", "higher", "lists", FILES, 1.0,
            _formula("files.map_at", k),
            f"Mean average precision of the first {k} guesses of each row, written apart by "
            "spaces, the best guess first.", "share", 0.0, 1.0,
        )
        for k in (3, 5, 10, 12)
    ),
    Metric(
        "mask_dice", "Dice of masks", "Dice", "higher", "masks", FILES, 1.0,
        _formula("files.mask_dice"),
        "The overlap of two run-length encoded masks: twice the shared pixels over the sum of both, "
        "averaged over the rows; two empty masks agree.", "share", 0.0, 1.0,
    ),
]  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ENTRIES}
