"""Formulas of metrics that only a file of predictions can answer: lists, masks, several columns, queries.

Each takes the `Given` of `metrics.py` and returns the score.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from mlarena.scoring.answers import flat
from mlarena.scoring.errors import MetricError

if TYPE_CHECKING:
    from mlarena.scoring.metrics import Given

_MASK = re.compile(r"[0-9 ]*")


def mask_dice(given: Given) -> float:
    """The mean over rows of the Dice coefficient of two run-length encoded masks; two empty ones agree."""
    truth, answers = flat(given.y_true), flat(given.predictions)
    scores = np.empty(len(truth))
    for row, (there, said) in enumerate(zip(truth.tolist(), answers.tolist(), strict=True)):
        one, other = _runs(there, row), _runs(said, row)
        total = one[:, 1].sum() + other[:, 1].sum()
        scores[row] = 2 * _shared(one, other) / total if total else 1.0
    return float(scores.mean())


def map_at(k: int, given: Given) -> float:
    """Mean average precision at k: rows are lists of items apart by spaces, the best guess first.

    A row's share is Σ precision(i) over the hits i ≤ k, divided by how many hits were to be had, at most
    k. A guess that is repeated counts once, where it stands first.
    """
    truth, answers = flat(given.y_true), flat(given.predictions)
    total = 0.0
    for there, said in zip(truth.tolist(), answers.tolist(), strict=True):
        wanted = set(str(there).split())
        guesses = list(dict.fromkeys(str(said).split()[:k]))
        hits, precision = 0, 0.0
        for place, guess in enumerate(guesses, 1):
            if guess in wanted:
                hits += 1
                precision += hits / place
        total += precision / min(len(wanted), k) if wanted else 0.0
    return total / len(truth)


def ndcg(k: int | None, given: Given) -> float:
    """scikit-learn's NDCG, the mean over queries; a query of a single row says nothing and is left out.

    `given.groups` (n,) names the query of each row; without it all rows are one query.
    """
    from sklearn.metrics import ndcg_score

    truth, answers = given.numbers()
    if (truth < 0).any():
        raise MetricError("The hidden data holds a relevance below zero, where NDCG has no value.")
    groups = np.zeros(len(truth)) if given.groups is None else flat(given.groups)
    query = np.unique(groups, return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(query)
    order = np.argsort(query, kind="stable")
    starts = np.cumsum(sizes) - sizes
    scores = [np.empty(0)]
    # scikit-learn takes a table of queries of one length: those of each length go in together.
    for size in np.unique(sizes[sizes > 1]).tolist():
        alike = np.flatnonzero(sizes == size)
        rows = order[starts[alike][:, None] + np.arange(size)]
        mean = ndcg_score(truth[rows], answers[rows], k=k)
        scores.append(np.full(len(alike), mean))
    found = np.concatenate(scores)
    if not len(found):
        raise MetricError("Every query holds a single row, so there is nothing to put in order.")
    return float(found.mean())


def mcrmse(given: Given) -> float:
    """The mean over columns of each column's root mean squared error; both sides are (n, columns)."""
    truth = np.asarray(given.y_true, dtype=np.float64)
    answers = np.asarray(given.predictions, dtype=np.float64)
    if truth.shape != answers.shape:
        raise MetricError(
            f"Your answers are {_shape(answers)}, the hidden data is {_shape(truth)}: "
            "one column for each target."
        )
    if not np.isfinite(answers).all():
        raise MetricError("Some of your answers are not numbers (NaN or infinite).")
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.mean((truth - answers) ** 2, axis=0)).mean())


def check_mask(mask: Any) -> str | None:
    """What is wrong with a run-length encoded mask, or None."""
    text = str(mask)
    if not _MASK.fullmatch(text):
        return "a mask is pairs of whole numbers, start and length, apart by spaces"
    numbers = [int(number) for number in text.split()]
    if len(numbers) % 2:
        return "a mask is pairs of start and length, and one number is left over"
    runs = np.array(numbers, dtype=np.float64).reshape(-1, 2)
    if (runs < 1).any():
        return "starts and lengths count from 1"
    if (runs[1:, 0] < runs[:-1].sum(axis=1)).any():
        return "runs must be in order and may not overlap"
    return None


def _runs(mask: Any, row: int) -> np.ndarray:
    """(start, length) of each run, (runs, 2)."""
    wrong = check_mask(mask)
    if wrong:
        raise MetricError(f"Row {row + 1}: {wrong}.")
    return np.array(str(mask).split(), dtype=np.float64).reshape(-1, 2)


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """How many pixels two masks share: +1 where a run begins, -1 where it ends, 2 is in both."""
    starts = np.concatenate([one[:, 0], other[:, 0]])
    ends = np.concatenate([one.sum(axis=1), other.sum(axis=1)])
    at = np.concatenate([starts, ends])
    step = np.concatenate([np.ones(len(starts)), -np.ones(len(ends))])
    order = np.lexsort((step, at))
    at, depth = at[order], np.cumsum(step[order])
    return float((np.diff(at) * (depth[:-1] == 2)).sum())


def _shape(table: np.ndarray) -> str:
    return " × ".join(str(size) for size in table.shape) or "a single value"
