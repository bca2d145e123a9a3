"""What advice may rest on: facts of the download, and of one model's answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlarena.scoring.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

# Rows that are all different, and at least so many, look like a number that somebody was given.
_NUMBERED = 40


@dataclass(frozen=True)
class Download:
    """Facts of the training data, which everybody may have.

    `low` and `high` bound a number's target; `shares` are a label's. `widths` is the standard deviation
    of each numeric column, `ties` how strongly each column goes with the target by itself (0 to 1),
    `numbered` the columns that number the rows, `missing` those with missing values.
    """

    rows: int
    low: float | None = None
    high: float | None = None
    shares: dict[str, float] = field(default_factory=dict)
    widths: dict[str, float] = field(default_factory=dict)
    ties: dict[str, float] = field(default_factory=dict)
    numbered: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """One scored model. `seen_score` is its score on `seen_rows` rows of the download.

    `moved` says of each column which share of `shuffled_rows` answers changed when that column's values
    were dealt out anew. `answers` are those for the hidden rows; of them only what is said of all of them
    at once may become advice. `milliseconds` of `allowed` is what the evaluation took.
    """

    task_type: str
    metric: Metric
    threshold: float
    score: float
    findings: dict[str, Any]
    download: Download
    parts: tuple[str, ...] = ()
    seen_score: float | None = None
    seen_rows: int = 0
    moved: dict[str, float] = field(default_factory=dict)
    shuffled_rows: int = 0
    answers: Any = None
    milliseconds: float = 0.0
    allowed: float = 0.0

    @cached_property
    def alike(self) -> bool:
        """Whether every row gets the same answer."""
        answers = np.asarray(self.answers)
        return len(answers) > 0 and bool((answers == answers[:1]).all())

    @property
    def passed(self) -> bool:
        return self.metric.passes(self.score, self.threshold)

    @property
    def margin(self) -> float:
        """How far over the threshold; below zero when short of it, whichever way the metric counts."""
        return (self.score - self.threshold) * (1 if self.metric.direction == "higher" else -1)

    def uses(self, *names: str) -> str | None:
        """The first of the model's parts whose class's name starts with one of `names`."""
        return next((part for part in self.parts if part.startswith(names)), None)


def download_facts(table: pd.DataFrame, target: str | None) -> Download:
    """The facts of a training table (n, p); `target` names its column to be predicted, if any."""
    features = table.drop(columns=[target]) if target else table
    numeric = features.select_dtypes("number")
    truth = table[target] if target else None
    is_number = truth is not None and truth.dtype.kind == "f"
    return Download(
        rows=len(table),
        low=float(truth.min()) if truth is not None and is_number else None,
        high=float(truth.max()) if truth is not None and is_number else None,
        shares=(
            {}
            if truth is None or is_number
            else {str(k): float(v) for k, v in truth.value_counts(normalize=True).items()}
        ),
        widths={str(name): float(numeric[name].std()) for name in numeric},
        ties=(
            {}
            if truth is None
            else {str(name): _tie(features[name], truth, is_number) for name in features}
        ),
        numbered=tuple(str(name) for name in features if _numbers_rows(features[name])),
        missing=tuple(str(name) for name in features if features[name].isna().any()),
    )


def _tie(column: pd.Series, truth: pd.Series, is_number: bool) -> float:
    """From 0 to 1: the share of the target's spread between groups of equal values (or tenths) of the
    column, as a root: a correlation that need not be a line."""
    groups = _grouped(column)
    if is_number:
        ranks = truth.rank().to_numpy()
        return _between(groups, ranks[:, None])
    labels = np.unique(truth.to_numpy(dtype=str), return_inverse=True)[1]
    return _between(groups, np.eye(labels.max() + 1)[labels])


def _grouped(column: pd.Series) -> np.ndarray:
    values = column.to_numpy()
    if column.dtype.kind in "iuf" and column.nunique() > 10:
        ranks = column.rank(method="first", na_option="bottom").to_numpy()
        return np.asarray((ranks * 10 // (len(ranks) + 1)).astype(int))
    return np.asarray(np.unique(values.astype(str), return_inverse=True)[1])


def _between(groups: np.ndarray, values: np.ndarray) -> float:
    centred = values - values.mean(axis=0)
    whole = float((centred**2).sum())
    if not whole:
        return 0.0
    sums = np.zeros((groups.max() + 1, values.shape[1]))
    np.add.at(sums, groups, centred)
    rows = np.maximum(np.bincount(groups, minlength=len(sums)), 1)
    share = float((sums**2 / rows[:, None]).sum()) / whole
    # What groups of that number have in common by chance.
    chance = (len(sums) - 1) / max(1, len(values) - 1)
    return max(0.0, (share - chance) / (1 - chance) if chance < 1 else 0.0) ** 0.5


def _numbers_rows(column: pd.Series) -> bool:
    """Whole numbers, or words, of which no two are alike: more likely an id than a measurement."""
    if len(column) < _NUMBERED or column.dtype.kind == "f" or column.isna().any():
        return False
    if column.nunique() != len(column):
        return False
    if column.dtype.kind not in "iu":
        return True
    gaps = np.diff(np.sort(column.to_numpy()))
    return bool(np.median(gaps) <= 2)
