"""What predict gave back, made into the one form that leaves the jail."""

from __future__ import annotations

import io
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from mlarena.sandbox.frames import LONGEST_LABEL, MOST_CLASSES
from mlarena.sandbox.inside.channel import Failure

if TYPE_CHECKING:
    import pandas as pd


def ask(model: Any, frame: pd.DataFrame, method: str) -> np.ndarray:
    """`method` (predict, predict_proba, cluster) of `model` on a copy of `frame`, checked.

    (rows,) of float64, int64, bool or str; (rows, classes) float64 for probabilities. Raises
    Failure for an answer of another form, and whatever the model raises.
    """
    name = _method(model, method)
    given = getattr(model, name)(frame.copy())
    if method == "predict_proba":
        return _probabilities(given, len(frame))
    return _one_per_row(given, len(frame), name)


def is_refit(model: Any, method: str) -> bool:
    """Clusters of a model without predict come from a new fit: not the same twice."""
    return _method(model, method) == "fit_predict"


def _method(model: Any, method: str) -> str:
    name = method if method != "cluster" else "predict"
    if method == "cluster" and not hasattr(model, "predict"):
        name = "fit_predict"
    if not hasattr(model, name):
        raise Failure("no_method", _NO_METHOD[name])
    return name


_NO_METHOD = {
    "predict": "The model has no predict method. It can group rows, but not predict them.",
    "predict_proba": "This quest is scored on probabilities, and the model has no predict_proba. "
    "Use one that has (LogisticRegression, RandomForestClassifier), or wrap yours in "
    "CalibratedClassifierCV.",
    "fit_predict": "The model has neither predict nor fit_predict.",
}


def class_labels(model: Any, width: int) -> list[Any]:
    """Labels of the probability columns: the model's `classes_`, or 0, 1, 2... without."""
    classes = getattr(model, "classes_", None)
    if classes is None:
        return list(range(width))
    labels = np.asarray(classes).tolist()
    if len(labels) != width or width > MOST_CLASSES:
        raise Failure(
            "wrong_shape",
            f"predict_proba gave {width} columns for {len(labels)} classes.",
        )
    return list(labels)


def same(first: np.ndarray, second: np.ndarray) -> bool:
    if first.dtype.kind == "f" and second.dtype.kind == "f":
        return first.shape == second.shape and bool(np.allclose(first, second, rtol=1e-6))
    return bool(np.array_equal(first, second))


def npy(array: np.ndarray) -> bytes:
    """`array` as npy 1.0."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), (1, 0), allow_pickle=False)
    return buffer.getvalue()


def _one_per_row(given: Any, rows: int, name: str) -> np.ndarray:
    array = _plain(_as_array(given, name))
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.ravel()
    if array.ndim != 1:
        raise Failure(
            "wrong_shape",
            f"{name} gave an array of shape {array.shape}: one value per row is needed.",
        )
    if len(array) != rows:
        raise Failure("wrong_length", f"{name} gave {len(array)} values for {rows} rows.")
    return _finite(array, name)


def _probabilities(given: Any, rows: int) -> np.ndarray:
    array = _plain(_as_array(given, "predict_proba"))
    if array.ndim != 2 or not 1 <= array.shape[1] <= MOST_CLASSES:
        raise Failure(
            "wrong_shape",
            f"predict_proba gave an array of shape {array.shape}: one row of probabilities per "
            "row, one column per class is needed.",
        )
    if len(array) != rows:
        raise Failure("wrong_length", f"predict_proba gave {len(array)} rows for {rows}.")
    if array.dtype.kind not in "fib":
        raise Failure("wrong_type", "predict_proba gave text instead of numbers.")
    return _finite(array.astype(np.float64), "predict_proba")


def _as_array(given: Any, name: str) -> np.ndarray:
    if isinstance(given, types.GeneratorType) or hasattr(given, "__next__"):
        raise Failure("wrong_type", f"{name} gave a generator. Return an array or a list.")
    if given is None or isinstance(given, (str, bytes, dict, set)):
        raise Failure(
            "wrong_type", f"{name} gave a `{type(given).__name__}`. Return one value per row."
        )
    if hasattr(given, "toarray"):
        raise Failure("wrong_type", f"{name} gave a sparse matrix. Return an ordinary array.")
    try:
        return np.asarray(given)
    except ValueError:
        raise Failure("wrong_shape", f"{name} gave rows of different lengths.") from None


def _plain(array: np.ndarray) -> np.ndarray:
    """As float64, int64, bool or text."""
    if array.dtype.kind == "O":
        array = _plain_objects(array)
    if array.dtype.kind == "f":
        return array.astype("<f8", copy=False)
    if array.dtype.kind == "i":
        return array.astype("<i8", copy=False)
    if array.dtype.kind == "u":
        small = array.size == 0 or array.max() < 2**63
        return array.astype("<i8" if small else "<f8")
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind == "U" and array.dtype.itemsize <= 4 * LONGEST_LABEL:
        return array.astype(f"<U{max(1, array.dtype.itemsize // 4)}", copy=False)
    raise Failure(
        "wrong_type",
        f"The answers are of type `{array.dtype}`. They must be numbers, or text of at most "
        f"{LONGEST_LABEL} characters.",
    )


def _plain_objects(array: np.ndarray) -> np.ndarray:
    """An array of Python objects, when they are all text or all numbers."""
    values: list[Any] = array.ravel().tolist()
    if all(isinstance(value, str) for value in values):
        longest = max(map(len, values), default=0)
        if longest <= LONGEST_LABEL:
            return array.astype(f"<U{max(1, longest)}")
    elif all(isinstance(value, bool) for value in values):
        return array.astype(bool)
    elif all(isinstance(value, (int, np.integer)) and abs(int(value)) < 2**63 for value in values):
        return array.astype(np.int64)
    elif all(isinstance(value, (int, float, np.number)) for value in values):
        return array.astype(np.float64)
    kinds = sorted({type(value).__name__ for value in values})
    raise Failure(
        "wrong_type",
        f"The answers mix or hold {', '.join(kinds[:5])}. They must be numbers, or text of at "
        f"most {LONGEST_LABEL} characters.",
    )


def _finite(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind == "f":
        bad = array.size - int(np.isfinite(array).sum())
        if bad:
            raise Failure(
                "not_finite",
                f"{bad} of {array.size} values that {name} gave are NaN or infinite. Check for "
                "missing values and divisions by zero in your pipeline.",
            )
    return array
