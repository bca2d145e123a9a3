"""Which challenge to do next, and why: one out of those that are not solved yet."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from mlarena.challenges.catalogue import Begun, Entry, Shelf


@dataclass(frozen=True)
class NextUp:
    entry: Entry
    reason: str


def next_up(shelf: Shelf, progress: Mapping[int, Begun]) -> NextUp | None:
    """None when everything is solved.

    What was tried and is nearly right comes first, then what follows the one that was solved last, then
    the easiest. It takes as long as there are rows of `progress`: there may be many more challenges.
    """
    begun = [row for number, row in progress.items() if number in shelf.place]
    solved = {row.task_id for row in begun if row.status == "completed"}
    solved |= {entry.id for entry in shelf.timed if entry.is_over}  # nothing more to be done
    if len(solved) == len(shelf.entries):
        return None
    tried = [row for row in begun if row.status == "submitted" and row.task_id not in solved]
    if tried:
        nearest = max(tried, key=lambda row: (row.best_score or 0.0, -shelf.place[row.task_id]))
        best = nearest.best_score
        reason = f"Your best so far is {best:g} of 100." if best else "You have tried it."
        return NextUp(_entry(shelf, nearest.task_id), reason)
    started = [
        row.task_id for row in begun if row.status == "started" and row.task_id not in solved
    ]
    if started:
        return NextUp(
            _entry(shelf, min(started, key=shelf.place.__getitem__)), "You have begun it."
        )
    last = _solved_last(shelf, begun)
    if last is not None:
        alike = _easiest(shelf, solved, last)
        if alike is not None:
            return NextUp(alike, f"It follows “{last.title}”, which you have solved.")
    easiest = _easiest(shelf, solved)
    if easiest is None:
        return None
    return NextUp(easiest, "It is new to you." if last else "A good one to begin with.")


def _entry(shelf: Shelf, challenge_id: int) -> Entry:
    return shelf.entries[shelf.place[challenge_id]]


def _solved_last(shelf: Shelf, begun: Iterable[Begun]) -> Entry | None:
    at = [(row.completed_at, -shelf.place[row.task_id]) for row in begun if row.completed_at]
    return shelf.entries[-max(at)[1]] if at else None


def _easiest(shelf: Shelf, solved: Container[int], like: Entry | None = None) -> Entry | None:
    """The first that is left of the easiest; of those that are like another, if one is given."""
    return next(
        (
            entry
            for entry in shelf.by_ease
            if entry.id not in solved and (like is None or _is_like(entry, like))
        ),
        None,
    )


def _is_like(entry: Entry, other: Entry) -> bool:
    if entry.category is not None or other.category is not None:
        return entry.category == other.category
    return entry.kind == other.kind
