"""The report card's findings: where a model is right, and where it fails.

Aggregates only. Every figure covers at least `MIN_ROWS` hidden rows, is rounded, and is drawn through the
veil of the hidden set (`veil.py`), so that none stands for a single row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlarena.scoring.answers import Labels, align_labels, cluster_codes, flat, most_likely
from mlarena.scoring.regression import regression
from mlarena.scoring.reliability import reliability
from mlarena.scoring.slices import COUNT_STEP, MIN_ROWS, Slices, about, cut_slices, worst_slices
from mlarena.scoring.veil import Noise, Veil

_MAX_CLASSES = 50
_MAX_CLUSTERS = 50
_JUDGED_CLUSTERS = 10


def findings(
    task_type: str,
    y_true: Any,
    predictions: Any,
    *,
    veil: Veil,
    classes: Sequence[Any] | None = None,
    probabilities: Any = None,
    features: Any = None,
) -> dict[str, Any]:
    """The findings of one evaluation over n hidden rows, as a JSON-able dict of aggregates.

    `predictions` is (n,) or, with `classes`, probabilities (n, k), as `Metric.score` takes them.
    `probabilities` (n, k) are those behind labels, columns as `classes`. `features` is the DataFrame
    (n, p) that slices are cut from, or its `slices.Slices`, cut before: with them this takes about a
    millisecond. Raises MetricError as `score` does.
    """
    slices = features if features is None or isinstance(features, Slices) else cut_slices(features)
    if task_type == "classification":
        return classification(y_true, predictions, classes, probabilities, slices, veil)
    if task_type == "regression":
        return regression(y_true, predictions, slices, veil)
    return clustering(y_true, predictions, veil)


def classification(
    y_true: Any,
    predictions: Any,
    classes: Sequence[Any] | None,
    probabilities: Any,
    slices: Slices | None,
    veil: Veil,
) -> dict[str, Any]:
    """Confusion matrix (rows: truth, columns: answer), figures per class, reliability, worst slices."""
    given = np.asarray(predictions)
    if given.ndim == 2 and given.shape[1] > 1:
        labels, probabilities = most_likely(y_true, predictions, classes), predictions
    else:
        labels = align_labels(y_true, predictions)
    sure = [] if probabilities is None else [np.asarray(probabilities, dtype=float)]
    noise = veil.noise(labels.predicted, *sure)
    # What the model answers beyond the labels of the truth is one column: wrong is wrong.
    known = labels.names[: labels.known]
    answers = np.minimum(labels.predicted, labels.known)
    width = labels.known + bool((answers == labels.known).any())
    counts = np.zeros((labels.known, width), dtype=np.int64)
    np.add.at(counts, (labels.truth, answers), 1)
    counts = noise.about(counts)
    wrong = (labels.truth != labels.predicted).astype(float)
    return {
        "kind": "classification",
        "rows": len(labels.truth),
        "confusion": _confusion(known, counts) if labels.known <= _MAX_CLASSES else None,
        "classes": _per_class(known, counts),
        "never_answered": _never_answered(labels),
        "reliability": reliability(y_true, sure[0], classes, noise) if sure else None,
        "slices": worst_slices(slices, wrong, noise, 1.0),
    }


def clustering(y_true: Any, predictions: Any, veil: Veil) -> dict[str, Any]:
    """Sizes of the learner's own clusters, largest first, and how far they agree with the kinds.

    `pure` is the share of the commonest kind in a cluster: what kind that is, is not said.
    `homogeneity` is 1 where no cluster mixes kinds, `completeness` where no kind is split.
    """
    codes = cluster_codes(predictions, len(np.asarray(predictions)))
    noise = veil.noise(codes)
    sizes = np.bincount(codes)
    order = np.argsort(-sizes, kind="stable")
    found: dict[str, Any] = {
        "kind": "clustering",
        "rows": len(codes),
        "clusters": len(sizes),
        "sizes": [about(int(size)) for size in sizes[order[:_MAX_CLUSTERS]]],
        "agreement": None,
    }
    if y_true is not None:
        found["agreement"] = _agreement(flat(y_true), codes, order[:_JUDGED_CLUSTERS], noise)
    return found


def _agreement(
    truth: np.ndarray, codes: np.ndarray, order: np.ndarray, noise: Noise
) -> dict[str, Any]:
    from sklearn.metrics import homogeneity_completeness_v_measure

    kinds, truth = np.unique(truth, return_inverse=True)
    table = np.zeros((int(codes.max()) + 1, len(kinds)))
    np.add.at(table, (codes, truth), 1)
    rows = table.sum(axis=1)
    pure = noise.means(table.max(axis=1) / rows, rows, 1.0)
    # A small cluster would tell of few rows what they have in common.
    judged = rows >= max(MIN_ROWS, len(codes) / 20)
    homogeneous, complete, _ = homogeneity_completeness_v_measure(truth, codes)
    return {
        "homogeneity": round(float(homogeneous), 2),
        "completeness": round(float(complete), 2),
        "pure": [
            round(float(np.clip(pure[place], 0, 1)), 2) if judged[place] else None
            for place in order
        ],
    }


def _confusion(names: list[str], counts: np.ndarray) -> dict[str, Any]:
    return {
        "labels": names,
        "answers": [*names, "other"][: counts.shape[1]],
        "counts": counts.tolist(),
        "rounded_to": COUNT_STEP,
    }


def _per_class(names: list[str], counts: np.ndarray) -> list[dict[str, Any]]:
    """Precision, recall and F1 (two decimals) of the rounded counts; None under MIN_ROWS rows."""
    table = []
    for code, name in enumerate(names):
        right, there, said = (
            int(n) for n in (counts[code, code], counts[code].sum(), counts[:, code].sum())
        )
        recall = round(right / there, 2) if there >= MIN_ROWS else None
        precision = round(right / said, 2) if said >= MIN_ROWS else None
        both = recall is not None and precision is not None
        table.append(
            {
                "label": name,
                "rows": there,
                "precision": precision,
                "recall": recall,
                "f1": round(2 * right / (there + said), 2) if both else None,
            }
        )
    return table


def _never_answered(labels: Labels) -> list[str]:
    """The classes that the model answers for no row: the first thing to mend."""
    said = set(labels.predicted.tolist())
    return [name for code, name in enumerate(labels.names[: labels.known]) if code not in said]
