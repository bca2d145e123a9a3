"""How strong every team is in attack and in defence, by goals, shots on target, shots and corners.

Of every statistic, in units of its usual size, what a side is expected to reach is
exp(league's mean at home or away + its attack − the other's defence) (M. Maher, Modelling association
football scores, 1982). All strengths of a league and its two means are one Gaussian belief, of which every
day's matches move everything together by Kalman's rule (R. Kalman 1960; linearised for counts as L. Fahrmeir,
Posterior mode estimation by extended Kalman filtering for multivariate dynamic generalized linear models,
1992; in football L. Knorr-Held 2000): who beat a team that turns out to be good is the better for it too.
Beliefs widen with the days and over the summer. That shots tell more of a team than its goals: E. Wheatcroft,
A profitable model for predicting the over/under market in football, 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A usual match: what the home and the away team reach of each statistic of STATS. Leagues begin from it.
USUAL = np.array([[1.53, 4.80, 13.6, 5.5], [1.18, 3.90, 11.2, 4.5]])
UNIT = USUAL.mean(axis=0)
# Between two matches no more days than these widen a belief: the summer has a rule of its own.
LONGEST_PAUSE = 30


@dataclass(frozen=True)
class StrengthRules:
    """By statistic, in the order of STATS; chosen on seasons before those that are reported."""

    wander: tuple[float, ...] = (5.9e-5, 8.8e-5, 1.2e-4, 1.8e-4)  # variance a day
    summer: tuple[float, ...] = (0.012, 0.015, 0.018, 0.018)  # variance between seasons
    noise: tuple[float, ...] = (
        0.78,
        0.31,
        0.13,
        0.30,
    )  # variance of a match, where one unit is expected
    alike: tuple[float, ...] = (0.0, -0.05, -0.20, -0.25)  # correlation of both sides' noise
    unknown: tuple[float, ...] = (0.059, 0.047, 0.047, 0.035)  # variance of a new team
    promoted_attack: tuple[float, ...] = (-0.14, -0.14, -0.11, -0.09)
    promoted_defence: tuple[float, ...] = (-0.13, -0.15, -0.09, -0.09)
    kept: float = 0.97  # of what sets a team apart, over the summer
    mean_doubt: float = 0.003
    mean_wander: float = 4e-6
    red: float = 0.1  # what a card more costs, in units
    # What empty stands change, in logarithms: as measured on the matches of 2019 and 2020.
    empty_home: tuple[float, ...] = (-0.045, -0.066, -0.066, -0.09)
    empty_away: tuple[float, ...] = (0.07, 0.0, 0.0, 0.0)


class Strengths:
    """Teams are numbered over all leagues, and each of them plays in one: `league_of`."""

    def __init__(
        self, league_of: np.ndarray, leagues: int, rules: StrengthRules | None = None
    ) -> None:
        self.rules = rules = rules or StrengthRules()
        self.league_of, self.place = league_of, np.zeros_like(league_of)
        self.beliefs = []
        for league in range(leagues):
            teams = np.flatnonzero(league_of == league)
            self.place[teams] = np.arange(len(teams))
            self.beliefs.append(_Belief(len(teams), rules))

    def season_starts(self, stayed: np.ndarray, promoted: np.ndarray) -> None:
        """Those who stayed are less certain than in spring; of those who came up little is known."""
        for league in np.unique(self.league_of[np.concatenate([stayed, promoted])]):
            self.beliefs[league].season_starts(
                *(
                    self.place[teams[self.league_of[teams] == league]]
                    for teams in (stayed, promoted)
                )
            )

    def expected(
        self, home: np.ndarray, away: np.ndarray, league: np.ndarray, today: int, empty: bool
    ) -> np.ndarray:
        """What home and away should reach of each statistic, in units: (match, side, stat)."""
        found = np.empty((len(home), 2, len(UNIT)))
        for one in np.unique(league):
            of = league == one
            belief = self.beliefs[one]
            belief.days_pass(today)
            found[of] = belief.expected(self.place[home[of]], self.place[away[of]], empty)
        return found

    def learn(
        self,
        home: np.ndarray,
        away: np.ndarray,
        league: np.ndarray,
        stats: np.ndarray,
        red: np.ndarray,
        empty: bool,
    ) -> None:
        """Matches of one day, in which no team is twice. A statistic that nobody counted is taken to be
        what the goals were, in its own unit: better than to leave the team where it was."""
        reached = stats / UNIT
        reached = np.where(np.isnan(reached), reached[:, :, :1], reached)
        # Who is a man short reaches less and lets the others reach more, and it says little of either.
        reached = reached + self.rules.red * (red - red[:, ::-1])[:, :, None]
        for one in np.unique(league):
            of = league == one
            self.beliefs[one].learn(self.place[home[of]], self.place[away[of]], reached[of], empty)


class _Belief:
    """Of one league, for every statistic at once: where the strengths are, and how sure that is.

    `at` (stat, strength) has the attacks, the defences and the two means; `doubt` is their covariance.
    """

    def __init__(self, teams: int, rules: StrengthRules) -> None:
        self.teams, self.rules = teams, rules
        self.unknown = np.array(rules.unknown)[:, None]
        self.noise = np.array(rules.noise)[:, None]
        stats, size = len(UNIT), 2 * teams + 2
        self.at = np.zeros((stats, size))
        self.at[:, -2:] = np.log(USUAL / UNIT).T
        self.doubt = np.zeros((stats, size, size))
        self.each = np.arange(2 * teams)
        self.doubt[:, self.each, self.each] = self.unknown
        self.doubt[:, [-2, -1], [-2, -1]] = rules.mean_doubt
        self.seen: int | None = None

    def season_starts(self, stayed: np.ndarray, promoted: np.ndarray) -> None:
        rules, teams = self.rules, self.teams
        both = np.concatenate([stayed, stayed + teams])
        self.at[:, both] *= rules.kept
        self.doubt[:, both] *= rules.kept
        self.doubt[:, :, both] *= rules.kept
        wider = self.doubt[:, both, both] + np.array(rules.summer)[:, None]
        self.doubt[:, both, both] = np.minimum(wider, self.unknown)
        both = np.concatenate([promoted, promoted + teams])
        self.at[:, promoted] = np.array(rules.promoted_attack)[:, None]
        self.at[:, promoted + teams] = np.array(rules.promoted_defence)[:, None]
        self.doubt[:, both] = 0
        self.doubt[:, :, both] = 0
        self.doubt[:, both, both] = self.unknown

    def days_pass(self, today: int) -> None:
        days = 0 if self.seen is None else today - self.seen
        self.seen = today
        more = min(days, LONGEST_PAUSE) * np.array(self.rules.wander)[:, None]
        self.doubt[:, self.each, self.each] += more
        self.doubt[:, [-2, -1], [-2, -1]] += days * self.rules.mean_wander

    def expected(self, home: np.ndarray, away: np.ndarray, empty: bool) -> np.ndarray:
        found: np.ndarray = self._sides(home, away, empty)[0].reshape(len(UNIT), 2, len(home))
        return found.transpose(2, 1, 0)

    def _sides(
        self, home: np.ndarray, away: np.ndarray, empty: bool
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Of the home sides and then of the away ones: what they are expected to reach (stat, side), and
        where their attack, the other's defence and their mean stand in the belief."""
        attack = np.concatenate([home, away])
        defence = np.concatenate([away, home]) + self.teams
        mean = np.repeat([2 * self.teams, 2 * self.teams + 1], len(home))
        log = self.at[:, attack] - self.at[:, defence] + self.at[:, mean]
        if empty:
            shift = np.array([self.rules.empty_home, self.rules.empty_away])
            log = log + np.repeat(shift, len(home), axis=0).T
        return np.exp(log), (attack, defence, mean)

    def learn(self, home: np.ndarray, away: np.ndarray, reached: np.ndarray, empty: bool) -> None:
        n = len(home)
        said, (attack, defence, mean) = self._sides(home, away, empty)
        missed = reached.transpose(2, 1, 0).reshape(said.shape) / said - 1
        noise = self.noise / said
        # How what is believed goes with what was seen: (stat, strength, side).
        shared = self.doubt[:, :, attack] - self.doubt[:, :, defence] + self.doubt[:, :, mean]
        whole = shared[:, attack] - shared[:, defence] + shared[:, mean]
        side, first = np.arange(2 * n), np.arange(n)
        whole[:, side, side] += noise
        alike = np.array(self.rules.alike)[:, None] * np.sqrt(noise[:, :n] * noise[:, n:])
        whole[:, first, first + n] += alike
        whole[:, first + n, first] += alike
        gain = np.linalg.solve(whole, shared.transpose(0, 2, 1))
        self.at += np.einsum("sij,si->sj", gain, missed)
        self.doubt -= shared @ gain
        self.doubt = (self.doubt + self.doubt.transpose(0, 2, 1)) / 2
