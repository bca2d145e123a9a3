"""Writing rows of boards: one statement each, inside the caller's transaction, never committed here.

No row is shared between two people, so verdicts of many learners at once never wait for each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, not_, or_, select, update

from mlarena.accounts.models import User
from mlarena.boards import moments
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import BoardName
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Sums of whole numbers are exact in a double up to here.
LARGEST_AMOUNT = 2**53

COLUMNS = (
    BoardEntry.id,
    BoardEntry.board,
    BoardEntry.user_id,
    BoardEntry.sort_key,
    BoardEntry.reached_at,
    BoardEntry.version,
    BoardEntry.hidden,
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
    change = _upsert(
        board,
        {"user_id": user_id, "hidden": _unlisted(user_id)},
        _scored(score, direction, at, details, sort_key),
        better=lambda new: or_(
            new.sort_key < BoardEntry.sort_key,
            and_(new.sort_key == BoardEntry.sort_key, new.reached_at < BoardEntry.reached_at),
        ),
    )
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
    return _upsert(
        board,
        {"label": label, "hidden": False},
        _scored(score, direction, at, details, sort_key),
        better=lambda new: new.sort_key != BoardEntry.sort_key,
    )


def place(board: str, user_id: int, score: float, direction: str, at: datetime) -> Change | None:
    """Put the user on the board with a figure that may also fall, in place of what stood there."""
    return _upsert(
        board,
        {"user_id": user_id, "hidden": _unlisted(user_id)},
        _scored(score, direction, at, None, None),
        better=lambda new: new.sort_key != BoardEntry.sort_key,
    )


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
    fresh = insert(BoardEntry).values(
        board=BoardName.parse(board).stored(at),
        user_id=user_id,
        hidden=_unlisted(user_id),
        score=float(amount),
        sort_key=-float(amount),
        reached_at=at,
        version=now_version(),
        details={},
    )
    new = fresh.excluded
    later = case(
        (new.reached_at > BoardEntry.reached_at, new.reached_at), else_=BoardEntry.reached_at
    )
    added = fresh.on_conflict_do_update(
        index_elements=["board", "user_id"],
        set_={
            "score": BoardEntry.score + new.score,
            "sort_key": BoardEntry.sort_key + new.sort_key,
            "reached_at": later,
            "version": next_version(new.version),
        },
    )
    return Change(*db.session.execute(added.returning(*COLUMNS)).one())


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


def _upsert(board: str, whose: dict[str, Any], what: dict[str, Any], better: Any) -> Change | None:
    fresh = insert(BoardEntry).values(
        board=BoardName.parse(board).stored(), **whose, **what, version=now_version()
    )
    new = fresh.excluded
    entered = fresh.on_conflict_do_update(
        index_elements=["board", "user_id" if "user_id" in whose else "label"],
        set_={name: new[name] for name in what} | {"version": next_version(new.version)},
        where=better(new),
    )
    row = db.session.execute(entered.returning(*COLUMNS)).one_or_none()
    return Change(*row) if row else None


def _scored(
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
        "score": float(score) + 0.0,
        "sort_key": sort_key + 0.0,
        "reached_at": at,
        "details": details or {},
    }


def _unlisted(user_id: int) -> ColumnElement[bool]:
    return select(not_(User.listed)).where(User.id == user_id).scalar_subquery()


def next_version(stamp: Any) -> ColumnElement[int]:
    """Later than the row's last, also when two changes share a microsecond or a clock goes back."""
    return case((BoardEntry.version >= stamp, BoardEntry.version + 1), else_=stamp)
