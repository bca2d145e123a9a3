"""The Ladder: a public board that cannot be climbed by guessing.

A board that answers every submission exactly is a meter of the hidden answers: hand in noise often enough,
keep what the meter liked, and it will praise a model that knows nothing. The Ladder moves only for a score
that beats the best so far by more than a step, and then shows it in whole steps. All else is "no better".

A. Blum, M. Hardt: The Ladder: A Reliable Leaderboard for Machine Learning Competitions, ICML 2015.
`python -m benchmarks.ladder` runs the attack against both boards.
"""

from __future__ import annotations

import math


def shown(score: float, best: float | None, step: float, direction: str) -> float:
    """What the board says to `score` when it last said `best` (None: this is the first)."""
    if best is not None:
        ahead = score - best if direction == "higher" else best - score
        if ahead <= step:
            return best
    return round(score / step) * step


def fitting_step(rows: int) -> float:
    """A step that `rows` public rows can carry for a score between 0 and 1: what chance alone moves it
    by, twice over, 1/√rows."""
    return 1.0 / math.sqrt(rows)
