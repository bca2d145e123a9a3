"""Rules that score three probabilities (home, draw, away) against what happened. Smaller is better.

All are proper: nobody gains by saying anything but what they believe. The ranked probability score also
knows that a draw lies between the two wins (E. Epstein 1969; for football A. Constantinou, N. Fenton 2012).
`measure` looks at many forecasts at once and imports numpy only then: pages score one match without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

HOME, DRAW, AWAY = 0, 1, 2
# A forecast of nothing at all for what then happened would cost infinitely much.
LEAST = 1e-9
BINS = 10


def outcome_of(home_goals: int, away_goals: int) -> int:
    """HOME, DRAW or AWAY."""
    if home_goals == away_goals:
        return DRAW
    return HOME if home_goals > away_goals else AWAY


def rps(forecast: Sequence[float], outcome: int) -> float:
    """Half the squared differences of the cumulated probabilities: 0 is perfect, 1 could not be worse."""
    home, draw, _ = forecast
    below = home - (outcome == HOME)
    through = home + draw - (outcome != AWAY)
    return (below * below + through * through) / 2


def log_loss(forecast: Sequence[float], outcome: int) -> float:
    return -math.log(max(forecast[outcome], LEAST))


def brier(forecast: Sequence[float], outcome: int) -> float:
    """The squared differences over the three outcomes: 0 to 2."""
    return sum((share - (place == outcome)) ** 2 for place, share in enumerate(forecast))


def rps_each(forecasts: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """`rps` of every row."""
    import numpy as np

    missed = np.cumsum(forecasts - np.eye(3)[outcomes], axis=1)[:, :2]
    return (missed**2).sum(axis=1) / 2


def measure(forecasts: np.ndarray, outcomes: np.ndarray) -> dict[str, Any]:
    """{n, rps, log_loss, brier, accuracy, ece} of many forecasts; only n where there are none."""
    import numpy as np

    n = len(outcomes)
    if not n:
        return {"n": 0}
    hit = forecasts[np.arange(n), outcomes]
    return {
        "n": n,
        "rps": float(rps_each(forecasts, outcomes).mean()),
        "log_loss": float(-np.log(np.maximum(hit, LEAST)).mean()),
        "brier": float(((forecasts - np.eye(3)[outcomes]) ** 2).sum(axis=1).mean()),
        "accuracy": float((forecasts.argmax(axis=1) == outcomes).mean()),
        "ece": calibration_error(forecasts, outcomes),
    }


def calibration_error(forecasts: np.ndarray, outcomes: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error over all three outcomes: how far, in bins of equal width, what was said
    lies from what happened, weighted by how often it was said."""
    import numpy as np

    said = forecasts.ravel()
    happened = np.eye(3)[outcomes].ravel()
    place = np.minimum((said * bins).astype(int), bins - 1)
    gap = np.bincount(place, said - happened, minlength=bins)
    return float(np.abs(gap).sum() / len(said))


def calibration(
    forecasts: np.ndarray, outcomes: np.ndarray, bins: int = BINS
) -> list[dict[str, Any]]:
    """What a calibration plot shows, a row per bin that was used: {n, said, happened, low, high}; the last
    two are the 95 % interval of Wilson (1927) around `happened`."""
    import numpy as np

    said = forecasts.ravel()
    happened = np.eye(3)[outcomes].ravel()
    place = np.minimum((said * bins).astype(int), bins - 1)
    rows = []
    for bin_ in range(bins):
        there = place == bin_
        n = int(there.sum())
        if n:
            share = float(happened[there].mean())
            low, high = wilson(share, n)
            rows.append(
                {
                    "n": n,
                    "said": float(said[there].mean()),
                    "happened": share,
                    "low": low,
                    "high": high,
                }
            )
    return rows


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """The interval in which the true share lies, when `share` of `n` were counted."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
