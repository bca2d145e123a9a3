"""What tells open pages that something happened. A hint: a page that misses one reads the truth."""

from __future__ import annotations

from typing import Any

import redis
import structlog
from flask import current_app

from mlarena.boards import service as boards
from mlarena.boards.names import BoardName
from mlarena.boards.pages import PER_PAGE
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.redis import RedisError
from mlarena.live.bus import NAMESPACE, Bus, channel_of

log = structlog.get_logger(__name__)

DIRTY = "mlarena:live:boards"  # a hash: board → the number of the last change not yet sent
CHANGES = "mlarena:live:changes"  # a counter: every change has a number of its own


def user_room(user_id: int) -> str:
    """The room of everything one user has open."""
    return f"user:{user_id}"


def board_room(board: str) -> str:
    """The room of everyone looking at a board, by the name that pages and scripts use."""
    return f"board:{board}"


def feed_room(feed: str) -> str:
    """The room of everyone looking at a feed of activity: "all", or a cohort's ("cohort:5")."""
    return f"feed:{feed}"


def publish(event: str, payload: dict[str, Any], room: str) -> bool:
    """Emit `event` to everyone in `room`, from any process. False if Redis is away.

    Call it after the commit. Never raises: the page finds out when it next reads. What is no JSON
    (a NaN is none) is logged as the fault it is, and dropped.
    """
    try:
        _bus().emit(event, payload, namespace=NAMESPACE, room=room)
    except (TypeError, ValueError):
        log.exception("not JSON, not published", event_name=event, room=room)
    except RedisError as error:
        log.warning("not published", event_name=event, room=room, error=str(error))
        return False
    return True


def close(room: str) -> None:
    """Disconnect everyone in `room`, in every web process: who may still enter comes back."""
    try:
        _bus().close_room(room, NAMESPACE)
    except RedisError as error:
        log.warning("room not closed", room=room, error=str(error))


def board_changed(board: str) -> None:
    """Tell that `board`, by its public or its stored name, is no longer what its watchers see.

    A worker's flusher reads the board and publishes it: the first change at once, then
    at most 4 a second, the last state always. Call it after the commit. Never raises for want of Redis.
    """
    client, name = _bus().client, str(BoardName.parse(board))
    try:
        if client.hset(DIRTY, name, client.incr(CHANGES)) == 1:
            client.publish(wake_channel(client), name)
    except RedisError as error:
        log.warning("board change not told", board=board, error=str(error))


def leaderboard(board: str) -> dict[str, Any]:
    """The first page of a board, as the event `leaderboard` carries them. Raises NotFound."""
    # Before the reading: a page that gets two keeps the one that was read later.
    changed_at = rfc3339(utcnow())
    page = boards.page(board, 1, PER_PAGE)
    rows = [row.shown() for row in page.rows]
    return {"board": board, "rows": rows, "total": page.total, "changed_at": changed_at}


def wake_channel(client: redis.Redis) -> str:
    """Where flushers hear that a clean board became dirty."""
    return f"{channel_of(client)}:wake"


def _bus() -> Bus:
    bus: Bus = current_app.extensions["live"]
    return bus
