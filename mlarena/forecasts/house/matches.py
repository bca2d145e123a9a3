"""A table of matches as the house model wants it: sorted by day, teams and leagues as numbers.

The columns: date, league, season (the year it starts), home, away, home_goals, away_goals, and where known
home_shots, home_sot (on target), home_corners, home_red, and the same of away. A match without goals is
still to be played: it has features and teaches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

# What a match counts, each a column for either side. Goals first: they are what is always known.
STATS = ("goals", "sot", "shots", "corners")
NEEDED = ("date", "league", "season", "home", "away", "home_goals", "away_goals")
MOST_GOALS = 99


class BadTable(ValueError):
    """The table cannot be used; the message says why."""


@dataclass(frozen=True)
class Matches:
    """Everything by match, in the order of days. `home` and `away` number teams within their league."""

    frame: pd.DataFrame
    day: np.ndarray
    season: np.ndarray
    league: np.ndarray
    home: np.ndarray
    away: np.ndarray
    stats: np.ndarray  # (match, side, stat), NaN where unknown
    red: np.ndarray  # (match, side), 0 where unknown
    leagues: list[str]
    teams: int

    def __len__(self) -> int:
        return len(self.day)

    @property
    def played(self) -> np.ndarray:
        known: np.ndarray = ~np.isnan(self.stats[:, :, 0]).any(axis=1)
        return known

    @property
    def outcome(self) -> np.ndarray:
        """0 home, 1 draw, 2 away; -1 where it is not played."""
        margin = self.stats[:, 0, 0] - self.stats[:, 1, 0]
        return np.where(self.played, 1 - np.sign(np.nan_to_num(margin)), -1).astype(int)

    def days(self) -> list[slice]:
        """The stretches of matches that share a day. None of them knows of another's result."""
        starts = np.flatnonzero(np.diff(self.day, prepend=self.day[:1] - 1))
        ends = np.append(starts[1:], len(self.day))
        return [slice(start, end) for start, end in zip(starts, ends, strict=True)]


def read_matches(path: Path, leagues: list[str] | None = None) -> Matches:
    """The matches of a CSV file (also .csv.gz), of some leagues or all. Raises BadTable."""
    try:
        frame = pd.read_csv(path)
    except (OSError, EOFError, ValueError) as error:
        raise BadTable(f"{path.name} cannot be read as CSV: {error}") from None
    missing = [name for name in NEEDED if name not in frame]
    if missing:
        raise BadTable(f"{path.name} lacks the columns: {', '.join(missing)}.")
    if leagues:
        unknown = sorted(set(leagues) - set(frame["league"]))
        if unknown:
            known = ", ".join(sorted(frame["league"].astype(str).unique()))
            raise BadTable(f"No league {', '.join(unknown)} in {path.name}; there are: {known}.")
        frame = frame[frame["league"].isin(leagues)]
    return from_frame(frame)


def from_frame(frame: pd.DataFrame) -> Matches:
    """Sorted, checked, as arrays. Raises BadTable."""
    frame = frame.copy()
    frame["date"] = pd.to_datetime(frame["date"], errors="coerce", utc=True)
    for column in (name for name in frame if str(name).startswith(("home_", "away_"))):
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    frame["season"] = pd.to_numeric(frame["season"], errors="coerce")
    _check(frame)
    frame = frame.sort_values(["date", "league", "home"], kind="stable").reset_index(drop=True)
    league, leagues = pd.factorize(frame["league"].astype(str))
    n = len(frame)
    names = pd.concat([frame["home"], frame["away"]]).astype(str).to_numpy()
    team, teams = pd.factorize(pd.Series(np.tile(league, 2).astype(str)) + "\n" + names)
    stats = np.full((n, 2, len(STATS)), np.nan)
    for side, prefix in enumerate(("home", "away")):
        for place, stat in enumerate(STATS):
            if f"{prefix}_{stat}" in frame:
                stats[:, side, place] = frame[f"{prefix}_{stat}"]
    half_known = np.isnan(stats).any(axis=1, keepdims=True)
    stats[np.broadcast_to(half_known, stats.shape)] = np.nan
    red = np.zeros((n, 2))
    if {"home_red", "away_red"} <= set(frame):
        red = frame[["home_red", "away_red"]].fillna(0).to_numpy(float)
    return Matches(
        frame=frame,
        day=(frame["date"] - pd.Timestamp(0, tz="UTC")).dt.days.to_numpy(),
        season=frame["season"].to_numpy(int),
        league=league,
        home=team[:n],
        away=team[n:],
        stats=stats,
        red=red,
        leagues=[str(name) for name in leagues],
        teams=len(teams),
    )


def _check(frame: pd.DataFrame) -> None:
    for column in ("date", "season", "league", "home", "away"):
        bad = frame.index[frame[column].isna()]
        if len(bad):
            raise BadTable(f"Row {bad[0] + 2}: `{column}` is missing or cannot be read.")
    itself = frame.index[frame["home"] == frame["away"]]
    if len(itself):
        raise BadTable(f"Row {itself[0] + 2}: {frame['home'][itself[0]]} against itself.")
    goals = frame[["home_goals", "away_goals"]]
    odd = frame.index[((goals < 0) | (goals > MOST_GOALS) | (goals % 1 > 0)).any(axis=1)]
    if len(odd):
        raise BadTable(f"Row {odd[0] + 2}: goals are whole numbers from 0 to {MOST_GOALS}.")
    playing = frame.assign(day=frame["date"].dt.floor("D")).melt(
        ["league", "day"], ["home", "away"], value_name="team", ignore_index=False
    )
    twice = playing.index[playing.duplicated(["league", "day", "team"])]
    if len(twice):
        raise BadTable(f"Row {twice[0] + 2}: a team plays twice on one day.")
