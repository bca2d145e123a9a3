"""The other way: how many goals either side is to score, and from those the outcome.

Goals are Poisson (M. Maher 1982) with means that a log-linear regression gives from either side's view of
the same features; small scores are corrected as M. Dixon and S. Coles found (Modelling association football
scores and inefficiencies in the football betting market, 1997).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import factorial

import numpy as np

from mlarena.forecasts.house.features import NAMES, Features

PENALTY = 0.03
# More goals than these are so rare that they count as these.
MOST = 12
# Expected numbers stay above this when their logarithm is taken.
LEAST = 0.15
CORRECTIONS = np.linspace(-0.16, 0.02, 10)
_ELO = NAMES.index("elo")


@dataclass(frozen=True)
class Goals:
    """`weights` and `bias` of the logarithm of a side's goals, `correction` is Dixon's and Coles' ρ."""

    weights: np.ndarray
    bias: float
    correction: float

    def means(self, features: Features) -> np.ndarray:
        """The goals to be expected of home and away: (match, 2)."""
        views = np.stack([view(features, side) for side in (0, 1)], axis=1)
        return np.exp(np.clip(views @ self.weights + self.bias, -3, 2))

    def predict(self, features: Features) -> np.ndarray:
        return outcome_shares(self.means(features), self.correction)


def view(features: Features, side: int) -> np.ndarray:
    """What one side (0 home, 1 away) goes into a match with: its own, the other's, and where it plays."""
    log = np.log(np.maximum(features.expected, LEAST))
    sign = 1 if side == 0 else -1
    elo = sign * features.matrix[:, [_ELO]] / 400
    return np.hstack([log[:, side], log[:, 1 - side], elo, np.full_like(elo, sign)])


def fit_goals(features: Features, scored: np.ndarray, weight: np.ndarray) -> Goals:
    """`scored` (match, 2) are the goals of home and away."""
    from sklearn.linear_model import PoissonRegressor

    views = np.vstack([view(features, side) for side in (0, 1)])
    twice = np.tile(weight, 2)
    middle = np.average(views, axis=0, weights=twice)
    spread = np.sqrt(np.average((views - middle) ** 2, axis=0, weights=twice))
    scale = 1 / np.maximum(spread, 1e-9)
    model = PoissonRegressor(alpha=PENALTY, solver="newton-cholesky")
    model.fit((views - middle) * scale, scored.T.ravel(), sample_weight=twice)
    weights = model.coef_ * scale
    plain = Goals(weights, float(model.intercept_ - weights @ middle), 0.0)
    outcome = 1 - np.sign(scored[:, 0] - scored[:, 1]).astype(int)
    return replace(plain, correction=_best_correction(plain.means(features), outcome, weight))


def _best_correction(means: np.ndarray, outcome: np.ndarray, weight: np.ndarray) -> float:
    rows = np.arange(len(outcome))

    def loss(correction: float) -> float:
        said = outcome_shares(means, correction)[rows, outcome]
        return float(-(weight * np.log(np.maximum(said, 1e-9))).sum())

    return float(min(CORRECTIONS, key=loss))


def outcome_shares(means: np.ndarray, correction: float) -> np.ndarray:
    """Home, draw and away from the goals to be expected.

    The correction multiplies 0:0 by 1 − λμρ, 0:1 by 1 + λρ, 1:0 by 1 + μρ and 1:1 by 1 − ρ. Of the
    outcomes it moves the same amount each time, so that the sum stays 1.
    """
    home, away = (_poisson(means[:, side]) for side in (0, 1))
    draw = (home * away).sum(axis=1)
    fewer = np.cumsum(away, axis=1) - away  # the visitors score less than so many
    won = (home * fewer).sum(axis=1)
    moved = correction * means.prod(axis=1) * np.exp(-means.sum(axis=1))
    said = np.stack([won + moved, draw - 2 * moved, 1 - won - draw + moved], axis=1)
    said = np.clip(said, 1e-9, 1)
    whole: np.ndarray = said / said.sum(axis=1, keepdims=True)
    return whole


def _poisson(mean: np.ndarray) -> np.ndarray:
    """How likely each number of goals is, up to MOST."""
    many = np.arange(MOST + 1)
    each = np.array([factorial(n) for n in many], dtype=float)
    shares: np.ndarray = np.exp(-mean[:, None]) * mean[:, None] ** many / each
    return shares / shares.sum(axis=1, keepdims=True)
