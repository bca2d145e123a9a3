"""The boards' index in Redis: refreshed after each commit, and brought back after Redis has lost it."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from redis.exceptions import LockError
from redis.lock import Lock
from sqlalchemy import func, not_, select, tuple_, update

from mlarena.accounts.models import User
from mlarena.boards import mirror
from mlarena.boards.entries import COLUMNS, Change, next_version, now_version, version_at
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import WHOLE, BoardName
from mlarena.boards.scripts import ADVANCE, BEGIN, FINISH
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.redis import RedisError, redis_client

log = structlog.get_logger(__name__)

# Redis does nothing else meanwhile: some 5 ms.
BATCH = 500
# Up to when the index is known to be complete. It lives in Redis itself: a Redis that comes back with an
# older state brings an older mark with it, and everything since is read again.
MARK = "mlarena:boards:until"
# A row's version is taken before its commit: look back further than a transaction lasts.
MARGIN = timedelta(seconds=30)
# Renewed with every batch, so that a builder that was killed is soon replaced.
LOCK_SECONDS = 15
# A board of a million takes longer than a sweep may: it is built in several.
BUILD_SECONDS = 20.0


def apply(changes: Iterable[Change]) -> int:
    """Bring the index up to date, after the commit. Returns how many rows were news to it.

    Never fails for want of Redis: the sweep makes good what is lost here.
    """
    try:
        return mirror.write(changes)
    except RedisError as error:
        log.warning("board index not updated", error=str(error))
        return 0


def catch_up(since: datetime) -> int:
    """Make the index whole again; returns how many rows and boards needed it. Raises RedisError.

    Idempotent, and any number may run at once. Rows that changed after `since`, or after the index was
    last known to be complete if that is longer ago, are applied again; boards whose copy is missing or
    incomplete are rebuilt.
    """
    client, begun = redis_client(), utcnow()
    until = time.monotonic() + BUILD_SECONDS
    mark: Any = client.get(MARK)
    floor = version_at(since - MARGIN)
    if mark is not None:
        floor = min(floor, int(mark) - MARGIN // timedelta(microseconds=1))
    mended = _agree_on_hidden(floor)
    mended += sum(mirror.write(batch) for batch in _changed_since(floor))
    client.set(MARK, version_at(begun))
    mended += sum(rebuild(board, until) for board in _boards() if not mirror.ready(board))
    return mended


def rebuild(board: str, until: float = math.inf) -> bool:
    """Build the copy of one stored board from the database; True once it is finished.

    False if another process is at it, and when `until` (on the monotonic clock) has come: the next call
    goes on from there. Verdicts go on meanwhile: they and the rebuild write through the same script, where
    the newer version of a row wins whoever comes first.
    """
    lock = redis_client().lock(f"{mirror.PREFIX}:{board}:lock", LOCK_SECONDS, blocking=False)
    if not lock.acquire():
        return False
    build, after = mirror.run(BEGIN, board, uuid.uuid4().hex)
    try:
        finished = _build(board, build, int(after), until, lock)
        lock.release()
    except LockError:  # this process was held up for so long that another has taken over
        return False
    log.info("board index built", board=board, finished=finished)
    return finished


def _build(board: str, build: bytes, after: int, until: float, lock: Lock) -> bool:
    for batch in _rows_of(board, after):
        mirror.write(batch)
        lock.reacquire()
        if not mirror.run(ADVANCE, board, build, batch[-1].user_id or 0):
            return False
        if time.monotonic() > until:
            return False
    return bool(mirror.run(FINISH, board, build))


def _boards() -> list[str]:
    """The boards of everybody, and the stored ones, each found by one step in the index (a loose index
    scan).

    A board of everybody has a copy while it is empty too: each new week begins so. A week that is over is
    left to the database: it is not looked at often enough.
    """
    names = select(func.min(BoardEntry.board).label("board")).cte("names", recursive=True)
    following = (
        select(func.min(BoardEntry.board)).where(BoardEntry.board > names.c.board).scalar_subquery()
    )
    names = names.union_all(select(following).where(names.c.board.is_not(None)))
    with db.engine.connect() as connection:
        found = connection.scalars(select(names.c.board).where(names.c.board.is_not(None))).all()
    everybodys = [BoardName(kind).stored() for kind in WHOLE]
    return [*everybodys, *(n for n in found if n not in everybodys and not n.startswith("weekly:"))]


def _rows_of(board: str, after: int = 0) -> Iterator[list[Change]]:
    """The rows of a board after that user id, hidden ones too, in batches along the (board, user) index.

    The house rows come first, and again when the building goes on: there are few.
    """
    query = select(*COLUMNS).where(BoardEntry.board == board)
    with db.engine.connect() as connection:
        houses = [
            Change(*row) for row in connection.execute(query.where(BoardEntry.user_id.is_(None)))
        ]
    if houses:
        yield houses
    last = after
    while True:
        batch_query = (
            query.where(BoardEntry.user_id > last).order_by(BoardEntry.user_id).limit(BATCH)
        )
        with db.engine.connect() as connection:
            batch = [Change(*row) for row in connection.execute(batch_query)]
        if not batch:
            return
        yield batch
        last = batch[-1].user_id or last


def _changed_since(floor: int) -> Iterator[list[Change]]:
    """Every row that changed at `floor` (microseconds) or later, in batches along the version index."""
    last = (floor, 0)
    while True:
        query = (
            select(*COLUMNS)
            .where(tuple_(BoardEntry.version, BoardEntry.id) > last)
            .order_by(BoardEntry.version, BoardEntry.id)
            .limit(BATCH)
        )
        with db.engine.connect() as connection:
            batch = [Change(*row) for row in connection.execute(query)]
        if not batch:
            return
        yield batch
        last = (batch[-1].version, batch[-1].entry_id)


def _agree_on_hidden(floor: int) -> int:
    """Rows entered in the very moment in which their user chose to be hidden, or shown again."""
    wrong = (
        select(BoardEntry.id)
        .join(User, User.id == BoardEntry.user_id)
        .where(BoardEntry.version >= floor, BoardEntry.hidden == User.listed)
    )
    if db.session.scalars(wrong.limit(1)).first() is None:
        db.session.rollback()
        return 0
    mended = db.session.execute(
        update(BoardEntry)
        .where(BoardEntry.id.in_(wrong))
        .values(hidden=not_(BoardEntry.hidden), version=next_version(now_version()))
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return int(mended.rowcount)  # type: ignore[attr-defined]
