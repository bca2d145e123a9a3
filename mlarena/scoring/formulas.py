"""Formulas of the metrics table: scikit-learn's where it has one.

Each takes the `Given` of `metrics.py` and returns the score. What no formula can be applied to raises
MetricError; what a formula leaves open (a correlation with a constant, the agreement of two constants) is
decided here and said, because a sample submission is often one number all the way down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlarena.scoring.answers import flat, numeric_features
from mlarena.scoring.errors import MetricError

if TYPE_CHECKING:
    from mlarena.scoring.metrics import Given

# Grades, stars, stages: a scale of more steps than this is no scale.
_MOST_GRADES = 1_000
# Silhouette compares every row with every other: above this many rows a fixed sample is scored.
_SILHOUETTE_ROWS = 2_000


def accuracy(given: Given) -> float:
    labels = given.labels()
    return float((labels.truth == labels.predicted).mean())


def balanced_accuracy(given: Given) -> float:
    # By hand: sklearn's form warns on standard error for an answer that the truth does not hold.
    labels = given.labels()
    right = np.bincount(labels.truth[labels.truth == labels.predicted], minlength=labels.known)
    return float((right / np.bincount(labels.truth, minlength=labels.known)).mean())


def f1(average: str, given: Given) -> float:
    from sklearn.metrics import f1_score

    labels = given.labels()
    return float(f1_score(labels.truth, labels.predicted, average=average, zero_division=0.0))


def roc_auc(given: Given) -> float:
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


def log_loss(given: Given) -> float:
    from sklearn.metrics import log_loss

    found = given.probabilities()
    if len(found.names) < 2:
        raise MetricError("The hidden data holds a single class, so log loss says nothing.")
    return float(log_loss(found.truth, found.matrix, labels=range(len(found.names))))


def r2(given: Given) -> float:
    from sklearn.metrics import r2_score

    truth, answers = given.numbers()
    with np.errstate(over="ignore", invalid="ignore"):
        return float(r2_score(truth, answers))


def rmse(given: Given) -> float:
    truth, answers = given.numbers()
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.mean((truth - answers) ** 2)))


def mae(given: Given) -> float:
    truth, answers = given.numbers()
    with np.errstate(over="ignore"):
        return float(np.abs(truth - answers).mean())


def mape(given: Given) -> float:
    truth, answers = given.numbers()
    if not truth.all():
        raise MetricError("The hidden data holds a target of zero, where no percentage exists.")
    with np.errstate(over="ignore"):
        return float(np.abs((truth - answers) / truth).mean())


def adjusted_rand(given: Given) -> float:
    from sklearn.metrics import adjusted_rand_score

    truth = flat(given.y_true)
    return float(adjusted_rand_score(truth, given.clusters(len(truth))))


def silhouette(given: Given) -> float:
    from sklearn.metrics import silhouette_score

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


def smape(given: Given) -> float:
    """Σ 2|answer - truth| / (|answer| + |truth|) / n; where both are 0 the answer is right."""
    truth, answers = given.numbers()
    size = np.abs(truth) + np.abs(answers)
    miss = 2 * np.abs(answers - truth)
    return float(np.divide(miss, size, out=np.zeros_like(size), where=size > 0).mean())


def rmsle(given: Given) -> float:
    truth, answers = given.numbers()
    if (answers < 0).any():
        raise MetricError(
            f"{int((answers < 0).sum()):,} answers are below zero, where RMSLE has no logarithm. "
            "Clip your predictions at 0."
        )
    if (truth < 0).any():
        raise MetricError("The hidden data holds a target below zero, where RMSLE has no value.")
    return float(np.sqrt(np.mean((np.log1p(truth) - np.log1p(answers)) ** 2)))


def pearson(given: Given) -> float:
    """The correlation; 0 where either side never changes."""
    truth, answers = given.numbers()
    return _correlation(truth, answers)


def spearman(given: Given) -> float:
    """The correlation of the ranks, those who tie sharing their average."""
    from scipy.stats import rankdata

    truth, answers = given.numbers()
    return _correlation(rankdata(truth), rankdata(answers))


def quadratic_kappa(given: Given) -> float:
    """Cohen's kappa, a miss weighing the square of its distance on the scale of whole numbers.

    The scale has every whole number from the smallest to the largest, whether it occurs or not.
    """
    from sklearn.metrics import cohen_kappa_score

    truth, answers = given.numbers()
    for values, whose in ((truth, "The hidden data holds"), (answers, "Your answers hold")):
        odd = values[values != np.rint(values)]
        if len(odd):
            raise MetricError(
                f"{whose} `{odd[0]:g}`; kappa compares grades, which are whole numbers. Round them."
            )
    low, high = min(truth.min(), answers.min()), max(truth.max(), answers.max())
    if high - low >= _MOST_GRADES:
        raise MetricError(
            f"The grades go from {low:g} to {high:g}; a scale has at most {_MOST_GRADES:,} steps."
        )
    if low == high:
        return 1.0  # 0 / 0: all agree on the one grade there is
    grades = np.arange(int(low), int(high) + 1)
    return float(
        cohen_kappa_score(
            truth.astype(np.int64), answers.astype(np.int64), labels=grades, weights="quadratic"
        )
    )


def dice(given: Given) -> float:
    """2 x hits / (said + there) for the second of two labels, which is F1 of that label."""
    from sklearn.metrics import f1_score

    labels = given.labels()
    if labels.known != 2:
        raise MetricError(
            f"Dice is for two labels, outside and inside; the hidden data holds {labels.known}."
        )
    inside = labels.truth == 1, labels.predicted == 1
    return float(f1_score(*inside, zero_division=1.0))


def _correlation(truth: np.ndarray, answers: np.ndarray) -> float:
    if np.ptp(truth) == 0 or np.ptp(answers) == 0:
        return 0.0
    one, other = _unit(truth), _unit(answers)
    return float(np.clip((one * other).sum(), -1.0, 1.0))


def _unit(values: np.ndarray) -> np.ndarray:
    """Centred and of length 1. Scaled before it is squared: the square of 1e200 is no number."""
    apart = values / np.abs(values).max()
    apart = apart - apart.mean()
    apart = apart / np.abs(apart).max()
    return np.asarray(apart / np.sqrt((apart**2).sum()))
