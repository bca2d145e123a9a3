"""How the scores of a board are spread: a histogram with round edges, made of a few counts.

Each count is one step in the Redis index, so a board of a million costs what a board of ten does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from mlarena.boards import mirror, standings
from mlarena.boards.names import Aim, BoardName

# Round steps that give at least this many bars, and at most two and a half times as many.
BARS = 10
# One model in twenty may be so bad that all the others would share one bar: it is counted, not drawn.
DRAWN = 0.95
# Doubles go further; their differences do not.
FARTHEST = 1e300
LEAST = 1e-12


@dataclass(frozen=True)
class Spread:
    """Bars from `low` upwards, each `step` wide, with how many people's scores lie in each.

    A score on an edge is in the bar above it, on the highest edge in the last bar. `beyond` people are
    worse than anything that is drawn.
    """

    low: float
    step: float
    counts: tuple[int, ...]
    beyond: int

    @property
    def high(self) -> float:
        return self.edge(len(self.counts))

    @property
    def people(self) -> int:
        return sum(self.counts) + self.beyond

    def edge(self, number: int) -> float:
        """The lower edge of bar `number`, without the noise of a sum of doubles."""
        digits = max(0, 2 - math.floor(math.log10(self.step)))
        return round(self.low + number * self.step, digits)

    @property
    def edges(self) -> list[float]:
        return [self.edge(number) for number in range(len(self.counts) + 1)]

    def bar_of(self, score: float) -> int | None:
        """Which bar `score` is in; None if it is not drawn."""
        if not self.low <= score <= self.high:
            return None
        return sum(score >= self.edge(number) for number in range(1, len(self.counts)))

    def shown(self) -> dict[str, Any]:
        bars = [
            {"from": self.edge(number), "to": self.edge(number + 1), "count": count}
            for number, count in enumerate(self.counts)
        ]
        return {"bars": bars, "beyond": self.beyond, "people": self.people}


def spread(name: str, stamp: bytes | None = None) -> Spread | None:
    """How people's scores on the board are spread; None while nobody stands on it, and for a board that
    other things than its scores put in order.

    The threshold, where the board has one, is within what is drawn. With the `stamp` that the index gave
    with a page of the board it is counted once for all who read that page.
    """
    board = BoardName.parse(name)
    count = _counted if stamp else _count
    return count(board.stored(), board.aim, board.whole_numbers, stamp)


def _count(
    stored: str, aim: Aim | None, whole_numbers: bool, _stamp: bytes | None
) -> Spread | None:
    if aim is None or not aim.by_score:
        return None
    ends = mirror.ends(stored, DRAWN) or standings.ends(stored, DRAWN)
    if ends is None:
        return None
    sign = 1 if aim.direction == "lower" else -1
    marks = [sign * key for key in ends]
    if aim.threshold is not None:
        marks.append(aim.threshold)
    drawn = frame(min(marks), max(marks), whole=whole_numbers)
    *below, within, people = _below(stored, drawn.edges, aim.direction)
    cumulated = [*below, within]
    counts = tuple(after - before for before, after in pairwise(cumulated))
    return Spread(drawn.low, drawn.step, counts, people - sum(counts)) if people else None


_counted = lru_cache(maxsize=512)(_count)


def beside(name: str, score: float) -> tuple[int, int]:
    """How many people on the board are better than `score`, and how many are worse."""
    board = BoardName.parse(name)
    if board.aim is None or not board.aim.by_score:
        return 0, 0
    key = score if board.aim.direction == "lower" else -score
    bounds = [(key, False), (key, True), (math.inf, True)]
    better, not_worse, people = _up_to(board.stored(), bounds)
    return better, people - not_worse


def frame(lowest: float, highest: float, whole: bool = False) -> Spread:
    """Empty bars with round edges around `lowest` … `highest`; steps of whole numbers if `whole`."""
    lowest, highest = (max(-FARTHEST, min(FARTHEST, end)) for end in (lowest, highest))
    size = max(abs(lowest), abs(highest))
    if highest - lowest <= max(size * 1e-9, LEAST):  # everybody has the same
        lowest = highest - (size / BARS if size > LEAST * BARS else 1.0)
    wanted = (highest - lowest) / BARS
    power = 10.0 ** math.floor(math.log10(wanted))
    step = max(factor * power for factor in (1, 2, 5) if factor * power <= wanted * (1 + 1e-9))
    if whole:
        step = max(1.0, step)
    low = math.floor(lowest / step) * step
    if Spread(low, step, (), 0).edge(0) > lowest:
        low -= step
    empty = Spread(low, step, (), 0)
    bars = max(1, math.ceil((highest - low) / step))
    while bars > 1 and empty.edge(bars - 1) >= highest:  # the noise of the division
        bars -= 1
    while empty.edge(bars) < highest:
        bars += 1
    return Spread(empty.edge(0), step, (0,) * bars, 0)


def _below(stored: str, edges: Sequence[float], direction: str) -> list[int]:
    """How many people's scores lie below each edge but the last, how many up to the last, and all.

    A row's sort key is its score, or the score with its sign turned where higher is better.
    """
    if direction == "lower":
        bounds = [*((edge, False) for edge in edges[:-1]), (edges[-1], True), (math.inf, True)]
        return _up_to(stored, bounds)
    bounds = [*((-edge, True) for edge in edges[:-1]), (-edges[-1], False), (math.inf, True)]
    *better, above, people = _up_to(stored, bounds)
    return [*(people - count for count in better), people - above, people]


def _up_to(stored: str, bounds: list[tuple[float, bool]]) -> list[int]:
    counted = mirror.up_to(stored, bounds)
    if counted is None:
        counted = standings.up_to(stored, bounds)
    return [rows - houses for rows, houses in counted]
