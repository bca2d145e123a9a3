"""The probabilities behind a classifier's labels, without asking it twice.

To label rows a forest asks its own predict_proba; whoever listens has the probabilities for nothing. Others
do not: then their last estimator is asked once more, for the rows as the steps before it have left them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mlarena.sandbox import frames
from mlarena.sandbox.inside import answers, parts

# Seconds. A model that needs longer for its labels is not asked again.
PATIENCE = 0.15


def listen(model: Any) -> Callable[[], tuple[bytes, bytes] | None] | None:
    """What makes a PROB frame once `model` has predicted; None for one that lets nobody listen."""
    try:
        return Listener(model).frame
    except Exception:  # a learner's own class may answer anything at all
        return None


class Listener:
    """Hears what the last estimator of `model` is asked, and what it tells itself."""

    def __init__(self, model: Any) -> None:
        self._last = parts.last(model)
        self._rows: Any = None
        self._heard: Any = None
        self._took = 0.0
        for name, hear in (("predict", self._predict), ("predict_proba", self._predict_proba)):
            original = getattr(self._last, name, None)
            if callable(original):
                setattr(self, f"_own_{name}", original)
                # on the instance, where it is found before the class's own
                self._last.__dict__[name] = hear

    def _predict(self, rows: Any, *more: Any, **named: Any) -> Any:
        self._rows, self._heard = rows, None
        started = time.perf_counter()
        labels = self._own_predict(rows, *more, **named)  # type: ignore[attr-defined]
        self._took = time.perf_counter() - started
        return labels

    def _predict_proba(self, rows: Any, *more: Any, **named: Any) -> Any:
        self._heard = self._own_predict_proba(rows, *more, **named)  # type: ignore[attr-defined]
        return self._heard

    def frame(self) -> tuple[bytes, bytes] | None:
        """A PROB frame for the rows that were predicted last; None for a model without."""
        if self._rows is None or not hasattr(self._last, "predict_proba"):
            return None
        if self._heard is None and self._took > PATIENCE:
            return None
        found = self._last.predict_proba(self._rows) if self._heard is None else self._heard
        matrix = np.asarray(found, dtype=np.float64)
        if matrix.ndim != 2:
            return None
        classes = answers.class_labels(self._last, matrix.shape[1])
        return b"PROB", frames.fold(classes, answers.npy(matrix))
