"""The report card's findings: where a model is right, where it fails, how it compares.

Aggregates only, because a learner chooses the predictions and could choose them so that a figure
stands for one hidden row. So every figure covers at least `MIN_ROWS` rows, counts are rounded to
`COUNT_STEP` and shares to two decimals, and residuals are never ranked down to a single one: a
"median" is the mean of the `MIN_ROWS` rows around it. What remains is no more than the score itself
tells; how often a score may be asked for is the quest's limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlarena.scoring.answers import Labels, align_labels, align_numbers, cluster_codes, most_likely
from mlarena.scoring.metrics import Metric
from mlarena.scoring.slices import COUNT_STEP, MIN_ROWS, about, short, worst_slices

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_GROUPS = 5
_BANDS = 9
_MAX_CLASSES = 50
# An answer of 1e308 is one of those: sums of it, rounded, would no longer be numbers.
_FARTHEST = 1e100


def findings(
    task_type: str,
    y_true: Any,
    predictions: Any,
    classes: Sequence[Any] | None = None,
    features: Any = None,
) -> dict[str, Any]:
    """The findings of one evaluation over n hidden rows, as a JSON-able dict of aggregates.

    `predictions` is (n,) or, with `classes`, probabilities (n, k), as `Metric.score` takes them;
    `features` is the DataFrame (n, p) that slices are cut from, or its `slices.Slices`, cut before:
    with them this takes about a millisecond. Raises MetricError as `score` does.
    """
    if task_type == "classification":
        return classification(y_true, predictions, classes, features)
    if task_type == "regression":
        return regression(y_true, predictions, features)
    return clustering(predictions)


def classification(
    y_true: Any, predictions: Any, classes: Sequence[Any] | None = None, features: Any = None
) -> dict[str, Any]:
    """Confusion matrix (rows: truth, columns: answer), figures per class, worst slices."""
    probable = np.asarray(predictions).ndim == 2 and np.asarray(predictions).shape[1] > 1
    labels = (
        most_likely(y_true, predictions, classes) if probable else align_labels(y_true, predictions)
    )
    # What the model answers beyond the labels of the truth is one column: wrong is wrong.
    known = labels.names[: labels.known]
    answers = np.minimum(labels.predicted, labels.known)
    width = labels.known + bool((answers == labels.known).any())
    counts = np.zeros((labels.known, width), dtype=np.int64)
    np.add.at(counts, (labels.truth, answers), 1)
    wrong = (labels.truth != labels.predicted).astype(float)
    return {
        "kind": "classification",
        "rows": len(labels.truth),
        "confusion": _confusion(known, counts) if labels.known <= _MAX_CLASSES else None,
        "classes": _per_class(known, counts),
        "never_answered": _never_answered(labels),
        "slices": worst_slices(features, wrong),
    }


def regression(y_true: Any, predictions: Any, features: Any = None) -> dict[str, Any]:
    """Residuals (answer minus truth): bias, smoothed quantiles, histogram, error along the target."""
    truth, answers = align_numbers(y_true, predictions)
    answers = np.clip(answers, -_FARTHEST, _FARTHEST)
    residual = answers - truth
    size = np.abs(residual)
    return {
        "kind": "regression",
        "rows": len(truth),
        "bias": short(residual.mean()),
        "mae": short(size.mean()),
        "quantiles": _quantiles(residual),
        "histogram": _histogram(residual),
        "along_target": _along_target(truth, answers),
        "slices": worst_slices(features, size),
    }


def clustering(predictions: Any) -> dict[str, Any]:
    """Sizes of the learner's own clusters, largest first; no truth is in them."""
    codes = cluster_codes(predictions, len(np.asarray(predictions)))
    sizes = np.sort(np.bincount(codes))[::-1]
    return {
        "kind": "clustering",
        "rows": len(codes),
        "clusters": len(sizes),
        "sizes": [int(size) for size in sizes[:_MAX_CLASSES]],
    }


def compare(
    metric: Metric, score: float, threshold: float, others: Sequence[float]
) -> dict[str, Any]:
    """Where `score` stands against the threshold and among the others' best scores.

    `better_than` is the share (0..1) of `others` that the score beats, None while there are none;
    `quartiles` (three scores) are shown from five others on.
    """
    beaten = sum(metric.better(score, other) for other in others)
    ahead = sum(metric.better(other, score) for other in others)
    ordered = sorted(others)
    return {
        "score": score,
        "threshold": threshold,
        "passed": metric.passes(score, threshold),
        # How far over the bar; negative when short of it, whichever way the metric counts.
        "margin": (score - threshold) * (1 if metric.direction == "higher" else -1),
        "others": len(ordered),
        "better_than": round(beaten / len(ordered), 4) if ordered else None,
        "rank": ahead + 1,
        "quartiles": [ordered[round(share * (len(ordered) - 1))] for share in (0.25, 0.5, 0.75)]
        if len(ordered) >= 5
        else None,
    }


def _confusion(names: list[str], counts: np.ndarray) -> dict[str, Any]:
    answers = [*names, "other"][: counts.shape[1]]
    return {
        "labels": names,
        "answers": answers,
        "counts": [[about(count) for count in row] for row in counts.tolist()],
        "rounded_to": COUNT_STEP,
    }


def _per_class(names: list[str], counts: np.ndarray) -> list[dict[str, Any]]:
    """Precision, recall and F1 (two decimals); None where they would rest on under MIN_ROWS rows."""
    table = []
    for code, name in enumerate(names):
        right, there, said = counts[code, code], counts[code].sum(), counts[:, code].sum()
        recall = round(float(right / there), 2) if there >= MIN_ROWS else None
        precision = round(float(right / said), 2) if said >= MIN_ROWS else None
        both = recall is not None and precision is not None
        table.append(
            {
                "label": name,
                "rows": about(there),
                "precision": precision,
                "recall": recall,
                "f1": round(float(2 * right / (there + said)), 2) if both else None,
            }
        )
    return table


def _never_answered(labels: Labels) -> list[str]:
    """The classes that the model answers for no row: the first thing to mend."""
    said = set(labels.predicted.tolist())
    return [name for code, name in enumerate(labels.names[: labels.known]) if code not in said]


def _quantiles(residual: np.ndarray) -> list[dict[str, float | None]]:
    ordered = np.sort(residual)
    half = MIN_ROWS // 2
    found: list[dict[str, float | None]] = []
    for share in QUANTILES:
        middle = round(share * (len(ordered) - 1))
        first = min(max(0, middle - half), max(0, len(ordered) - MIN_ROWS))
        around = ordered[first : first + MIN_ROWS]
        enough = len(around) >= MIN_ROWS
        found.append({"share": share, "residual": short(around.mean()) if enough else None})
    return found


def _histogram(residual: np.ndarray) -> dict[str, list[Any]] | None:
    """Bands between the smoothed outer quantiles; the first and last hold what lies beyond."""
    outer = [entry["residual"] for entry in _quantiles(residual)]
    low, high = outer[0], outer[-1]
    if low is None or high is None or not low < high:
        return None
    edges = np.linspace(low, high, _BANDS)
    counts = np.bincount(np.searchsorted(edges, residual), minlength=_BANDS + 1)
    return {
        "edges": [short(edge) for edge in edges],
        "counts": [about(count) for count in counts.tolist()],
    }


def _along_target(truth: np.ndarray, answers: np.ndarray) -> list[dict[str, Any]]:
    """Mean truth, mean answer and mean absolute error in fifths of the target, low to high."""
    groups = min(_GROUPS, len(truth) // MIN_ROWS)
    if not groups:
        return []
    return [
        {
            "rows": about(len(part)),
            "truth": short(truth[part].mean()),
            "answer": short(answers[part].mean()),
            "mae": short(np.abs(answers[part] - truth[part]).mean()),
        }
        for part in np.array_split(np.argsort(truth, kind="stable"), groups)
    ]
