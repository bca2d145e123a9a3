"""Places before and after: a line from each place on the left to its place on the right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ROW_HEIGHT = 26
LONGEST_NAME = 28


@dataclass(frozen=True)
class Slope:
    """One line, from `y1` on the left to `y2` on the right, in pixels. `way`: "up", "down" or "same"."""

    name: str
    before: int
    after: int
    y1: float
    y2: float
    way: str
    mine: bool


@dataclass(frozen=True)
class Slopes:
    lines: list[Slope]
    height: int
    rows: list[list[str]]  # the table behind the drawing


def slopes(places: Iterable[tuple[str, int, int, bool]]) -> Slopes:
    """`places` are (name, place before, place after, whether it is the reader's). The lines stand in the
    order of each side: how far apart two places are in numbers is said by the labels."""
    held = sorted(places, key=lambda one: one[2])
    left = {place: n for n, place in enumerate(sorted({one[1] for one in held}))}
    middle = ROW_HEIGHT / 2
    drawn = [
        Slope(
            name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…",
            before,
            after,
            left[before] * ROW_HEIGHT + middle,
            number * ROW_HEIGHT + middle,
            "up" if after < before else "down" if after > before else "same",
            mine,
        )
        for number, (name, before, after, mine) in enumerate(held)
    ]
    rows = [[name, f"{before:,}", f"{after:,}"] for name, before, after, _ in held]
    # The line of the reader is drawn last, above the others.
    return Slopes(sorted(drawn, key=lambda line: line.mine), len(held) * ROW_HEIGHT, rows)
