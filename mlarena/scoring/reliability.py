"""Whether a classifier is as sure as it is right: its reliability curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlarena.scoring.answers import align_probabilities
from mlarena.scoring.errors import MetricError
from mlarena.scoring.slices import MIN_ROWS, about
from mlarena.scoring.veil import Noise

_GROUPS = 6


def reliability(
    y_true: Any, probabilities: Any, classes: Sequence[Any] | None, noise: Noise
) -> dict[str, Any] | None:
    """Rows in groups of equal size, from the least sure to the surest: how sure, and how often right.

    `sure` is the probability of the likeliest class. `gap` is how much surer than right the model is,
    averaged: above zero it is too sure. None for probabilities that are none, or too few rows.
    """
    try:
        given = align_probabilities(y_true, probabilities, classes)
    except MetricError:
        return None  # the score does not hang on them, and says so itself where it does
    groups = min(_GROUPS, len(given.truth) // (2 * MIN_ROWS)) or 1
    if len(given.truth) < MIN_ROWS:
        return None
    sure = given.matrix.max(axis=1)
    right = (given.matrix.argmax(axis=1) == given.truth).astype(float)
    parts = np.array_split(np.argsort(sure, kind="stable"), groups)
    rows = np.array([len(part) for part in parts])
    shares = noise.means(np.array([right[part].mean() for part in parts]), rows, 1.0)
    shares = np.clip(shares, 0.0, 1.0)
    told = np.array([sure[part].mean() for part in parts])
    return {
        "groups": [
            {"rows": about(int(n)), "sure": round(float(s), 2), "right": round(float(r), 2)}
            for n, s, r in zip(rows, told, shares, strict=True)
        ],
        "gap": round(float(np.average(told - shares, weights=rows)), 2) + 0.0,
    }
