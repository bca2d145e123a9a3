"""Where a regression is right and where it is off: drawn, along the target, and by feature.

All of it is read from the blurred truth of the veil; see `veil.py` for why.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mlarena.scoring.answers import align_numbers
from mlarena.scoring.slices import MIN_ROWS, Slices, about, short, worst_slices
from mlarena.scoring.veil import Noise, Veil

_GROUPS = 5
# Cells along each side of the drawing: more rows, finer cells.
_FEWEST_CELLS, _MOST_CELLS = 5, 12
_ROWS_TO_DRAW = 150
_FEATURES = 4
# A column's residuals swing when they are this many times as far from zero as chance has them.
_CLEARLY = 1.6
# … and when that is at least this share of the mean absolute error.
_WORTH = 0.2
# Residuals beyond so many of their own root mean squares count as that many.
_FAR = 3.0
# An answer of 1e308 is one of those: sums of it would no longer be numbers.
_FARTHEST = 1e100


def regression(y_true: Any, predictions: Any, slices: Slices | None, veil: Veil) -> dict[str, Any]:
    """Residuals are answer minus truth: above zero the model answers too high."""
    truth, answers = align_numbers(y_true, predictions)
    answers = np.clip(answers, -_FARTHEST, _FARTHEST)
    noise = veil.noise(answers)
    seen = _seen(truth, answers, veil.blurred(truth))
    residual = answers - seen
    far = _FAR * float(np.sqrt(np.mean(residual**2)))
    residual = np.clip(residual, -far, far)
    everywhere = np.array([len(truth)])
    bias, size = (
        noise.means(np.array([values.mean()]), everywhere, far)[0]
        for values in (residual, np.abs(residual))
    )
    return {
        "kind": "regression",
        "rows": len(truth),
        "slope": _slope(answers, answers - residual, noise),
        "bias": _short(bias) if np.isfinite(bias) else None,
        "mae": _short(size) if np.isfinite(size) else None,
        "points": _points(truth, seen, answers, noise),
        "along_target": _along_target(truth, residual, far, noise),
        "by_feature": _by_feature(slices, residual, far, noise),
        "slices": worst_slices(slices, np.abs(residual), noise, far),
    }


def _slope(answers: np.ndarray, seen: np.ndarray, noise: Noise) -> float | None:
    """By how much the truth moves when the answer moves by one; None for too few rows or one answer.

    1 for a model that says what it expects. Above, it is too careful and keeps to the middle; below, it
    exaggerates. (The other way round, answers on truth, is flat for every model that is not perfect.)
    """
    spread = answers - answers.mean()
    square = float(np.mean(spread**2))
    if len(answers) < MIN_ROWS or square <= 0:
        return None
    slope = float(np.mean(spread * (seen - seen.mean()))) / square
    moved = noise.means(np.array([slope]), np.array([len(answers)]), 1.0)[0]
    return round(float(moved), 2) + 0.0 if np.isfinite(moved) else None


def _seen(truth: np.ndarray, answers: np.ndarray, blurred: np.ndarray) -> np.ndarray:
    """The blurred truth, drawn towards the answers until it is as far from them as the truth is.

    The blur alone would make every model look worse than its score says, and a perfect one not perfect.
    """
    real = float(np.sqrt(np.mean((truth - answers) ** 2)))
    shown = float(np.sqrt(np.mean((blurred - answers) ** 2)))
    closer = min(1.0, real / shown) if shown > 0 else 1.0
    return np.asarray(answers + closer * (blurred - answers))


def _points(
    truth: np.ndarray, seen: np.ndarray, answers: np.ndarray, noise: Noise
) -> dict[str, Any] | None:
    """How many rows are where: truth to the right, answer upwards; None for too few rows.

    Both axes have the same edges, from the bulk of the target; the outermost cells hold the rest.
    """
    cells = int(np.clip(len(truth) ** 0.5 / 2.6, _FEWEST_CELLS, _MOST_CELLS))
    low, high = np.quantile(truth, [0.05, 0.95])
    if len(truth) < _ROWS_TO_DRAW or not low < high:
        return None
    margin = 0.15 * (high - low)
    edges = np.linspace(_round(low - margin), _round(high + margin), cells + 1)
    across, up = (np.searchsorted(edges[1:-1], values) for values in (seen, answers))
    counts = np.bincount(across * cells + up, minlength=cells * cells).reshape(cells, cells)
    return {
        "edges": [short(edge, 4) for edge in edges],
        "counts": noise.crowds(counts).tolist(),
    }


def _along_target(
    truth: np.ndarray, residual: np.ndarray, far: float, noise: Noise
) -> list[dict[str, Any]]:
    """Mean truth, mean answer and mean absolute error in fifths of the target, low to high."""
    groups = min(_GROUPS, len(truth) // MIN_ROWS)
    if not groups:
        return []
    parts = np.array_split(np.argsort(truth, kind="stable"), groups)
    rows = np.array([len(part) for part in parts])
    off = noise.means(np.array([residual[part].mean() for part in parts]), rows, 2 * far)
    size = noise.means(np.array([np.abs(residual[part]).mean() for part in parts]), rows, far)
    return [
        {
            "rows": about(len(part)),
            "truth": _short(truth[part].mean()),
            "answer": _short(truth[part].mean() + off[place]),
            "mae": _short(max(0.0, size[place])),
        }
        for place, part in enumerate(parts)
    ]


def _by_feature(
    slices: Slices | None, residual: np.ndarray, far: float, noise: Noise
) -> list[dict[str, Any]]:
    """The mean residual along the columns where it swings most: what a model has not understood."""
    if slices is None or not len(slices.columns) or far <= 0:
        return []
    rows = slices.rows
    off = noise.means(slices.masks @ residual / np.maximum(rows, 1), rows, 2 * far)
    chance = np.sqrt(residual.var() / rows + (2 * far * noise.worth / rows) ** 2 / 3)
    parts: dict[str, list[int]] = {}
    for place, column in enumerate(slices.columns):
        parts.setdefault(column, []).append(place)
    swing = {
        column: float(np.sqrt(np.average(off[places] ** 2, weights=rows[places])))
        for column, places in parts.items()
        if len(places) > 1 and np.mean((off[places] / chance[places]) ** 2) >= _CLEARLY**2
    }
    worth_a_word = _WORTH * float(np.abs(residual).mean())
    return [
        {
            "feature": column,
            "swing": _short(swing[column]),
            "parts": [
                {
                    "values": slices.values[place],
                    "rows": about(int(rows[place])),
                    "residual": _short(off[place]),
                }
                for place in parts[column]
            ],
        }
        for column in sorted(swing, key=lambda name: -swing[name])[:_FEATURES]
        if swing[column] >= worth_a_word
    ]


def _round(edge: float) -> float:
    return short(edge, 3)


def _short(value: float) -> float:
    return short(value, 3) + 0.0
