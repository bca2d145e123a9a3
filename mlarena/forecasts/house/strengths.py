"""How strong every team is in attack and in defence, by goals, shots on target, shots and corners.

Of every statistic, in units of its usual size, a team has an attack and a defence. What a home team is
expected to reach is the league's mean at home plus its attack minus the visitor's defence; away likewise
(additive as in M. Maher, Modelling association football scores, 1982). Each strength is a Gaussian belief
that every match moves by Kalman's rule (R. Kalman 1960; in football L. Knorr-Held 2000): the less certain
it is, the further. Beliefs widen with the days between matches and over the summer. That shots tell more
of a team than its goals: E. Wheatcroft, A profitable model for predicting the over/under market in football,
2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A usual match: what the home and the away team reach of each statistic of STATS. Leagues begin from it.
USUAL = np.array([[1.53, 4.80, 13.6, 5.5], [1.18, 3.90, 11.2, 4.5]])
UNIT = USUAL.mean(axis=0)


@dataclass(frozen=True)
class StrengthRules:
    """By statistic, in the order of STATS; chosen on seasons before those that are reported."""

    wander: tuple[float, ...] = (1.0e-4, 1.5e-4, 2.7e-4, 5.0e-4)  # variance a day
    summer: tuple[float, ...] = (0.02, 0.03, 0.055, 0.15)  # variance between seasons
    noise: tuple[float, ...] = (1.8, 0.9, 0.12, 0.9)  # variance of a match
    unknown: tuple[float, ...] = (0.235, 0.14, 0.27, 0.07)  # variance of a new team
    promoted_attack: tuple[float, ...] = (-0.10, -0.10, -0.08, -0.06)
    promoted_defence: tuple[float, ...] = (-0.15, -0.20, -0.10, -0.05)
    kept: float = 0.97  # of what sets a team apart, over the summer
    mean_step: float = 0.008
    red: float = 0.1  # what a card more costs, in units


class Strengths:
    def __init__(self, teams: int, leagues: int, rules: StrengthRules | None = None) -> None:
        self.rules = rules or StrengthRules()
        self.wander, self.summer = np.array(self.rules.wander), np.array(self.rules.summer)
        self.noise, self.unknown = np.array(self.rules.noise), np.array(self.rules.unknown)
        stats = len(UNIT)
        self.attack = np.zeros((teams, stats))
        self.defence = np.zeros((teams, stats))
        self.attack_doubt = np.tile(self.unknown, (teams, 1))
        self.defence_doubt = np.tile(self.unknown, (teams, 1))
        self.mean = np.tile(USUAL / UNIT, (leagues, 1, 1))

    def season_starts(self, stayed: np.ndarray, promoted: np.ndarray) -> None:
        """Those who stayed are less certain than in spring; of those who came up little is known."""
        for strength, doubt, usual in (
            (self.attack, self.attack_doubt, self.rules.promoted_attack),
            (self.defence, self.defence_doubt, self.rules.promoted_defence),
        ):
            strength[stayed] *= self.rules.kept
            doubt[stayed] = np.minimum(doubt[stayed] + self.summer, self.unknown)
            strength[promoted] = usual
            doubt[promoted] = self.unknown

    def days_pass(self, teams: np.ndarray, days: np.ndarray) -> None:
        """Since the teams last played; they may have become better or worse."""
        more = days[:, None] * self.wander
        self.attack_doubt[teams] += more
        self.defence_doubt[teams] += more

    def expected(self, home: np.ndarray, away: np.ndarray, league: np.ndarray) -> np.ndarray:
        """What home and away should reach of each statistic, in units: (match, side, stat)."""
        at_home = self.mean[league, 0] + self.attack[home] - self.defence[away]
        abroad = self.mean[league, 1] + self.attack[away] - self.defence[home]
        return np.stack([at_home, abroad], axis=1)

    def learn(
        self,
        home: np.ndarray,
        away: np.ndarray,
        league: np.ndarray,
        stats: np.ndarray,
        red: np.ndarray,
    ) -> None:
        """Matches of one day, in which no team is twice. A statistic that nobody counted is taken to be
        what the goals were, in its own unit: better than to leave the team where it was."""
        reached = stats / UNIT
        reached = np.where(np.isnan(reached), reached[:, :, :1], reached)
        # Who is a man short reaches less and lets the others reach more, and it says little of either.
        short = self.rules.red * (red - red[:, ::-1])
        missed = reached + short[:, :, None] - self.expected(home, away, league)
        self._move(home, away, missed[:, 0])
        self._move(away, home, missed[:, 1])
        np.add.at(self.mean, league, self.rules.mean_step * missed)

    def _move(self, attacking: np.ndarray, defending: np.ndarray, missed: np.ndarray) -> None:
        attack, defence = self.attack_doubt[attacking], self.defence_doubt[defending]
        whole = attack + defence + self.noise
        self.attack[attacking] += attack / whole * missed
        self.defence[defending] -= defence / whole * missed
        self.attack_doubt[attacking] = attack * (1 - attack / whole)
        self.defence_doubt[defending] = defence * (1 - defence / whole)
