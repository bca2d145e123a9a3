"""A board's order, read from the database: what the Redis index is made from, and used in its stead.

The first rows are a short walk along one index. The size of a board, somebody's position and a page far
down cost time in proportion to the rows that are counted: at a million rows some tenths of a second for a
page with one's own rank, and one or two seconds far down (`python -m benchmarks.boards`). That is what the
Redis index spares, and why this is for while it is away.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import aliased

from mlarena.boards.models import BoardEntry
from mlarena.core.db import db

ORDER = (BoardEntry.sort_key, BoardEntry.reached_at, BoardEntry.id)


@dataclass(frozen=True)
class Stretch:
    """A stretch of a board's order. Positions count every row from 0; ranks only people, from 1.

    `houses` are the positions of all house rows, ascending. `own` is the (position, entry id) of the
    user who was asked about, wherever on the board. `stamp` changes with every change of the board that
    the index was told of; the database gives none.
    """

    size: int
    start: int
    ids: tuple[int, ...]
    houses: tuple[int, ...]
    own: tuple[int, int] | None = None
    stamp: bytes | None = None

    def rank_at(self, position: int) -> int:
        """The rank of the person at `position`: house rows stand among the people, unranked."""
        return position + 1 - bisect_left(self.houses, position)


def stretch(board: str, start: int, count: int, user_id: int | None = None) -> Stretch:
    """`count` rows of the stored board from position `start`."""
    return Stretch(size(board), start, _ids(board, start, count), *_marks(board, user_id))


def around(board: str, user_id: int, n: int) -> Stretch:
    """The user's row with up to `n` rows on either side; no ids if they are not on the board."""
    houses, own = _marks(board, user_id)
    if own is None:
        return Stretch(size(board), 0, (), houses)
    start = max(0, own[0] - n)
    return Stretch(size(board), start, _ids(board, start, own[0] + n + 1 - start), houses, own)


def size(board: str) -> int:
    """How many rows the board shows: all less the hidden ones, each counted in a small index alone.

    Counting the visible ones would have PostgreSQL read the whole table where a board is much of it.
    """
    counted = select(func.count()).select_from(BoardEntry).where(BoardEntry.board == board)
    hidden = counted.where(BoardEntry.hidden.is_(True))
    return db.session.scalar(select(counted.scalar_subquery() - hidden.scalar_subquery())) or 0


def ends(board: str, drawn: float) -> tuple[float, float] | None:
    """The sort keys of the first row and of the one at `drawn` (0 to 1) of the way down."""
    last = size(board) - 1
    if last < 0:
        return None
    keys = select(BoardEntry.sort_key).where(*_on(BoardEntry, board)).order_by(*ORDER).limit(1)
    found = select(keys.scalar_subquery(), keys.offset(math.ceil(last * drawn)).scalar_subquery())
    best, worst = db.session.execute(found).one()
    return best, worst


def up_to(board: str, bounds: Iterable[tuple[float, bool]]) -> list[tuple[int, int]]:
    """For each bound of sort keys (and whether it is within): the rows up to it, the house's among them."""
    counted: list[ColumnElement[int]] = []
    for key, within in bounds:
        up = [] if key == math.inf else [_within(key, within)]
        rows = select(func.count()).select_from(BoardEntry).where(*_on(BoardEntry, board), *up)
        counted += [
            rows.scalar_subquery(),
            rows.where(BoardEntry.user_id.is_(None)).scalar_subquery(),
        ]
    found = db.session.execute(select(*counted)).one()
    return list(zip(found[::2], found[1::2], strict=True))


def _within(key: float, within: bool) -> ColumnElement[bool]:
    return BoardEntry.sort_key <= key if within else BoardEntry.sort_key < key


def _ids(board: str, start: int, count: int) -> tuple[int, ...]:
    query = select(BoardEntry.id).where(*_on(BoardEntry, board)).order_by(*ORDER)
    return tuple(db.session.scalars(query.offset(start).limit(count)))


def _marks(board: str, user_id: int | None) -> tuple[tuple[int, ...], tuple[int, int] | None]:
    """Where the house rows stand, and the user."""
    houses = [position for position, _ in _positions(board, BoardEntry.user_id.is_(None))]
    own = None if user_id is None else _positions(board, BoardEntry.user_id == user_id)
    return tuple(sorted(houses)), own[0] if own else None


def _positions(board: str, whose: ColumnElement[bool]) -> list[tuple[int, int]]:
    """(position, id) of the chosen rows: each position is one range of the index, counted."""
    above = aliased(BoardEntry)
    before = tuple_(above.sort_key, above.reached_at, above.id) < tuple_(*ORDER)
    counted = select(func.count()).select_from(above).where(*_on(above, board), before)
    rows = db.session.execute(
        select(counted.scalar_subquery(), BoardEntry.id).where(*_on(BoardEntry, board), whose)
    )
    return [(position, entry_id) for position, entry_id in rows]


def _on(entry: type[BoardEntry], board: str) -> tuple[ColumnElement[bool], ...]:
    return entry.board == board, entry.hidden.is_(False)
