"""Rating a competition of a hundred thousand: `python -m benchmarks.ratings [--people 100000]`.

`scoring.ratings` against the pairwise definition in numpy, in the same run: on a field small enough for n²,
where the numbers must also agree, and on the large one alone. The rest is one line for Codeforces' formula.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.report import Figure, headline, show
from mlarena.scoring.ratings import codeforces, elo

AIM_MS = 20.0
SMALL = 4_000


def field(people: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whole ratings, ranks with a tenth of the people in ties, and games."""
    generator = np.random.default_rng(people)
    ratings = generator.normal(1500, 350, people).round()
    scores = generator.integers(0, people * 5, people)
    above = people - np.searchsorted(np.sort(scores), scores, side="right")
    return ratings, above + 1, generator.integers(0, 30, people)


def pairwise(ratings: np.ndarray, ranks: np.ndarray, games: np.ndarray) -> np.ndarray:
    """The definition: everybody against everybody, a row of the table at a time."""
    n = len(ratings)
    change = np.empty(n)
    for i in range(n):
        won = (ranks > ranks[i]).sum() + 0.5 * ((ranks == ranks[i]).sum() - 1)
        likely = (1 / (1 + 10 ** ((ratings - ratings[i]) / 400))).sum() - 0.5
        change[i] = max(200, 800 / (1 + 0.75 * games[i])) * (won - likely) / (n - 1)
    return change - change.mean()


def milliseconds(rate: Callable[[], object], runs: int) -> float:
    """The median of `runs`."""
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        rate()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=15)
    asked = parser.parse_args()
    headline("ratings", people=asked.people, runs=asked.runs)

    small, large = field(SMALL), field(asked.people)
    apart = float(np.abs(elo(*small) - pairwise(*small)).max())
    slow, quick = milliseconds(lambda: pairwise(*small), 3), milliseconds(lambda: elo(*small), 15)
    whole = milliseconds(lambda: elo(*large), asked.runs)
    between = (large[0] + np.random.default_rng(1).random(asked.people), *large[1:])
    fractions = milliseconds(lambda: elo(*between), asked.runs)
    theirs = milliseconds(lambda: codeforces(*large[:2]), asked.runs)
    show(
        Figure(f"pairwise numpy, {SMALL:,} people", slow, "ms"),
        Figure(f"elo, {SMALL:,} people", quick, "ms", f"{slow / quick:,.0f} x as fast"),
        Figure("  farthest from the pairwise numbers", apart * 1e9, "1e-9", "aim ≤ 1", apart <= 1e-9),
        Figure(f"elo, {asked.people:,} people", whole, "ms", f"aim ≤ {AIM_MS:g}", whole <= AIM_MS),
        Figure("  the same, ratings with fractions", fractions, "ms"),
        Figure(f"codeforces, {asked.people:,} people", theirs, "ms"),
    )  # fmt: skip


if __name__ == "__main__":
    main()
