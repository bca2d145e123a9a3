"""Predictions that are laid against the solution, scored on its public and its private rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlarena.scoring.answers import Labels, Probabilities
from mlarena.scoring.metrics import Given, Metric, MetricError
from mlarena.scoring.predictions.reading import Layout
from mlarena.scoring.predictions.solution import Solution


@dataclass(frozen=True)
class Scores:
    """The score on the public rows, and on the private ones: None where the formula has no value there,
    which nobody may learn before the end."""

    public: float
    private: float | None


@dataclass(frozen=True)
class Aligned(Given):
    """A part of the rows, with labels as codes already: nothing has to be matched again."""

    names: tuple[str, ...] = ()

    def labels(self) -> Labels:
        known = np.flatnonzero(np.bincount(self.y_true, minlength=len(self.names)))
        others = np.setdiff1d(np.arange(len(self.names)), known)
        recode = np.empty(len(self.names), dtype=np.int64)
        recode[np.concatenate([known, others])] = np.arange(len(self.names))
        named = [self.names[code] for code in (*known, *others)]
        return Labels(named, recode[self.y_true], recode[self.predictions], len(known))

    def probabilities(self) -> Probabilities:
        matrix = self.predictions
        if matrix.ndim == 1:
            matrix = np.column_stack([1 - matrix, matrix])
        known = np.flatnonzero(np.bincount(self.y_true, minlength=len(self.names)))
        matrix = matrix[:, known]
        total = matrix.sum(axis=1, keepdims=True)
        # A row may give everything to labels that are not among these rows: then it says nothing.
        matrix = np.where(total > 0, matrix / np.where(total > 0, total, 1.0), 1.0 / len(known))
        return Probabilities(
            [self.names[code] for code in known], np.searchsorted(known, self.y_true), matrix
        )

    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        return self.y_true, self.predictions

    def clusters(self, rows: int) -> np.ndarray:
        return np.asarray(self.predictions)


def score(metric: Metric, solution: Solution, layout: Layout, predictions: np.ndarray) -> Scores:
    """Both scores of predictions as `read_predictions` gives them. Raises MetricError for what cannot be
    scored on the public rows."""

    def part(rows: np.ndarray) -> float:
        groups: Any = None if solution.groups is None else solution.groups[rows]
        given = Aligned(
            solution.truth[rows], predictions[rows], None, None, groups, names=layout.labels
        )
        return metric.judge(given)

    public = part(solution.public)
    try:
        return Scores(public, part(solution.private))
    except MetricError:
        return Scores(public, None)
