"""Parts of the board of all XP, by learning level: who has reached one and not yet the next.

A level opens by XP alone, so its learners stand side by side on that board: a division is a stretch of
the one order that is indexed anyway, and its rows keep their ranks. Which levels there are is told from
above (`tell_divisions`): boards cannot look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlarena.core.errors import NotFound

NO_DIVISION = "There is no learning level by that number."


@dataclass(frozen=True)
class Division:
    """People with at least `least` XP, and less than `limit` where there is a next level."""

    id: int
    name: str
    least: int
    limit: int | None

    @property
    def bounds(self) -> list[tuple[float, bool]]:
        """Where it begins and ends on the board, as `standings.up_to` counts."""
        ends = [self.least] if self.limit is None else [self.limit, self.least]
        return [(-float(xp) + 0.0, True) for xp in ends]


_levels: Callable[[], Sequence[tuple[int, str, int]]] = tuple


def tell_divisions(levels: Callable[[], Sequence[tuple[int, str, int]]]) -> None:
    """`levels()` gives every learning level as (id, name, required XP)."""
    global _levels
    _levels = levels


def divisions() -> list[Division]:
    """In their order. Levels that open at the same XP are one division, by the first one's name."""
    found: list[Division] = []
    limit: int | None = None
    for required, level_id, name in sorted(
        ((required, level_id, name) for level_id, name, required in _levels()), reverse=True
    ):
        if found and found[0].least == required:
            found[0] = Division(level_id, name, required, found[0].limit)
        else:
            found.insert(0, Division(level_id, name, required, limit))
        limit = required
    return found


def division(level_id: int) -> Division:
    """The division that a learning level is in. Raises NotFound."""
    known = {level[0]: level[2] for level in _levels()}
    for one in divisions():
        if one.least == known.get(level_id):
            return one
    raise NotFound(NO_DIVISION)
