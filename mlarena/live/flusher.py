"""Sends changed boards to their watchers, at most four times a second each, the last state always.

Every worker has one of these in a thread. They share their work through Redis:
`publish.board_changed` notes the change's number beside the board in a hash and wakes the flushers; the
one that gets the board's slot (a key that lives for SLOT_MS) reads the board and publishes it. The note
goes only after that, and only if its number is still the same, so a flusher that is killed in between
leaves the board for the next one, and a change that comes while the board is read gets its own update.
"""

from __future__ import annotations

import threading

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from mlarena.core.redis import RedisError
from mlarena.live.bus import Bus
from mlarena.live.publish import DIRTY, board_room, leaderboard, publish, wake_channel

log = structlog.get_logger(__name__)

# A little over a quarter of a second, so that late timers never make five updates in one second.
SLOT_MS = 275
# How long another flusher's leftovers can lie.
LEFTOVERS_SECONDS = 1.0

# → the number of the board's change if the slot is ours now, 0 if it is clean, else minus the ms to wait.
_TAKE = """
local change = redis.call('HGET', KEYS[1], ARGV[1])
if not change then return 0 end
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then return tonumber(change) end
return -math.max(redis.call('PTTL', KEYS[2]), 1)
"""
_DONE = """
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
"""


class Flusher:
    """One process' share of the sending. `stop()` ends it; what it leaves, another picks up."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        bus: Bus = app.extensions["live"]
        self._client = bus.client
        self._take = self._client.register_script(_TAKE)
        self._done = self._client.register_script(_DONE)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-flusher", daemon=True)

    def start(self) -> Flusher:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(LEFTOVERS_SECONDS + 2)

    def flush(self) -> float:
        """Send every changed board whose slot is free: seconds until the next slot may be."""
        wait = LEFTOVERS_SECONDS
        for name in list(self._client.hkeys(DIRTY)):
            wait = min(wait, self._flush(name.decode() if isinstance(name, bytes) else name))
        return wait

    def _run(self) -> None:
        away = False
        while not self._stopped.is_set():
            try:
                with self._client.pubsub(ignore_subscribe_messages=True) as woken:
                    woken.subscribe(wake_channel(self._client))
                    while not self._stopped.is_set():
                        with self.app.app_context():
                            wait = self.flush()
                        away = False
                        woken.get_message(timeout=wait)
            except (RedisError, SQLAlchemyError) as error:
                if not away:
                    log.warning("boards are not sent for now", error=str(error))
                away = True
                self._stopped.wait(LEFTOVERS_SECONDS)
            except Exception:  # a board that cannot be sent must not end the sending of the others
                log.exception("a board could not be sent")
                self._stopped.wait(LEFTOVERS_SECONDS)

    def _flush(self, board: str) -> float:
        keys = [DIRTY, f"{DIRTY}:{board}"]
        change = int(self._take(keys=keys, args=[board, SLOT_MS]))
        if change < 0:
            return -change / 1000
        if change == 0:
            return LEFTOVERS_SECONDS
        if publish("leaderboard", leaderboard(board), board_room(board)):
            self._done(keys=[DIRTY], args=[board, change])
        return SLOT_MS / 1000


def start(app: Flask) -> Flusher:
    """Start this process' flusher. A worker calls it once."""
    return Flusher(app).start()
