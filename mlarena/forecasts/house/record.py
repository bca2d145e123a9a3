"""What a table and a calendar tell of teams: form, points a match, days of rest, meetings.

Means of few matches say little, so each is drawn towards what is usual as if some usual matches had been
played before. Everything is kept by number of team, so that a day's matches are read and written at once.
"""

from __future__ import annotations

import numpy as np

# What a team gets of a match on average, and how many such matches everybody begins with.
USUAL_POINTS = 1.37
BEFORE = 3
BEFORE_TABLE = 6
LONGEST_REST = 14
FORM = (5, 10)


class Record:
    def __init__(self, teams: int, pairs: int) -> None:
        self.recent = np.full((teams, max(FORM)), np.nan)  # points, the latest last
        self.points = np.zeros(teams)
        self.margin = np.zeros(teams)
        self.games = np.zeros(teams)
        self.last_day = np.full(teams, -(10**6))
        self.met = np.zeros(pairs)
        self.balance = np.zeros(pairs)  # of the meetings, seen from the pair's first team

    def season_starts(self, teams: np.ndarray) -> None:
        for column in (self.points, self.margin, self.games):
            column[teams] = 0

    def form(self, teams: np.ndarray, matches: int) -> np.ndarray:
        """Points a match of the last so many, across seasons."""
        recent = self.recent[teams, -matches:]
        played = (~np.isnan(recent)).sum(axis=1)
        return (np.nansum(recent, axis=1) + BEFORE * USUAL_POINTS) / (played + BEFORE)

    def points_a_match(self, teams: np.ndarray) -> np.ndarray:
        whole = self.points[teams] + BEFORE_TABLE * USUAL_POINTS
        return whole / (self.games[teams] + BEFORE_TABLE)

    def margin_a_match(self, teams: np.ndarray) -> np.ndarray:
        return self.margin[teams] / (self.games[teams] + BEFORE_TABLE)

    def rest(self, teams: np.ndarray, day: int) -> np.ndarray:
        """Days since the last match; more than a fortnight make no difference."""
        return np.minimum(day - self.last_day[teams], LONGEST_REST)

    def meetings(self, pair: np.ndarray, first_at_home: np.ndarray) -> np.ndarray:
        """Who mostly won when the two met, from -1 to 1, seen from the home team."""
        seen = self.balance[pair] / (self.met[pair] + BEFORE)
        return np.where(first_at_home, seen, -seen)

    def learn(
        self,
        home: np.ndarray,
        away: np.ndarray,
        pair: np.ndarray,
        first_at_home: np.ndarray,
        margin: np.ndarray,
    ) -> None:
        """The day's results."""
        won = np.sign(margin)
        for teams, result in ((home, won), (away, -won)):
            got = np.choose(result.astype(int) + 1, (0.0, 1.0, 3.0))
            self.recent[teams, :-1] = self.recent[teams, 1:]
            self.recent[teams, -1] = got
            self.points[teams] += got
            self.games[teams] += 1
        self.margin[home] += margin
        self.margin[away] -= margin
        self.met[pair] += 1
        self.balance[pair] += np.where(first_at_home, won, -won)

    def played(self, teams: np.ndarray, day: int) -> None:
        self.last_day[teams] = day
