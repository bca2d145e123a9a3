"""The boards' verbs: enter a score, read a page, find somebody's place.

Writing happens inside the caller's transaction; `index.apply` follows its commit. Reading asks the Redis
index where things stand and the database what stands there, and without Redis only the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.boards import mirror, standings
from mlarena.boards.entries import Change, add, place_house, record, set_listed
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import BoardName, check_visible, register_board
from mlarena.boards.standings import Stretch
from mlarena.core.api import page_meta
from mlarena.core.clock import rfc3339
from mlarena.core.db import db

__all__ = [
    "BoardPage",
    "BoardRow",
    "Change",
    "add",
    "around",
    "best_scores",
    "check_visible",
    "page",
    "place_house",
    "rank",
    "record",
    "register_board",
    "set_listed",
    "standing",
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
    """One page of a board. `me` is the viewer's own row, on this page or not; `total` counts rows."""

    board: BoardName
    rows: tuple[BoardRow, ...]
    page: int
    per_page: int
    total: int
    me: BoardRow | None = None

    @property
    def meta(self) -> dict[str, Any]:
        """Page fields and `me`, as the API's `meta` has them."""
        own = self.me.shown() if self.me else None
        return {**page_meta(self.page, self.per_page, self.total), "me": own}

    @property
    def me_elsewhere(self) -> bool:
        """Whether the viewer stands on the board but not on this page."""
        return self.me is not None and self.me not in self.rows


def page(board: str, page: int, per_page: int, viewer: User | None = None) -> BoardPage:
    """Page `page` (from 1) of the board; empty beyond its end. Raises NotFound for no board's name."""
    name = BoardName.parse(board)
    stored = name.stored()
    own_id = viewer.id if viewer else None
    start = (page - 1) * per_page
    found = mirror.stretch(stored, start, per_page, own_id)
    if found is None:
        found = standings.stretch(stored, start, per_page, own_id)
    rows, me = _rows(stored, found)
    return BoardPage(name, rows, page, per_page, found.size, me)


def best_scores(board: str, most: int = 1_000) -> list[float]:
    """The first `most` people's scores on the board, best first: what a new one is compared with."""
    stored = BoardName.parse(board).stored()
    return list(
        db.session.scalars(
            select(BoardEntry.score)
            .where(BoardEntry.board == stored, BoardEntry.hidden.is_(False))
            .where(BoardEntry.user_id.is_not(None))
            .order_by(BoardEntry.sort_key, BoardEntry.reached_at, BoardEntry.id)
            .limit(most)
        )
    )


def around(board: str, user_id: int, n: int) -> tuple[BoardRow, ...]:
    """The user's row with up to `n` rows on either side; empty if they are not on the board."""
    stored = BoardName.parse(board).stored()
    found = mirror.around(stored, user_id, n)
    return _rows(stored, found or standings.around(stored, user_id, n))[0]


def standing(board: str, user_id: int) -> BoardRow | None:
    """The user's own row, with its rank; None if they are not on the board."""
    rows = around(board, user_id, 0)
    return rows[0] if rows else None


def rank(board: str, user_id: int) -> int | None:
    """The user's rank among people, from 1; None if they are not on the board."""
    stored = BoardName.parse(board).stored()
    found = mirror.around(stored, user_id, 0) or standings.around(stored, user_id, 0)
    return found.rank_at(found.own[0]) if found.own else None


def _rows(stored: str, found: Stretch) -> tuple[tuple[BoardRow, ...], BoardRow | None]:
    """The stretch with its flesh on, and the asked user's row."""
    read = _shown_rows if found.stamp else _read_rows
    rows = read(stored, found.stamp, found.start, found.ids, found.houses)
    if found.own is None:
        return rows, None
    place = found.own[0] - found.start
    if 0 <= place < len(rows) and rows[place].user_id and len(rows) == len(found.ids):
        return rows, rows[place]
    own = _read_rows(stored, None, found.own[0], (found.own[1],), found.houses)
    return rows, own[0] if own else None


def _read_rows(
    stored: str, stamp: bytes | None, start: int, ids: tuple[int, ...], houses: tuple[int, ...]
) -> tuple[BoardRow, ...]:
    """One query by primary key. Rows that the index has and the database has not are left out."""
    entries = _entries(ids)
    gone = [entry_id for entry_id in ids if entry_id not in entries]
    if gone and stamp:
        mirror.drop_deleted(stored, start, len(ids), gone)
    place = Stretch(0, start, ids, houses)
    return tuple(
        _row(entries[entry_id], place, position)
        for position, entry_id in enumerate(ids, start)
        if entry_id in entries
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
            BoardEntry.reached_at,
            User.username,
        )
        .outerjoin(User, User.id == BoardEntry.user_id)
        .where(BoardEntry.id.in_(ids), BoardEntry.hidden.is_(False))
    )
    return {row.id: row for row in rows}


def _row(entry: Any, place: Stretch, position: int) -> BoardRow:
    house = entry.user_id is None
    return BoardRow(
        rank=None if house else place.rank_at(position),
        user_id=entry.user_id,
        username=entry.label if house else entry.username,
        score=entry.score,
        submitted_at=entry.reached_at,
    )
