"""What the model is worth: every test season is forecast by a model that saw only the seasons before it.

Ratings go on learning from day to day, as they do in use; the model's coefficients are those of the summer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import erfc, sqrt
from typing import Any

import numpy as np

from mlarena.forecasts.house import model as house
from mlarena.forecasts.house.features import NAMES, Features, build
from mlarena.forecasts.house.matches import BadTable, Matches
from mlarena.forecasts.house.outcomes import fit_ordered
from mlarena.scoring.outcomes import measure, rps_each

# What every league begins with when rates are counted, so that a new one is not taken at its word.
USUAL_RATES = np.array([0.45, 0.25, 0.30])
USUAL_MATCHES = 100
RESAMPLES = 2000


def walk_forward(
    matches: Matches, seasons: list[int], say: Callable[[str, int], None] = lambda _, __: None
) -> dict[str, Any]:
    """Forecast the seasons one by one. Figures of all of them together, of each, and of the baselines.

    Raises BadTable and TooFew where a season cannot be forecast.
    """
    features = build(matches)
    tested = matches.played & np.isin(matches.season, seasons)
    said = {name: np.zeros((len(matches), 3)) for name in ("house", "uniform", "base_rates", "elo")}
    said["uniform"][:] = 1 / 3
    for season in seasons:
        rows = np.flatnonzero(matches.played & (matches.season == season))
        if not len(rows):
            raise BadTable(f"There are no played matches of season {season}.")
        said["house"][rows] = house.fit(matches, features, season).predict(features.of(rows))
        said["base_rates"][rows] = base_rates(matches, season)[matches.league[rows]]
        said["elo"][rows] = _elo(matches, features, season, rows)
        say(f"season {season}: {len(rows)} matches", len(seasons))
    return _figures(matches, tested, seasons, said)


def base_rates(matches: Matches, before: int) -> np.ndarray:
    """How often each outcome was in each league: (league, 3)."""
    counts = np.tile(USUAL_RATES * USUAL_MATCHES, (len(matches.leagues), 1))
    past = matches.played & (matches.season < before)
    np.add.at(counts, (matches.league[past], matches.outcome[past]), 1)
    rates: np.ndarray = counts / counts.sum(axis=1, keepdims=True)
    return rates


def _elo(matches: Matches, features: Features, season: int, rows: np.ndarray) -> np.ndarray:
    ahead = features.matrix[:, NAMES.index("elo")]
    past = house.teaching(matches, season)
    return fit_ordered(ahead[past], matches.outcome[past]).predict(ahead[rows])


def significance(ahead: np.ndarray, day: np.ndarray) -> dict[str, Any]:
    """By how much one is better, match by match: the mean, its standard error, the statistic of F. Diebold
    and R. Mariano (1995) with its two-sided p, and a 95 % interval by bootstrap (B. Efron 1979) of whole
    days: what happens on one is not independent."""
    mean, error = float(ahead.mean()), float(ahead.std(ddof=1) / np.sqrt(len(ahead)))
    _, of_day = np.unique(day, return_inverse=True)
    sums, counts = np.bincount(of_day, ahead), np.bincount(of_day)
    chance = np.random.default_rng(0)
    drawn = chance.integers(len(sums), size=(RESAMPLES, len(sums)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    statistic = mean / error if error else 0.0
    return {
        "rps": mean,
        "standard_error": error,
        "diebold_mariano": statistic,
        "p": erfc(abs(statistic) / sqrt(2)),
        "interval": [float(low), float(high)],
    }


def _figures(
    matches: Matches, tested: np.ndarray, seasons: list[int], said: dict[str, np.ndarray]
) -> dict[str, Any]:
    outcome = matches.outcome[tested]
    whole = {name: measure(one[tested], outcome) for name, one in said.items()}
    ahead = rps_each(said["elo"][tested], outcome) - rps_each(said["house"][tested], outcome)
    baselines = {name: one for name, one in whole.items() if name != "house"}
    return {
        **whole["house"],
        # Of a baseline its RPS; everything else of it stands in `baseline_scores`.
        "baselines": {name: one["rps"] for name, one in baselines.items()},
        "baseline_scores": baselines,
        "better_than_elo": significance(ahead, matches.day[tested]),
        "seasons": {
            str(season): {
                name: float(rps_each(one[of], matches.outcome[of]).mean())
                for name, one in said.items()
            }
            for season in seasons
            for of in [tested & (matches.season == season)]
        },
    }
