"""The boards' verbs: enter a score, read a page, find somebody's place.

Writing happens inside the caller's transaction; `index.apply` follows its commit. Reading asks the Redis
index where things stand and the database what stands there, and without Redis only the database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.boards import mirror, moments, ranks, standings
from mlarena.boards.divisions import Division, division, divisions, tell_divisions
from mlarena.boards.entries import (
    Change,
    add,
    correct,
    place,
    place_house,
    record,
    remove,
    remove_houses,
    set_listed,
)
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import Aim, BoardName, check_visible, register_board
from mlarena.boards.spread import Spread, spread
from mlarena.boards.standings import Stretch
from mlarena.core.api import page_meta
from mlarena.core.clock import rfc3339
from mlarena.core.db import db

__all__ = [
    "Aim",
    "BoardPage",
    "BoardRow",
    "Change",
    "Division",
    "Spread",
    "add",
    "around",
    "check_visible",
    "correct",
    "division",
    "divisions",
    "league",
    "page",
    "place",
    "place_house",
    "rank",
    "record",
    "register_board",
    "remove",
    "remove_houses",
    "replayed",
    "set_listed",
    "spread",
    "standing",
    "stops",
    "tell_divisions",
]


@dataclass(frozen=True)
class BoardRow:
    """One row as it is shown. A house baseline has neither rank nor user."""

    rank: int | None
    user_id: int | None
    username: str
    score: float
    submitted_at: datetime

    @property
    def house(self) -> bool:
        return self.user_id is None

    def shown(self) -> dict[str, Any]:
        return {
            "rank": self.rank,
            "user_id": self.user_id,
            "username": self.username,
            "score": self.score,
            "submitted_at": rfc3339(self.submitted_at),
            "house": self.house,
        }


@dataclass(frozen=True)
class BoardPage:
    """One page of a board. `me` is the viewer's own row, on this page or not; `total` counts rows.

    While its `stamp` stays the same, nothing of the board has changed; None where the index did not tell.
    """

    board: BoardName
    rows: tuple[BoardRow, ...]
    page: int
    per_page: int
    total: int
    me: BoardRow | None = None
    stamp: bytes | None = None

    def __hash__(self) -> int:
        told = self.stamp or self.rows  # the stamp tells as much as fifty rows do
        return hash((self.board, self.page, self.per_page, self.total, self.me, told))

    @property
    def meta(self) -> dict[str, Any]:
        """Page fields and `me`, as the API's `meta` has them."""
        own = self.me.shown() if self.me else None
        return {**page_meta(self.page, self.per_page, self.total), "me": own}

    @property
    def me_elsewhere(self) -> bool:
        """Whether the viewer stands on the board but not on this page."""
        return self.me is not None and self.me not in self.rows

    def closer(self, n: int) -> BoardPage:
        """The viewer's row with `n` of these rows on either side, more on the other where the board ends.
        Only with `me` among the rows."""
        place = self.rows.index(self.me) if self.me else 0
        first = max(0, min(place - n, len(self.rows) - (2 * n + 1)))
        return replace(self, rows=self.rows[first : first + 2 * n + 1], per_page=2 * n + 1)


def page(
    board: str,
    page: int,
    per_page: int,
    viewer: User | None = None,
    within: Division | None = None,
) -> BoardPage:
    """Page `page` (from 1) of the board; empty beyond its end. Raises NotFound for no board's name.

    `within` leaves out, of the board of all XP, who is not in that division. Ranks stay the board's.
    """
    name = BoardName.parse(board)
    stored = name.stored()
    own_id = viewer.id if viewer else None
    start, most = (page - 1) * per_page, per_page
    if name.source and name.target_id:
        theirs, size, own = name.source.stretch(name.target_id, start, most, own_id)
        return BoardPage(name, tuple(theirs), page, per_page, size, own)
    if within is not None:
        first, end = _ends_of(stored, within)
        start = min(first + start, end)
        most = min(most, end - start)
    found = mirror.stretch(stored, start, most, own_id)
    if found is None:
        found = standings.stretch(stored, start, most, own_id)
    rows, me = _rows(stored, found)
    total = found.size if within is None else end - first
    return BoardPage(name, rows, page, per_page, total, me, found.stamp)


def _ends_of(stored: str, within: Division) -> tuple[int, int]:
    """The positions at which a division begins, and beyond which it is over."""
    counted = mirror.up_to(stored, within.bounds) or standings.up_to(stored, within.bounds)
    *better, (end, _) = counted
    return (better[0][0] if better else 0), end


def stops(board: str) -> list[datetime]:
    """The times at which a replay of the board stops, oldest first; [] where there is none to see."""
    stored = BoardName.parse(board).stored()
    found = mirror.stretch(stored, 0, 0)
    return list(_stops(stored, found.stamp)) if found else moments.stops(stored)


@lru_cache(maxsize=512)
def _stops(stored: str, _stamp: bytes | None) -> tuple[datetime, ...]:
    """They stay the same until the board's stamp changes, as its rows do (`_shown_rows`)."""
    return tuple(moments.stops(stored))


def replayed(board: str, at: datetime, viewer: User | None = None) -> BoardPage:
    """The first rows of a task's board as they stood at `at`. Raises NotFound for no board's name.

    House baselines are always there: they are what everybody is measured by.
    """
    name = BoardName.parse(board)
    stood = moments.stood_at(name.stored(), at)
    ranked = ranks.shared(stood) if name.shares_ranks else ranks.one_each(stood)
    rows = tuple(
        BoardRow(
            rank=rank,
            user_id=row.user_id,
            username=row.name,
            score=row.score,
            submitted_at=row.reached_at,
        )
        for rank, row in zip(ranked, stood, strict=True)
    )
    me = next((row for row in rows if viewer and row.user_id == viewer.id), None)
    return BoardPage(name, rows, 1, moments.SHOWN, len(rows), me)


def around(board: str, user_id: int, n: int) -> tuple[BoardRow, ...]:
    """The user's row with up to `n` rows on either side; empty if they are not on the board."""
    name = BoardName.parse(board)
    if name.source and name.target_id:
        return tuple(name.source.around(name.target_id, user_id, n))
    stored = name.stored()
    found = mirror.around(stored, user_id, n)
    return _rows(stored, found or standings.around(stored, user_id, n))[0]


def league(board: str, viewer: User | None, n: int) -> BoardPage | None:
    """The viewer's row with up to `n` on either side, as a page of its own; None if they have none.

    Ask for twice as many and take the `closer` ones, to fill a table also at the ends of the board.
    """
    if viewer is None:
        return None
    name = BoardName.parse(board)
    if name.source and name.target_id:
        near = tuple(name.source.around(name.target_id, viewer.id, n))
        _, size, own = name.source.stretch(name.target_id, 0, 0, viewer.id)
        return BoardPage(name, near, 1, 2 * n + 1, size, own) if own else None
    stored = name.stored()
    found = mirror.around(stored, viewer.id, n) or standings.around(stored, viewer.id, n)
    rows, me = _rows(stored, found)
    return BoardPage(name, rows, 1, 2 * n + 1, found.size, me) if me else None


def standing(board: str, user_id: int) -> BoardRow | None:
    """The user's own row, with its rank; None if they are not on the board."""
    rows = around(board, user_id, 0)
    return rows[0] if rows else None


def rank(board: str, user_id: int) -> int | None:
    """The user's rank among people, from 1; None if they are not on the board."""
    name = BoardName.parse(board)
    if name.shares_ranks:
        own = standing(board, user_id)
        return own.rank if own else None
    stored = name.stored()
    found = mirror.around(stored, user_id, 0) or standings.around(stored, user_id, 0)
    return found.rank_at(found.own[0]) if found.own else None


def _rows(stored: str, found: Stretch) -> tuple[tuple[BoardRow, ...], BoardRow | None]:
    """The stretch with its flesh on, and the asked user's row."""
    read = _shown_rows if found.stamp else _read_rows
    share = BoardName.parse(stored).shares_ranks
    rows = read(stored, found.stamp, found.start, found.ids, found.houses, share)
    if found.own is None:
        return rows, None
    place = found.own[0] - found.start
    if 0 <= place < len(rows) and rows[place].user_id and len(rows) == len(found.ids):
        return rows, rows[place]
    own = _read_rows(stored, None, found.own[0], (found.own[1],), found.houses, share)
    return rows, own[0] if own else None


def _read_rows(
    stored: str,
    stamp: bytes | None,
    start: int,
    ids: tuple[int, ...],
    houses: tuple[int, ...],
    share: bool,
) -> tuple[BoardRow, ...]:
    """One query by primary key. Rows that the index has and the database has not are left out."""
    entries = _entries(ids)
    gone = [entry_id for entry_id in ids if entry_id not in entries]
    if gone and stamp:
        mirror.drop_deleted(stored, start, len(ids), gone)
    place = Stretch(0, start, ids, houses)
    there = [
        (position, entries[entry_id])
        for position, entry_id in enumerate(ids, start)
        if entry_id in entries
    ]
    if share:
        listed = [entry for _, entry in there]
        ranked = ranks.shared(listed, place.rank_at(start), stored)
        return tuple(_row(entry, rank) for rank, entry in zip(ranked, listed, strict=True))
    return tuple(
        _row(entry, None if entry.user_id is None else place.rank_at(position))
        for position, entry in there
    )


# What is shown of a board stays the same until its stamp changes: the score and the name of a row are read
# after the index has told the stamp, and it tells a new one after each commit. A name never changes.
_shown_rows = lru_cache(maxsize=512)(_read_rows)


def _entries(ids: tuple[int, ...]) -> dict[int, Any]:
    if not ids:
        return {}
    rows = db.session.execute(
        select(
            BoardEntry.id,
            BoardEntry.user_id,
            BoardEntry.label,
            BoardEntry.score,
            BoardEntry.sort_key,
            BoardEntry.reached_at,
            User.username,
        )
        .outerjoin(User, User.id == BoardEntry.user_id)
        .where(BoardEntry.id.in_(ids), BoardEntry.hidden.is_(False))
    )
    return {row.id: row for row in rows}


def _row(entry: Any, rank: int | None) -> BoardRow:
    return BoardRow(
        rank=rank,
        user_id=entry.user_id,
        username=entry.label if entry.user_id is None else entry.username,
        score=entry.score,
        submitted_at=entry.reached_at,
    )
