"""A model's answers laid against the truth: same length, same labels, same class order.

Everything a learner can get wrong between `fit` and `predict` is said here, in words; the
metrics below it may then assume clean arrays.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlarena.scoring.errors import MetricError

# "1", "-2.0", "1e3": a label written as text that means a number. Not float() alone: that also
# takes "nan", "1_0" and " 1 ", which are words here.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_SHOWN_LABELS = 4
# float32 models (ONNX) give rows that sum to 1 ± 1e-6 or so; anything farther is not a probability.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Labels:
    """Truth and answers as codes into `names`.

    `truth` and `predicted` are int arrays of shape (n,). Codes from `known` on are labels that
    the model answers but the truth does not hold: always wrong.
    """

    names: list[str]
    truth: np.ndarray
    predicted: np.ndarray
    known: int


def align_labels(y_true: Any, predictions: Any) -> Labels:
    """Lay predicted labels against true ones, whatever type each side writes them in.

    True, 1, 1.0 and "1" are one label. Raises MetricError when no answer is one of the true
    labels, or when the answers are plainly numbers rather than classes.
    """
    truth_labels, truth = _codes(flat(y_true))
    answers = _one_per_row(predictions, len(truth))
    answer_labels, predicted = _codes(answers)

    spell = speller(truth_labels)
    index = {spell(label): code for code, label in enumerate(truth_labels)}
    names = [str(label) for label in truth_labels]
    recode = np.empty(len(answer_labels), dtype=np.int64)
    strangers: list[Any] = []
    for position, label in enumerate(answer_labels):
        code = index.get(spell(label))
        if code is None:
            code = len(names)
            names.append(str(label))
            strangers.append(label)
        recode[position] = code

    if any(_is_fraction(label) for label in strangers):
        raise MetricError(
            f"Your model answers with numbers such as {_show(strangers[:1])}; this quest asks for "
            f"one of the labels {_show(truth_labels)}. Is it a regression model? "
            "Use a classifier."
        )
    if len(strangers) == len(answer_labels):
        raise MetricError(
            f"Your model answers {_show(answer_labels)}, the labels are {_show(truth_labels)}. "
            "Train on the target column as it stands in the download, or turn the answers back "
            "into those labels inside your pipeline."
        )
    return Labels(names, truth, recode[predicted], known=len(truth_labels))


@dataclass(frozen=True)
class Probabilities:
    """`matrix` (n, k) float64, rows sum to 1, columns in the order of `names`; `truth` codes."""

    names: list[str]
    truth: np.ndarray
    matrix: np.ndarray


def align_probabilities(
    y_true: Any, probabilities: Any, classes: Sequence[Any] | None
) -> Probabilities:
    """Lay class probabilities (n, m), columns ordered as `classes`, against the true labels.

    Without `classes` the columns are taken in the sorted order of the true labels. Columns of
    classes the truth does not hold are dropped and the rest scaled back to 1. Raises MetricError
    for a class the model never saw, values outside 0..1 and rows that do not sum to 1.
    """
    truth_labels, truth = _codes(flat(y_true))
    matrix = _probability_matrix(probabilities, len(truth))
    if classes is None:
        if matrix.shape[1] != len(truth_labels):
            raise MetricError(
                f"Your model gives {matrix.shape[1]} probabilities per row, there are "
                f"{len(truth_labels)} classes: {_show(truth_labels)}."
            )
    else:
        matrix = matrix[:, _columns_of(truth_labels, list(classes), matrix.shape[1])]
        total = matrix.sum(axis=1, keepdims=True)
        # A row may give everything to a class that is not asked for: then it says nothing.
        even = 1.0 / len(truth_labels)
        matrix = np.where(total > 0, matrix / np.where(total > 0, total, 1.0), even)
    return Probabilities([str(label) for label in truth_labels], truth, matrix)


def most_likely(y_true: Any, probabilities: Any, classes: Sequence[Any] | None) -> Labels:
    """The labels that class probabilities stand for: the likeliest class of each row."""
    given = align_probabilities(y_true, probabilities, classes)
    return Labels(given.names, given.truth, given.matrix.argmax(axis=1), known=len(given.names))


def align_numbers(y_true: Any, predictions: Any) -> tuple[np.ndarray, np.ndarray]:
    """Truth and answers as two float64 arrays of shape (n,), the answers finite.

    Raises MetricError for text, True/False, NaN and infinities.
    """
    truth = flat(y_true).astype(np.float64)
    answers = _one_per_row(predictions, len(truth))
    if answers.dtype.kind not in "iuf":
        try:
            if answers.dtype.kind in "bc":
                raise ValueError
            answers = answers.astype(np.float64)
        except (TypeError, ValueError):
            raise MetricError(
                f"Your model answers {_show(answers[:1])}; this quest asks for a number per row. "
                "Is it a classifier? Use a regression model."
            ) from None
    _refuse_not_finite(answers)
    return truth, answers.astype(np.float64)


def cluster_codes(predictions: Any, rows: int) -> np.ndarray:
    """Cluster of each row as codes 0..k-1, shape (n,). Cluster names may be numbers or text."""
    answers = _one_per_row(predictions, rows)
    labels, codes = _codes(answers)
    if any(_is_fraction(label) for label in labels):
        raise MetricError(
            f"Your model answers with numbers such as {_show(labels[:1])}; this quest asks for "
            "the cluster each row belongs to, as `KMeans().fit(X).predict(X)` gives it."
        )
    return codes


def numeric_features(features: Any) -> np.ndarray:
    """The numeric columns of a table (n, p) as float64, each with mean 0 and deviation 1.

    Standardised, because a distance between rows would otherwise be a matter of units.
    """
    if hasattr(features, "select_dtypes"):
        features = features.select_dtypes("number").to_numpy()
    table = np.asarray(features, dtype=np.float64)
    spread = table.std(axis=0)
    return np.asarray((table - table.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def flat(values: Any) -> np.ndarray:
    """One value per row: (n,) as it is, (n, 1) flattened, pandas objects unpacked."""
    array = np.asarray(values)
    return array.reshape(-1) if array.ndim == 2 and array.shape[1] == 1 else array


def _one_per_row(predictions: Any, rows: int) -> np.ndarray:
    answers = flat(predictions)
    if answers.ndim != 1:
        shape = " × ".join(str(size) for size in answers.shape) or "a single value"
        raise MetricError(
            f"Your model gives {shape} for {rows:,} rows; it must give one answer per row."
        )
    if len(answers) != rows:
        raise MetricError(
            f"Your model gives {len(answers):,} answers for {rows:,} rows; "
            "it must give one per row, in the same order."
        )
    if answers.dtype.kind == "f":
        _refuse_not_finite(answers)
    return answers


def _refuse_not_finite(answers: np.ndarray) -> None:
    bad = int(answers.size - np.isfinite(answers).sum())
    if bad:
        raise MetricError(
            f"{bad:,} of your model's {answers.size:,} answers are not numbers (NaN or infinite). "
            "Look for missing values, divisions by zero or a logarithm of zero in your pipeline."
        )


def _probability_matrix(probabilities: Any, rows: int) -> np.ndarray:
    matrix = np.asarray(probabilities)
    if matrix.ndim != 2 or matrix.dtype.kind not in "iuf":
        raise MetricError(
            "This quest is scored on probabilities: your model needs a `predict_proba` that gives "
            "one number per row and class. For an SVC, that is `probability=True`."
        )
    if len(matrix) != rows:
        raise MetricError(
            f"Your model gives {len(matrix):,} rows of probabilities for {rows:,} rows."
        )
    matrix = matrix.astype(np.float64)
    _refuse_not_finite(matrix)
    sums = matrix.sum(axis=1)
    if matrix.min() < -_SUM_TOLERANCE or np.abs(sums - 1).max() > _SUM_TOLERANCE:
        raise MetricError(
            "Your model's probabilities must lie between 0 and 1 and sum to 1 in each row; "
            f"they go from {matrix.min():.3g} to {matrix.max():.3g}, "
            f"the sums from {sums.min():.3g} to {sums.max():.3g}."
        )
    matrix = np.clip(matrix, 0.0, None)
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def _columns_of(truth_labels: list[Any], classes: list[Any], width: int) -> list[int]:
    """The model's column of each true label."""
    if len(classes) != width:
        raise MetricError(
            f"Your model names {len(classes)} classes but gives {width} probabilities per row."
        )
    spell = speller(truth_labels)
    column = {spell(label): position for position, label in enumerate(classes)}
    found = [column.get(spell(label)) for label in truth_labels]
    unseen = [label for label, place in zip(truth_labels, found, strict=True) if place is None]
    if unseen:
        raise MetricError(
            f"Your model knows the classes {_show(classes)}, the labels are {_show(truth_labels)}: "
            f"it has never seen {_show(unseen)}. "
            "Train on the target column as it stands in the download."
        )
    return [place for place in found if place is not None]


def _codes(values: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Distinct values in sorted order and each row's place among them."""
    if values.dtype.kind in "OT":  # object and numpy's variable-width strings
        kinds = {type(value) for value in values.tolist()}
        text = kinds == {str} or not all(_is_number_type(kind) for kind in kinds)
        values = values.astype(str) if text else values.astype(np.float64)
        if not text:
            _refuse_not_finite(values)
    labels, codes = np.unique(values, return_inverse=True)
    return labels.tolist(), codes.reshape(-1)


def _is_number_type(kind: type) -> bool:
    return issubclass(kind, (bool, int, float, np.number, np.bool_))


def _spelling(label: Any) -> str:
    """One spelling per label: True, 1, 1.0, "1" and "1.0" are "1"."""
    if isinstance(label, bool) or label in ("True", "False"):
        return "1" if str(label) == "True" else "0"
    if isinstance(label, str):
        if not _NUMBER.fullmatch(label):
            return label
        label = float(label)
    if isinstance(label, float):
        return str(int(label)) if math.isfinite(label) and label.is_integer() else repr(label)
    return str(label)


def speller(truth_labels: list[Any]) -> Callable[[Any], str]:
    """How labels are compared: forgivingly, or to the letter where "1" and "01" are two classes."""
    return (
        _spelling if len({_spelling(label) for label in truth_labels}) == len(truth_labels) else str
    )


def _is_fraction(label: Any) -> bool:
    return isinstance(label, float) and not label.is_integer()


def _show(labels: Iterable[Any]) -> str:
    """Labels for a message: `0`/`1`, at most four, each cut to a readable length."""
    shown = [f"`{str(label)[:40]}`" for label in labels]
    more = "/…" if len(shown) > _SHOWN_LABELS else ""
    return "/".join(shown[:_SHOWN_LABELS]) + more
