"""The house model: half the multinomial logit's word, half the goals'. Fit, predict, explain, to JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlarena.forecasts.house.features import FEATURES, FREEDOM, NAMES, Features
from mlarena.forecasts.house.goals import Goals, fit_goals
from mlarena.forecasts.house.matches import Matches
from mlarena.forecasts.house.outcomes import Logit, fit_logit

# Another number where features or formulas changed: an artifact of the old ones is refused.
VERSION = 2
# A match of so many seasons ago counts half.
HALF_LIFE = 6.0
# Ratings begin knowing nothing: the first season of a league teaches them only.
SETTLING_SEASONS = 1
FEWEST = 300


class TooFew(ValueError):
    """There is not enough to learn from; the message says how much is needed."""


class BadArtifact(ValueError):
    """What was stored is no model that this version can read."""


@dataclass(frozen=True)
class HouseModel:
    logit: Logit
    goals: Goals

    def predict(self, features: Features) -> np.ndarray:
        """Home, draw, away: (match, 3), each row summing to 1."""
        said: np.ndarray = (self.logit.predict(features.matrix) + self.goals.predict(features)) / 2
        return said / said.sum(axis=1, keepdims=True)

    def moved_by(self, features: Features, usual: np.ndarray) -> list[dict[str, float]]:
        """By how much each feature moves home against away in the logit's log-odds, compared with a match
        in which it is `usual`. A row per match, the strongest first."""
        pull = (features.matrix - usual) * (self.logit.weights[0] - self.logit.weights[2])
        return [{NAMES[at]: float(row[at]) for at in np.argsort(-np.abs(row))} for row in pull]

    def to_json(self) -> str:
        return json.dumps(
            {
                "version": VERSION,
                "features": list(NAMES),
                "logit": {
                    "weights": self.logit.weights.tolist(),
                    "bias": self.logit.bias.tolist(),
                },
                "goals": {
                    "weights": self.goals.weights.tolist(),
                    "bias": self.goals.bias,
                    "correction": self.goals.correction,
                },
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> HouseModel:
        """Raises BadArtifact."""
        try:
            found: dict[str, Any] = json.loads(text)
            if found["version"] != VERSION or found["features"] != list(FEATURES):
                raise BadArtifact(
                    f"The model is of version {found['version']}, this program's is {VERSION}: "
                    "train it again with `flask forecasts train-model`."
                )
            logit, goals = found["logit"], found["goals"]
            model = cls(
                Logit(np.array(logit["weights"], float), np.array(logit["bias"], float)),
                Goals(
                    np.array(goals["weights"], float),
                    float(goals["bias"]),
                    float(goals["correction"]),
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, BadArtifact):
                raise
            raise BadArtifact(f"The stored model cannot be read: {error}") from None
        if model.logit.weights.shape != (3, len(NAMES)) or model.logit.bias.shape != (3,):
            raise BadArtifact("The stored model has not the shape of this program's.")
        return model


def fit(matches: Matches, features: Features, before: int | None = None) -> HouseModel:
    """Learn from the played matches, those of seasons `before` one or all. Raises TooFew."""
    return fit_rows(matches, features, teaching(matches, before))


def fit_rows(matches: Matches, features: Features, rows: np.ndarray) -> HouseModel:
    """Learn from these of the matches. Raises TooFew."""
    if len(rows) < FEWEST:
        raise TooFew(
            f"{len(rows)} played matches after each league's first season are too few to train on: "
            f"{FEWEST} are needed."
        )
    outcome = matches.outcome[rows]
    if len(np.unique(outcome)) < 3:
        raise TooFew("Home wins, draws and away wins must each have happened.")
    weight = 0.5 ** ((matches.season[rows].max() - matches.season[rows]) / HALF_LIFE)
    known = features.of(rows)
    return HouseModel(
        fit_logit(known.matrix, outcome, weight, FREEDOM),
        fit_goals(known, matches.stats[rows, :, 0], weight),
    )


def teaching(matches: Matches, before: int | None = None) -> np.ndarray:
    """Which matches the model may learn from."""
    first = np.array(
        [matches.season[matches.league == n].min() for n in range(len(matches.leagues))]
    )
    settled = matches.season >= first[matches.league] + SETTLING_SEASONS
    past = True if before is None else matches.season < before
    return np.flatnonzero(matches.played & settled & past)
