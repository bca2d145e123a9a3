"""The house model's own time, and with a file its worth:
`python -m benchmarks.forecasts [--matches 20000] [--from FILE --test-seasons 2021,2022]`.

Features of so many simulated matches in one pass, and one training on them, on one core; settling the
forecasts of a matchday, beside the same settled match by match. With a file of real matches also what the
model is worth there, beside what knows less.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pandas as pd

from benchmarks.report import Figure, headline, show
from benchmarks.settling import settling
from mlarena.forecasts.house import model
from mlarena.forecasts.house.features import build
from mlarena.forecasts.house.matches import from_frame, read_matches
from mlarena.forecasts.house.walk import walk_forward
from mlarena.forecasts.simulation import season_matches

LEAGUES = 5


def simulated(matches: int) -> pd.DataFrame:
    """At least so many matches of several leagues, as a file would have them."""
    rows: list[dict[str, object]] = []
    season = 0
    while len(rows) < matches:
        for league in range(LEAGUES):
            for match in season_matches(str(league), season):
                seen = match.result
                rows.append(
                    {
                        "date": match.kickoff,
                        "league": str(league),
                        "season": season,
                        "home": match.home,
                        "away": match.away,
                        "home_goals": seen.goals[0],
                        "away_goals": seen.goals[1],
                        "home_shots": seen.shots[0],
                        "away_shots": seen.shots[1],
                        "home_sot": seen.on_target[0],
                        "away_sot": seen.on_target[1],
                    }
                )
        season += 1
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matches", type=int, default=20_000)
    parser.add_argument("--forecasts", type=int, default=100_000)
    parser.add_argument("--from", dest="file", type=Path)
    parser.add_argument("--test-seasons", default="2021,2022")
    asked = parser.parse_args()
    headline("forecasts", matches=asked.matches)
    table = from_frame(simulated(asked.matches))
    started = time.perf_counter()
    features = build(table)
    built = time.perf_counter() - started
    model.fit(table, features)  # scikit-learn is imported by the first one
    started = time.perf_counter()
    model.fit(table, features)
    trained = time.perf_counter() - started
    figures = [
        _figure(f"features of {len(table):,} matches", built, "s", 5.0),
        _figure(f"training on {len(table):,} matches", trained, "s", 1.0),
    ]
    together, apart = settling(asked.forecasts)
    against = f"aim: 1 or less; one by one {apart:.1f}"
    name = f"settling {asked.forecasts:,} forecasts of a matchday"
    figures.append(Figure(name, together, "s", against, together <= 1))
    if asked.file:
        seasons = [int(year) for year in asked.test_seasons.split(",")]
        found = walk_forward(read_matches(asked.file), seasons)
        aims = (("rps", 0.1985), ("log_loss", 0.982), ("ece", 0.020))
        figures += [
            _figure(f"{name} × 1,000, {found['n']:,} matches", 1_000 * found[name], "", 1_000 * aim)
            for name, aim in aims
        ]
        figures += [
            Figure(f"rps × 1,000 of {name}", 1_000 * rps, "")
            for name, rps in found["baselines"].items()
        ]
    show(*figures)


def _figure(name: str, value: float, unit: str, aim: float) -> Figure:
    return Figure(name, value, unit, f"aim: {aim:g} or less", value <= aim)


if __name__ == "__main__":
    main()
