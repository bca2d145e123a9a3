"""Two ways from numbers to the three outcomes: multinomial and ordered logistic regression.

The multinomial one (D. McFadden 1974) is scikit-learn's on standardised features; what is kept of it is its
coefficients, so that inference needs numpy only. The ordered one (P. McCullagh 1980) turns one number, an
Elo difference, into probabilities: the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# How strongly coefficients are drawn to zero (scikit-learn's C for the mean of the losses).
PENALTY = 0.005


@dataclass(frozen=True)
class Logit:
    """`weights` (outcome, feature) on features as they come, `bias` (outcome)."""

    weights: np.ndarray
    bias: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        return _softmax(features @ self.weights.T + self.bias)


def fit_logit(
    features: np.ndarray, outcome: np.ndarray, weight: np.ndarray, freedom: np.ndarray
) -> Logit:
    """Features are standardised, then scaled by `freedom`: less of it is a stronger penalty."""
    from sklearn.linear_model import LogisticRegression

    middle = np.average(features, axis=0, weights=weight)
    spread = np.sqrt(np.average((features - middle) ** 2, axis=0, weights=weight))
    scale = freedom / np.maximum(spread, 1e-9)
    model = LogisticRegression(C=PENALTY, solver="newton-cholesky")
    model.fit((features - middle) * scale, outcome, sample_weight=weight)
    weights = model.coef_ * scale
    return Logit(weights, model.intercept_ - weights @ middle)


@dataclass(frozen=True)
class Ordered:
    """P(away) = σ(low − slope·x), P(not home) = σ(high − slope·x)."""

    slope: float
    low: float
    high: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        away = _sigmoid(self.low - self.slope * x)
        not_home = _sigmoid(self.high - self.slope * x)
        return np.stack([1 - not_home, not_home - away, away], axis=1)


def fit_ordered(x: np.ndarray, outcome: np.ndarray) -> Ordered:
    from scipy.optimize import minimize

    unit = float(np.std(x)) or 1.0
    rows = np.arange(len(x))

    def loss(guess: np.ndarray) -> float:
        said = Ordered(guess[0] / unit, guess[1], guess[1] + np.exp(guess[2])).predict(x)
        return float(-np.log(np.maximum(said[rows, outcome], 1e-12)).mean())

    slope, low, gap = minimize(loss, np.array([0.5, -0.5, 0.0]), method="BFGS").x
    return Ordered(float(slope / unit), float(low), float(low + np.exp(gap)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    whole: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return whole
