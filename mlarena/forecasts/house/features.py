"""Every match as it looked before its kick-off: one pass over the days.

A day's matches are first looked at and then learnt from, all at once, so that nothing of a day is known
on that day. A match without a result is looked at only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlarena.forecasts.house.elo import Elo, stands_empty
from mlarena.forecasts.house.matches import STATS, Matches
from mlarena.forecasts.house.record import FORM, Record
from mlarena.forecasts.house.strengths import StrengthRules, Strengths

# What a match has, how a page calls it, and how freely the models may use it: 1 is a rating, built to
# forecast; what ratings already know gets less, so that chance in it costs little.
FEATURES: dict[str, tuple[str, float]] = {
    "elo": ("Elo rating", 1.0),
    **{f"{stat}_ahead": (f"Strength by {stat}", 1.0) for stat in STATS},
    **{f"{stat}_both": (f"Openness by {stat}", 1.0) for stat in STATS},
    "goals_apart": ("How unequal, by goals", 1.0),
    "sot_apart": ("How unequal, by shots on target", 1.0),
    "form_5": ("Form, last 5", 0.2),
    "form_10": ("Form, last 10", 0.2),
    "points": ("Points a match this season", 0.2),
    "margin": ("Goal difference a match", 0.2),
    "meetings": ("Head to head", 0.2),
    "rest": ("Days of rest", 0.2),
    "stage": ("How far the season is", 0.2),
}
NAMES = tuple(FEATURES)
FREEDOM = np.array([freedom for _, freedom in FEATURES.values()])
# A season's usual length, for `stage`.
ROUNDS = 38


@dataclass(frozen=True)
class Features:
    """`matrix` is by match and feature; `expected` what both sides should reach of each statistic."""

    matrix: np.ndarray
    expected: np.ndarray

    def of(self, rows: np.ndarray) -> Features:
        return Features(self.matrix[rows], self.expected[rows])


class Seasons:
    """Which teams begin a season with a match, and which of them had not been there the year before."""

    def __init__(self, teams: int, leagues: int) -> None:
        self.of_team = np.full(teams, -1)
        self.first = np.full(leagues, -1)

    def entering(
        self, teams: np.ndarray, season: np.ndarray, league: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which of `teams` begin, which of those stayed, and which came up. In the first season that is
        known of a league nobody came up."""
        unseen = self.first[league] < 0
        self.first[league[unseen]] = season[unseen]
        begins = self.of_team[teams] < season
        before = self.of_team[teams]
        stayed = begins & (before >= 0) & (before == season - 1)
        promoted = begins & ~stayed & (season > self.first[league])
        self.of_team[teams[begins]] = season[begins]
        return begins, stayed, promoted


def build(matches: Matches, rules: StrengthRules | None = None) -> Features:
    """The features of all matches, in their order."""
    first = np.minimum(matches.home, matches.away)
    pairs, pair = np.unique(
        first * matches.teams + np.maximum(matches.home, matches.away), return_inverse=True
    )
    first_at_home = first == matches.home
    leagues = len(matches.leagues)
    seasons = Seasons(matches.teams, leagues)
    elo = Elo(matches.teams)
    league_of = np.zeros(matches.teams, int)
    league_of[matches.home] = league_of[matches.away] = matches.league
    strengths = Strengths(league_of, leagues, rules)
    record = Record(matches.teams, len(pairs))
    matrix = np.empty((len(matches), len(NAMES)))
    expected = np.empty((len(matches), 2, len(STATS)))
    played = matches.played
    margin = matches.stats[:, 0, 0] - matches.stats[:, 1, 0]

    for day in matches.days():
        home, away, league = matches.home[day], matches.away[day], matches.league[day]
        today = int(matches.day[day.start])
        both = np.concatenate([home, away])
        begins, stayed, promoted = seasons.entering(
            both, np.tile(matches.season[day], 2), np.tile(league, 2)
        )
        if begins.any():
            elo.season_starts(both[stayed], both[promoted])
            strengths.season_starts(both[stayed], both[promoted])
            record.season_starts(both[begins])
        empty = stands_empty(today)
        expected[day] = strengths.expected(home, away, league, today, empty)
        matrix[day] = _look(
            elo.ahead(home, away, empty), expected[day], record, home, away, pair[day],
            first_at_home[day], today,
        )  # fmt: skip
        record.played(both, today)

        over = np.flatnonzero(played[day])
        if len(over):
            done = day.start + over
            who = (home[over], away[over])
            elo.learn(*who, margin[done], empty)
            strengths.learn(*who, league[over], matches.stats[done], matches.red[done], empty)
            record.learn(*who, pair[done], first_at_home[done], margin[done])
    return Features(matrix, expected)


def _look(
    elo: np.ndarray,
    expected: np.ndarray,
    record: Record,
    home: np.ndarray,
    away: np.ndarray,
    pair: np.ndarray,
    first_at_home: np.ndarray,
    today: int,
) -> np.ndarray:
    ahead = expected[:, 0] - expected[:, 1]
    columns = [
        elo,
        *ahead.T,
        *expected.sum(axis=1).T,
        np.abs(ahead[:, 0]),
        np.abs(ahead[:, 1]),
        *(record.form(home, last) - record.form(away, last) for last in FORM),
        record.points_a_match(home) - record.points_a_match(away),
        record.margin_a_match(home) - record.margin_a_match(away),
        record.meetings(pair, first_at_home),
        np.log1p(record.rest(home, today)) - np.log1p(record.rest(away, today)),
        (record.games[home] + record.games[away]) / (2 * ROUNDS),
    ]
    return np.stack(columns, axis=1)
