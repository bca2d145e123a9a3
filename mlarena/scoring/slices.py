"""Slices of the hidden rows by one column each, and where a model's error is worst among them.

Slices depend on the features alone, so the grader cuts them once per data set and reuses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mlarena.scoring.veil import Noise

# With fewer rows, two submissions that differ in one answer would show the figure jump by that row.
MIN_ROWS = 20
COUNT_STEP = 5
# A slice is worth a word when its error is this many times the model's own.
CLEARLY_WORSE = 1.25
# … and when chance and noise would not make it so, by this many deviations.
UNLIKELY = 2.0
_SHOWN = 3
_MAX_COLUMNS = 200
_MAX_WORDS = 20
# A whole-number column with few values is cut by value, as words are: 1, 2 or 3 bathrooms.
_FEW = 6


@dataclass(frozen=True)
class Slices:
    """`masks` (s, n) float32 of 0 and 1: which of n rows are in each of s slices, all MIN_ROWS or
    more; `columns` and `values` name them."""

    columns: list[str]
    values: list[str]
    masks: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        return np.asarray(self.masks.sum(axis=1, dtype=np.float64))


def cut_slices(features: Any) -> Slices:
    """Cut a DataFrame (n, p): words by value, numbers into quarters. Small slices are left out."""
    columns, values, masks = [], [], []
    for name in features.columns[:_MAX_COLUMNS]:
        for value, inside in _cut(features[name]):
            if MIN_ROWS <= inside.sum() <= len(features) - MIN_ROWS:
                columns.append(str(name))
                values.append(value)
                masks.append(inside)
    matrix = np.array(masks, dtype=np.float32).reshape(len(masks), len(features))
    return Slices(columns, values, matrix)


def worst_slices(
    slices: Slices | None, errors: np.ndarray, noise: Noise, width: float
) -> list[dict[str, Any]]:
    """Up to three slices, of different columns, where the mean of `errors` (n,) is clearly worst.

    Errors go from 0 to `width`. Weighed by error above the model's own and the root of the rows, so
    that a small slice must be bad indeed to come before a large one.
    """
    overall = float(np.mean(errors))
    if slices is None or not np.isfinite(overall) or overall <= 0:
        return []
    rows = slices.rows
    error = noise.means(slices.masks @ errors / np.maximum(rows, 1), rows, width)
    error = np.clip(error, 0.0, width)
    chance = np.sqrt(np.var(errors) / rows + (width * noise.worth / rows) ** 2 / 3)
    clearly = (error >= CLEARLY_WORSE * overall) & (error - overall >= UNLIKELY * chance)
    weight = np.where(clearly, (error - overall) * np.sqrt(rows), 0.0)
    found: list[dict[str, Any]] = []
    for place in np.argsort(-weight, kind="stable").tolist():
        if weight[place] <= 0 or len(found) == _SHOWN:
            break
        if slices.columns[place] not in [entry["feature"] for entry in found]:
            found.append(
                {
                    "feature": slices.columns[place],
                    "values": slices.values[place],
                    "rows": about(int(rows[place])),
                    "error": short(error[place], digits=2),
                    "overall": short(overall, digits=2),
                }
            )
    return found


def about(count: int) -> int:
    """A count to the nearest COUNT_STEP."""
    return int(count + COUNT_STEP // 2) // COUNT_STEP * COUNT_STEP


def short(value: Any, digits: int = 3) -> float:
    """A finite figure to `digits` significant digits."""
    return float(f"{float(value):.{digits}g}")


def _cut(column: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Pairs of a description and a mask (n,) for one column."""
    if column.dtype.kind not in "iuf":
        words = column.astype(str).to_numpy(dtype=str)
        found, counts = np.unique(words, return_counts=True)
        for word in found[np.argsort(-counts, kind="stable")][:_MAX_WORDS]:
            yield str(word), words == word
        return
    values = column.to_numpy(dtype=np.float64)
    distinct = np.unique(values)
    if len(distinct) <= _FEW:
        for value in distinct:
            yield f"{value:g}", values == value
        return
    quarter = np.searchsorted(np.quantile(values, [0.25, 0.5, 0.75]), values, side="left")
    for number in range(4):
        inside = quarter == number
        if inside.any():
            low, high = values[inside].min(), values[inside].max()
            same = f"{short(low):g}" == f"{short(high):g}"
            yield f"{short(low):g}" if same else f"{short(low):g} to {short(high):g}", inside
