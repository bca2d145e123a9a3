"""What Kaggle's rows are as rows of ours: names that differ, keys that keep Kaggle's order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from mlarena.competitions.kaggle.reading import Row

LONGEST_NAME = 64
_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Place:
    """Where a row stands: what boards sort by."""

    key: float
    at: datetime


def direction_of(rows: Sequence[Row], known: str | None) -> str | None:
    """Which scores are better, read off the order of the board: "higher", "lower", or None where it
    follows something else. Where all are equal `known` stands."""
    steps = {
        "higher" if after.score < before.score else "lower"
        for before, after in pairwise(rows)
        if after.score != before.score
    }
    if not steps:
        return known
    return steps.pop() if len(steps) == 1 else None


def places(rows: Iterable[Row], direction: str | None, otherwise: datetime) -> list[Place]:
    """In Kaggle's order, whatever the times say: who stands behind an equal score is a moment later.

    The key is the score wherever scores explain the order: a new leader is then one changed row, not as
    many as there are.
    """
    found: list[Place] = []
    for number, row in enumerate(rows, 1):
        key = float(number)
        if direction is not None:
            key = (-row.score if direction == "higher" else row.score) + 0.0
        at = row.at or otherwise
        if found and found[-1].key == key and at <= found[-1].at:
            at = found[-1].at + _A_MOMENT
        found.append(Place(key, at))
    return found


def names_of(
    rows: Iterable[Row], former: Iterable[tuple[str, str]] = (), taken: Iterable[str] = ()
) -> dict[str, str]:
    """A name for every team, no two alike, none of `taken`. `former` are (team, name) of those no longer on
    the board.

    Of several teams with one name the oldest keeps it, the others get their number behind it.
    """
    given, found = set(taken), dict[str, str]()
    here = [(row.team, row.name or ", ".join(row.people or ())) for row in rows]
    for team, name in [*sorted(here, key=_age), *sorted(former, key=_age)]:
        free = _short(name or f"Team {team}", "")
        more = f" ({team})"
        while free in given:
            free, more = _short(name, more), more + "’"
        given.add(free)
        found[team] = free
    return found


def _age(named: tuple[str, str]) -> int:
    return int(named[0])


def _short(name: str, more: str) -> str:
    # What no database takes as text is no part of a name: half a surrogate pair, a zero.
    name = name.encode("utf-8", "replace").decode().replace("\0", "")
    most = LONGEST_NAME - len(more)
    return (name if len(name) <= most else name[: most - 1] + "…") + more
