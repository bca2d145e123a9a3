"""Who moved when the private board was revealed: the places on the public board beside those at the end."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from mlarena.accounts.models import User
from mlarena.competitions.board import FINAL, CompetitionBoards, EntrantRow
from mlarena.competitions.models import Entrant
from mlarena.core.db import db

SHOWN = 12


@dataclass(frozen=True)
class ShakeUp:
    """The first places of the final board, and the reader's own. `moved` of `people` changed places."""

    rows: list[EntrantRow]
    own: int | None
    moved: int
    people: int

    @property
    def lines(self) -> list[tuple[str, int, int, bool]]:
        """(name, place on the public board, final place, whether it is the reader's) of each."""
        return [
            (row.username, row.public_rank, row.rank, row.entrant_id == self.own)
            for row in self.rows
            if row.public_rank and row.rank
        ]


def shakeup(competition_id: int, viewer: User | None) -> ShakeUp | None:
    """None where nobody has both places."""
    counted = db.session.execute(
        select(
            func.count(),
            func.count().filter(Entrant.public_rank != Entrant.final_rank),
        )
        .select_from(Entrant)
        .where(*FINAL.on(competition_id), Entrant.house.is_(False))
        .where(Entrant.public_rank.is_not(None), Entrant.final_rank.is_not(None))
    ).one()
    people, moved = counted
    if not people:
        return None
    rows, _, own = CompetitionBoards().stretch(
        competition_id, 0, SHOWN * 2, viewer.id if viewer else None
    )
    first = [row for row in rows if not row.house][:SHOWN]
    if own is not None and own.entrant_id not in {row.entrant_id for row in first}:
        first.append(own)
    return ShakeUp(first, own.entrant_id if own else None, moved, people)
