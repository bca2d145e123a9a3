"""A table cut into what learners get and what stays hidden, in the worker only.

Rows are dealt by the installation's secret and the author's seed: the same file is cut the same way again,
and nobody who has the file and guesses the seed knows which rows are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlarena.core.seeding import generator
from mlarena.quests.datasets.dataset import Parts
from mlarena.scoring.predictions.faults import FileFault, listed, quoted, unusable

SAMPLE_ROWS = 10
MOST_CLASSES = 100
FEWEST_OF_A_CLASS = 4
_FIFTHS = 5


@dataclass(frozen=True)
class Wanted:
    """How to cut. `target` "" is the last column, or none at all for a clustering without known groups."""

    task_type: str
    target: str
    percent: int
    seed: int
    stratify: bool


@dataclass(frozen=True)
class Cut:
    """The parts, the target's name, and what was found and done."""

    parts: Parts
    target: str | None
    notes: list[str]
    stratified: bool


def cut(table: pd.DataFrame, wanted: Wanted, secret: bytes) -> Cut:
    """Raises FileFault for a target that cannot be learned, and for a table that cannot be cut so."""
    target = _target(table, wanted)
    truth = _truth(table, target, wanted.task_type)
    features = table.drop(columns=[target]) if target else table
    notes = _about(features, target, truth, wanted.task_type)
    once = ~features.duplicated().to_numpy()
    if not once.all():
        notes.append(
            f"{int((~once).sum()):,} rows are the same as another in every feature and are left out: a twin "
            "would give a hidden row away."
        )
    features, truth = features[once].reset_index(drop=True), truth[once]
    if len(features) < 2 * SAMPLE_ROWS:
        raise unusable(f"Only {len(features)} rows differ from each other; that is too few to cut")
    strata = _strata(truth, wanted) if wanted.stratify else None
    random = generator(secret, "cut", wanted.seed, wanted.percent)
    parts = _deal(features, truth, target, wanted, strata, random)
    _require_learnable(parts, target, wanted)
    return Cut(parts, target, notes, strata is not None)


def _target(table: pd.DataFrame, wanted: Wanted) -> str | None:
    name = " ".join(wanted.target.split())
    if not name:
        return None if wanted.task_type == "clustering" else str(table.columns[-1])
    if name in table.columns:
        return name
    near = [column for column in table.columns if column.lower() == name.lower()]
    if len(near) == 1:
        return str(near[0])
    there = listed([str(column) for column in table.columns[:20]])
    raise unusable(f"There is no column {quoted(name)}; there are {there}")


def _truth(table: pd.DataFrame, target: str | None, task_type: str) -> np.ndarray:
    if target is None:
        return np.zeros(len(table), dtype="int64")
    column = table[target]
    missing = column.isna()
    if missing.any():
        first = int(np.flatnonzero(missing)[0]) + 2
        raise unusable(
            f"{int(missing.sum()):,} rows have no value in the target {quoted(target)} (the first is row "
            f"{first}); leave them out, or choose another target"
        )
    if column.nunique() == 1:
        raise unusable(
            f"The target {quoted(target)} has the same value in every row; there is nothing to learn"
        )
    if task_type == "regression":
        return _numbers(column, target)
    return _classes(column, target, task_type)


def _numbers(column: pd.Series, target: str) -> np.ndarray:
    if column.dtype.kind not in "iuf":
        numbers = pd.to_numeric(column, errors="coerce")
        place = int(np.flatnonzero(numbers.isna())[0])
        raise unusable(
            f"A regression needs numbers in {quoted(target)}; row {place + 2} has "
            f"{quoted(str(column.iloc[place]))}"
        )
    if column.nunique() == 2:
        raise unusable(f"The target {quoted(target)} has two values; make it a classification")
    return column.to_numpy("float64")


def _classes(column: pd.Series, target: str, task_type: str) -> np.ndarray:
    if column.dtype.kind == "f":
        whole = column.to_numpy("float64")
        if not np.array_equal(whole, np.round(whole)):
            raise unusable(
                f"The target {quoted(target)} holds numbers with decimals; make it a regression"
            )
        column = column.astype("int64")
    counts = column.value_counts()
    if len(counts) > MOST_CLASSES:
        raise unusable(
            f"The target {quoted(target)} has {len(counts):,} different values; {MOST_CLASSES} classes are "
            "the most. Is it a number to be estimated? Then make it a regression"
        )
    rare = counts[counts < FEWEST_OF_A_CLASS]
    if len(rare) and task_type == "classification":
        names = listed([str(name) for name in rare.index[:5]])
        raise unusable(
            f"Every class takes {FEWEST_OF_A_CLASS} rows or more, so that some are learned from and some "
            f"hidden; too rare: {names}"
        )
    if column.dtype.kind in "iu":
        return column.to_numpy("int64")
    return column.astype(str).to_numpy(dtype=object)


def _about(
    features: pd.DataFrame, target: str | None, truth: np.ndarray, task_type: str
) -> list[str]:
    notes = []
    gaps = features.isna().sum()
    gaps = gaps[gaps > 0]
    if len(gaps):
        named = [f"{name} ({count:,})" for name, count in gaps.head(5).items()]
        notes.append(f"Values are missing in {listed(named)}: part of the task.")
    words = [name for name in features.columns if features[name].dtype.kind not in "biuf"]
    own = [name for name in words if features[name].nunique() > 0.9 * len(features)]
    if own:
        notes.append(
            f"Nearly every row has a text of its own in {listed(own[:5])}: a name or a number of the row, "
            "from which nothing can be learned."
        )
    same = [name for name in features.columns if features[name].nunique(dropna=False) == 1]
    if same:
        notes.append(f"All rows have the same value in {listed(same[:5])}.")
    if target and task_type == "classification":
        _, counts = np.unique(truth.astype(str), return_counts=True)
        share = counts.max() / counts.sum()
        if share > 0.8:
            notes.append(
                f"{share:.0%} of the rows are of one class: judge by balanced accuracy, F1 or ROC AUC."
            )
    return notes


def _strata(truth: np.ndarray, wanted: Wanted) -> np.ndarray | None:
    """Class codes, or for a number the fifth of the range of ranks that it is in."""
    if wanted.task_type == "regression":
        return truth.argsort(kind="stable").argsort() * _FIFTHS // len(truth)
    codes = np.unique(truth.astype(str), return_inverse=True)[1]
    return codes if codes.any() else None


def _deal(
    features: pd.DataFrame,
    truth: np.ndarray,
    target: str | None,
    wanted: Wanted,
    strata: np.ndarray | None,
    random: np.random.Generator,
) -> Parts:
    """Deal the rows like cards; with strata, each of them falls apart alike."""
    order = random.permutation(len(features))
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    step = max(1, len(order) // SAMPLE_ROWS)
    # From the middle of each tenth, so that no small class at an edge is used up.
    sample = random.permutation(order[step // 2 :: step][:SAMPLE_ROWS])
    rest = order[~np.isin(order, sample)]
    share = wanted.percent / 100
    take = np.floor(np.arange(1, len(rest) + 1) * share + 0.5) > np.floor(
        np.arange(len(rest)) * share + 0.5
    )
    train, hidden = random.permutation(rest[~take]), random.permutation(rest[take])
    shown = _rows(features, train)
    return Parts(
        train=shown.assign(**{target: truth[train]}) if target and _is_shown(wanted) else shown,
        hidden_features=_rows(features, hidden),
        hidden_target=truth[hidden],
        sample=_rows(features, sample),
    )


def _is_shown(wanted: Wanted) -> bool:
    """Known groups of a clustering judge it, and are not in the download."""
    return wanted.task_type != "clustering"


def _rows(features: pd.DataFrame, places: Any) -> pd.DataFrame:
    return features.iloc[places].reset_index(drop=True)


def _require_learnable(parts: Parts, target: str | None, wanted: Wanted) -> None:
    if wanted.task_type != "classification" or target is None:
        return
    learned = set(parts.train[target].astype(str))
    asked = set(parts.hidden_target.astype(str))
    lost = sorted((asked - learned) | (learned - asked))
    if lost:
        raise unusable(
            f"With this cut a class is only in one part: {listed(lost[:5])}. Cut by class, hide another "
            "share, or try another seed"
        )


__all__ = ["Cut", "FileFault", "Wanted", "cut"]
