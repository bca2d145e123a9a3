"""A board's order in Redis: a page or a rank in O(log N), however many stand on the board.

Never the truth: ignored while Redis is away or a board's copy is not complete; the database answers then.

A board has four keys, changed only by the scripts of `scripts.py`, so that they always agree:
  order   sorted set: score is the sort key, member is `member_of(...)`
  rows    hash: user id (or -entry id of a house row) → "version:member"; no member while hidden
  houses  the house rows of `order` once more, for there are few and ranks skip them
  state   hash: `count` of members; name of the `build` that made it and the user id it has come to
          (`after`); `ready` once everything is in; `changes` since
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select

from mlarena.boards.entries import Change
from mlarena.boards.models import BoardEntry
from mlarena.boards.scripts import APPLY, AROUND, DROP, ENDS, READY, STRETCH, UP_TO
from mlarena.boards.standings import Stretch
from mlarena.core.db import db
from mlarena.core.redis import RedisError, redis_client

log = structlog.get_logger(__name__)

PREFIX = "mlarena:board"
# Past weeks are rarely looked at; the database serves them.
WEEKLY_SECONDS = 21 * 24 * 3600
# How long pages leave a Redis alone that did not answer, so that none of them waits for a time-out.
QUIET_SECONDS = 2.0

_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_quiet_until = 0.0


def member_of(entry_id: int, reached_at: datetime) -> str:
    """The row in the sorted set. Redis breaks ties of the score by the member's bytes, so these sort as
    the time and then the id: hexadecimal of fixed width (microseconds since year 1, 15 digits; id, 8).
    """
    microseconds = (reached_at - _FIRST) // timedelta(microseconds=1)
    return f"{microseconds:015x}{_tail(entry_id)}"


def _tail(entry_id: int) -> str:
    return f"{entry_id:08x}"


def _id_of(member: bytes) -> int:
    return int(member[-8:], 16)


def write(changes: Iterable[Change]) -> int:
    """Bring the copy up to date with rows that are committed. Returns how many were news to it.

    Raises RedisError.
    """
    by_board: dict[str, list[Change]] = {}
    for change in changes:
        by_board.setdefault(change.stored, []).append(change)
    return sum(
        int(
            run(
                APPLY,
                board,
                WEEKLY_SECONDS if board.startswith("weekly:") else 0,
                json.dumps([_told(change) for change in rows]),
            )
        )
        for board, rows in by_board.items()
    )


def _told(change: Change) -> tuple[Any, ...]:
    house = change.user_id is None
    field = -change.entry_id if house else change.user_id
    member = "" if change.hidden else member_of(change.entry_id, change.reached_at)
    # As strings: a number in Lua's JSON would lose digits on its way back to Redis.
    return str(field), str(change.version), repr(change.sort_key), member, house


def stretch(board: str, start: int, count: int, user_id: int | None = None) -> Stretch | None:
    """What `standings.stretch` gives, or None where the database has to be asked."""
    return _read(STRETCH, board, start, count, "" if user_id is None else user_id)


def around(board: str, user_id: int, n: int) -> Stretch | None:
    """What `standings.around` gives, or None where the database has to be asked."""
    return _read(AROUND, board, user_id, n)


def ends(board: str, drawn: float) -> tuple[float, float] | None:
    """What `standings.ends` gives; None where the database has to be asked, and for an empty board."""
    found = _ask(ENDS, board, drawn)
    return (float(found[0]), float(found[1])) if found else None


def up_to(board: str, bounds: Iterable[tuple[float, bool]]) -> list[tuple[int, int]] | None:
    """What `standings.up_to` gives, or None where the database has to be asked."""
    written = [repr(key) if within else f"({key!r}" for key, within in bounds]
    found = _ask(UP_TO, board, *written)
    return None if found is None else list(zip(found[::2], found[1::2], strict=True))


def _read(script: str, board: str, *arguments: Any) -> Stretch | None:
    found = _ask(script, board, *arguments)
    if found is None:
        return None
    size, start, members, houses, place, own, stamp = found
    return Stretch(
        size=size,
        start=start,
        ids=tuple(_id_of(member) for member in members),
        houses=tuple(sorted(houses)),
        own=(place, _id_of(own)) if place >= 0 else None,
        stamp=stamp,
    )


def _ask(script: str, board: str, *arguments: Any) -> Any:
    """What a reading script says of the board, or None where it cannot be asked just now."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return None
    try:
        return run(script, board, *arguments)
    except RedisError as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("board read without its index", board=board, error=str(error))
        return None


def ready(board: str) -> bool:
    """Whether the stored board's copy is complete. Raises RedisError."""
    return bool(run(READY, board))


def drop_deleted(board: str, start: int, count: int, entry_ids: list[int]) -> None:
    """Take rows out that were found in the index but not in the database.

    Their removal was told while Redis was away. The database is asked again on a connection of its own:
    the reader's may look at an older snapshot, in which a new row is not there yet.
    """
    with db.engine.connect() as fresh:
        there = set(fresh.scalars(select(BoardEntry.id).where(BoardEntry.id.in_(entry_ids))))
    tails = [_tail(entry_id) for entry_id in entry_ids if entry_id not in there]
    try:
        if tails:
            run(DROP, board, start, count, *tails)
    except RedisError as error:
        log.warning("board index not mended", board=board, error=str(error))


def run(script: str, board: str, *arguments: Any) -> Any:
    """One script on one board's keys. Raises RedisError."""
    keys = [f"{PREFIX}:{board}:{part}" for part in ("order", "rows", "houses", "state")]
    client = redis_client()
    return client.register_script(script)(keys=keys, args=arguments)
