"""What accounts tell the boards: who wants to be seen, and who has left."""

from __future__ import annotations

from typing import Any

from blinker import Signal
from sqlalchemy import select

from mlarena.accounts import signals
from mlarena.accounts.models import User
from mlarena.boards import index
from mlarena.boards.entries import COLUMNS, EPOCH, Change, now_version, set_listed
from mlarena.boards.models import BoardEntry
from mlarena.core.db import db

# board: str – the public name of one that changed, in the index too, without a verdict
board_rewritten = Signal()

# Where a session keeps the boards of a user who is being deleted: after the commit nobody knows them.
LEAVING = "boards of a leaving user"


def connect() -> None:
    signals.user_changing.connect(_hide_or_show, User)
    signals.user_changed.connect(_tell_index, User)
    signals.user_deleting.connect(_remember_boards, User)
    signals.user_deleted.connect(_take_out, User)


def _hide_or_show(_sender: Any, user: User, fields: set[str]) -> None:
    if "listed" in fields:
        set_listed(user.id, user.listed)


def _tell_index(_sender: Any, user_id: int, fields: set[str]) -> None:
    if "listed" in fields:
        rows = db.session.execute(select(*COLUMNS).where(BoardEntry.user_id == user_id))
        _apply([Change(*row) for row in rows])


def _remember_boards(_sender: Any, user: User) -> None:
    boards = db.session.scalars(select(BoardEntry.board).where(BoardEntry.user_id == user.id))
    db.session.info[LEAVING] = (user.id, boards.all())


def _take_out(_sender: Any, user_id: int) -> None:
    """Their rows went with the account. The mark that stays is later than any update still on its way."""
    leaving, boards = db.session.info.pop(LEAVING, (None, []))
    if leaving != user_id:
        return
    version = now_version()
    _apply([Change(0, board, user_id, 0.0, EPOCH, version, hidden=True) for board in boards])


def _apply(changes: list[Change]) -> None:
    index.apply(changes)
    for board in sorted({change.board for change in changes}):
        board_rewritten.send(BoardEntry, board=board)
