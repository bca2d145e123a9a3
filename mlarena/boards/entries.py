"""Writing rows of boards: one statement each, inside the caller's transaction, never committed here.

No row is shared between two people, so verdicts of many learners at once never wait for each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    delete,
    not_,
    or_,
    select,
    update,
)

from mlarena.accounts.models import User
from mlarena.boards import moments
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import BoardName
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert, made_once

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Sums of whole numbers are exact in a double up to here.
LARGEST_AMOUNT = 2**53

# Statements are built once and of the table: with every verdict one of them is carried out.
_entries: Any = BoardEntry.__table__.c
COLUMNS = tuple(
    _entries[name]
    for name in ("id", "board", "user_id", "sort_key", "reached_at", "version", "hidden")
)


@dataclass(frozen=True)
class Change:
    """What a row has become: all that the Redis index needs to know, once it is committed."""

    entry_id: int
    stored: str
    user_id: int | None
    sort_key: float
    reached_at: datetime
    version: int
    hidden: bool

    @property
    def board(self) -> str:
        """The board's public name, under which its watchers know it."""
        return str(BoardName.parse(self.stored))


def record(
    board: str,
    user_id: int,
    score: float,
    direction: str,
    at: datetime,
    details: dict[str, Any] | None = None,
    sort_key: float | None = None,
) -> Change | None:
    """Enter a score that was reached at `at`. The best is kept, and of equals the first.

    Returns what changed, for `index.apply` after the commit; None if the row stands as it stood. The
    outcome does not depend on the order in which scores are entered. `direction` says which is better,
    "higher" or "lower"; a `sort_key` (smaller first) says it in the score's stead. Raises ValueError for
    a score that is no finite number.
    """
    what = _scored(board, score, direction, at, details, sort_key)
    change = _entered(_best_kept(), what | _learner(user_id))
    if change is not None:
        moments.note(change, score, utcnow())
    return change


def place_house(
    board: str,
    label: str,
    score: float,
    direction: str,
    at: datetime,
    details: dict[str, Any] | None = None,
    sort_key: float | None = None,
) -> Change | None:
    """Put a house baseline on the board, in place of what stood there under `label`."""
    what = _scored(board, score, direction, at, details, sort_key)
    return _entered(_house_put(), what | {"label": label, "hidden": False})


def place(board: str, user_id: int, score: float, direction: str, at: datetime) -> Change | None:
    """Put the user on the board with a figure that may also fall, in place of what stood there."""
    what = _scored(board, score, direction, at, None, None)
    return _entered(_latest_put(), what | _learner(user_id))


def correct(
    entry_id: int, version: int, score: float, sort_key: float, details: dict[str, Any]
) -> Change | None:
    """Put another figure into a row, a worse one too, for what was entered is measured by another rule now.

    Only if the row still is at `version`; None where it has changed since, or is gone.
    """
    row = db.session.execute(
        update(BoardEntry)
        .where(BoardEntry.id == entry_id, BoardEntry.version == version)
        .values(
            score=float(score) + 0.0,
            sort_key=sort_key + 0.0,
            details=details,
            version=next_version(now_version()),
        )
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return Change(*row) if row else None


def remove(board: str, user_id: int, version: int | None = None) -> Change | None:
    """Take the user off the board; with `version` only if their row still is at it."""
    whose = BoardEntry.user_id == user_id
    found = _removed(
        board, whose if version is None else and_(whose, BoardEntry.version == version)
    )
    return found[0] if found else None


def remove_houses(board: str) -> list[Change]:
    """Take what the house has put there off the board."""
    return _removed(board, BoardEntry.label.is_not(None))


def _removed(board: str, which: ColumnElement[bool]) -> list[Change]:
    """The marks that stay in the index are later than any update on its way."""
    gone = db.session.execute(
        delete(BoardEntry)
        .where(BoardEntry.board == BoardName.parse(board).stored(), which)
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return [
        replace(Change(*row), version=max(row.version + 1, now_version()), hidden=True)
        for row in gone
    ]


def add(board: str, user_id: int, amount: float, at: datetime) -> Change:
    """Add to a running total, such as XP. Of equal totals the one that was reached first stands first.

    Raises ValueError unless `amount` is a number other than 0, within ±2⁵³.
    """
    if not (math.isfinite(amount) and 0 < abs(amount) <= LARGEST_AMOUNT):
        raise ValueError(f"{amount} cannot be added to a board")
    what = {
        "board": BoardName.parse(board).stored(at),
        **_learner(user_id),
        "score": float(amount),
        "sort_key": -float(amount),
        "reached_at": at,
        "details": {},
    }
    change = _entered(_added(), what)
    assert change is not None  # noqa: S101 – there is no condition on it
    return change


def set_listed(user_id: int, listed: bool) -> list[Change]:
    """Show a user's rows on their boards, or hide them. The scores stay."""
    changed = db.session.execute(
        update(BoardEntry)
        .where(BoardEntry.user_id == user_id, BoardEntry.hidden.is_(listed))
        .values(hidden=not listed, version=next_version(now_version()))
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return [Change(*row) for row in changed]


def now_version() -> int:
    """Now, in whole microseconds since 1970: exact, also in the doubles of Redis' Lua."""
    return version_at(utcnow())


def version_at(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _learner(user_id: int) -> dict[str, int]:
    """A parameter of a subquery may not be called as a column is."""
    return {"user_id": user_id, "learner": user_id}


def _entered(statement: Any, what: dict[str, Any]) -> Change | None:
    row = db.session.execute(statement, what | {"version": now_version()}).one_or_none()
    return Change(*row) if row else None


@made_once
def _best_kept() -> Any:
    """A learner's row, where it is better or, as good, was reached earlier."""
    return _put(
        "user_id",
        lambda new: or_(
            new.sort_key < _entries.sort_key,
            and_(new.sort_key == _entries.sort_key, new.reached_at < _entries.reached_at),
        ),
    )


@made_once
def _latest_put() -> Any:
    return _put("user_id", lambda new: new.sort_key != _entries.sort_key)


@made_once
def _house_put() -> Any:
    return _put("label", lambda new: new.sort_key != _entries.sort_key)


def _put(whose: str, better: Callable[[Any], Any]) -> Any:
    """Enter a row, or put its figures in place of those of the same learner or house, if `better`."""
    fresh = _row(whose)
    new = fresh.excluded
    figures = ("score", "sort_key", "reached_at", "details")
    return fresh.on_conflict_do_update(
        index_elements=["board", whose],
        set_={name: new[name] for name in figures} | {"version": next_version(new.version)},
        where=better(new),
    ).returning(*COLUMNS)


@made_once
def _added() -> Any:
    fresh = _row("user_id")
    new, old = fresh.excluded, _entries
    later = case((new.reached_at > old.reached_at, new.reached_at), else_=old.reached_at)
    figures = {name: old[name] + new[name] for name in ("score", "sort_key")}
    return fresh.on_conflict_do_update(
        index_elements=["board", "user_id"],
        set_=figures | {"reached_at": later, "version": next_version(new.version)},
    ).returning(*COLUMNS)


def _row(whose: str) -> Any:
    """A learner's row is hidden where they are not listed."""
    fresh = insert(BoardEntry.__table__)
    if whose == "user_id":
        unlisted = select(not_(User.listed)).where(User.id == bindparam("learner", type_=Integer))
        return fresh.values(hidden=unlisted.scalar_subquery())
    return fresh


def _scored(
    board: str,
    score: float,
    direction: str,
    at: datetime,
    details: dict[str, Any] | None,
    sort_key: float | None,
) -> dict[str, Any]:
    if not math.isfinite(score) or not math.isfinite(sort_key or 0):
        raise ValueError(f"{score} has no place on a board")
    if direction not in ("higher", "lower"):
        raise ValueError(f"a board's better scores are higher or lower, not {direction!r}")
    if sort_key is None:
        sort_key = -float(score) if direction == "higher" else float(score)
    # Adding 0 makes a plain zero of -0.0, which would sort the same and look different.
    return {
        "board": BoardName.parse(board).stored(),
        "score": float(score) + 0.0,
        "sort_key": sort_key + 0.0,
        "reached_at": at,
        "details": details or {},
    }


def next_version(stamp: Any) -> ColumnElement[int]:
    """Later than the row's last, also when two changes share a microsecond or a clock goes back."""
    return case((BoardEntry.version >= stamp, BoardEntry.version + 1), else_=stamp)
