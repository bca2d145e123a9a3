"""Climbing a public board by guessing: `python -m benchmarks.ladder [--rows 1000] [--tries 400]`.

Somebody who knows nothing hands in random answers to a yes-or-no question, remembers those that the board
liked, and at last hands in their majority vote. What the board then says is compared with the truth, 0.50:
once on a board that shows every score exactly, once on the Ladder of several steps.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from benchmarks.report import Figure, headline, show
from mlarena.scoring.ladder import fitting_step, shown

# The measured attack that the docs tell of: 1,000 public rows, 400 tries.
EXACT, LADDER = 0.641, 0.538


@dataclass(frozen=True)
class Climb:
    """What the board shows at last, and what the vote is worth on rows that nobody has seen."""

    shown: float
    hidden: float


def attack(rows: int, tries: int, step: float | None, seed: int) -> Climb:
    """One attack on a board of `rows` public rows: exact where `step` is None, else a Ladder."""
    generator = np.random.default_rng(seed)
    truth, hidden = generator.integers(0, 2, (2, rows))
    votes, unseen_votes = np.zeros(rows), np.zeros(rows)
    board: float | None = None
    for _ in range(tries):
        guess, unseen = generator.integers(0, 2, (2, rows))
        said = float((guess == truth).mean())
        if step is not None:
            said = shown(said, board, step, "higher")
        # Liked: better than a coin, and on a Ladder, which repeats itself, better than the last time.
        if said > 0.5 and (step is None or board is None or said > board):
            votes += 2 * guess - 1
            unseen_votes += 2 * unseen - 1
        board = said if board is None else max(board, said)
    # Where the votes are even, or there are none, a coin again.
    vote = np.where(votes == 0, generator.integers(0, 2, rows), votes > 0)
    final = float((vote == truth).mean())
    if step is not None:
        final = shown(final, board, step, "higher")
    return Climb(final, float(((unseen_votes > 0) == hidden).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--tries", type=int, default=400)
    parser.add_argument("--runs", type=int, default=50)
    asked = parser.parse_args()
    headline("ladder", rows=asked.rows, tries=asked.tries, runs=asked.runs)

    def mean(step: float | None) -> tuple[float, float]:
        climbs = [attack(asked.rows, asked.tries, step, seed) for seed in range(asked.runs)]
        return (
            float(np.mean([climb.shown for climb in climbs])),
            float(np.mean([climb.hidden for climb in climbs])),
        )

    said, worth = mean(None)
    figures = [
        Figure("true worth of the vote", worth * 1000, "‰", "a coin: 500"),
        Figure("an exact board says", said * 1000, "‰", f"told of: {EXACT * 1000:g}"),
    ]
    fitting = fitting_step(asked.rows)
    for step in (0.005, 0.01, 0.02, fitting):
        name = f"the Ladder says, step {step:.3f}" + (" = 1/√rows" if step == fitting else "")
        told = f"told of: {LADDER * 1000:g}" if step == fitting else ""
        figures.append(Figure(name, mean(step)[0] * 1000, "‰", told))
    show(*figures)


if __name__ == "__main__":
    main()
