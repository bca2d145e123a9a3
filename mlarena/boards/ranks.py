"""Ranks of the people on a board: one each, by who was first, or one for all who are equal.

Where equals share a rank (1, 2, 2, 4), the order in which they are listed still says who was first; it
means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from sqlalchemy import func, select

from mlarena.boards.models import BoardEntry
from mlarena.core.db import db


class Standing(Protocol):
    @property
    def user_id(self) -> int | None: ...
    @property
    def sort_key(self) -> float: ...


def one_each(standings: Sequence[Standing], first: int = 1) -> Iterator[int | None]:
    """The first person listed has rank `first`; a house row has none."""
    rank = first
    for standing in standings:
        if standing.user_id is None:
            yield None
        else:
            yield rank
            rank += 1


def shared(
    standings: Sequence[Standing], first: int = 1, board: str | None = None
) -> Iterator[int | None]:
    """The same, but who is equal to the one above has their rank too.

    Somebody equal to the first one listed may stand above the list: on `board`, the stored one, they are
    looked for.
    """
    rank, above = first, None
    for position, standing in zip(one_each(standings, first), standings, strict=True):
        if position is None:
            yield None
            continue
        if above is None and position > 1 and board is not None:
            rank = 1 + _better(board, standing.sort_key)
        elif standing.sort_key != above:
            rank = position
        above = standing.sort_key
        yield rank


def _better(board: str, key: float) -> int:
    """How many people stand on the board with a smaller key: one range of its index."""
    counted = (
        select(func.count())
        .select_from(BoardEntry)
        .where(BoardEntry.board == board, BoardEntry.hidden.is_(False))
        .where(BoardEntry.sort_key < key, BoardEntry.user_id.is_not(None))
    )
    return db.session.scalar(counted) or 0
