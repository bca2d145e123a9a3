"""What a run prints, on its way to the pages of its learner: sent while it comes, kept for a while.

Pieces are numbered from 1. A page that missed some (it was reloaded, its line broke, it has no
socket) reads on behind the last one it has. All of this is a hint: the report has the whole output.
"""

from __future__ import annotations

import threading
from typing import Any

import redis
import structlog
from flask import Flask, current_app

from mlarena.core.redis import RedisError
from mlarena.live.bus import Bus
from mlarena.live.publish import publish

log = structlog.get_logger(__name__)

# The first piece goes at once, those after it at most ten times a second.
PAUSE_SECONDS = 0.1
# Longer than any run, and then as long as somebody may still be looking.
KEPT_SECONDS = 900


class Console:
    """One run's output. `name` is unlike any other run's; `about` stands in each message.

    `say` never waits: a thread of its own sends. Use it as a context manager, which sends the rest.
    """

    def __init__(self, name: str, event: str, about: dict[str, Any], room: str) -> None:
        self._key, self._event, self._about, self._room = _key(name), event, about, room
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._unsent: list[str] = []
        self._changed = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._run, name=f"console-{name}", daemon=True)

    def say(self, text: str) -> None:
        with self._changed:
            self._unsent.append(text)
            self._changed.notify()

    def __enter__(self) -> Console:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._app.app_context():
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._unsent or self._over)
                    text, self._unsent = "".join(self._unsent), []
                if text:
                    self._send(text)
                with self._changed:
                    if self._over and not self._unsent:
                        return
                    self._changed.wait_for(lambda: self._over, PAUSE_SECONDS)

    def _send(self, text: str) -> None:
        client = _client()
        try:
            pipe = client.pipeline()
            pipe.rpush(self._key, text)
            pipe.expire(self._key, KEPT_SECONDS)
            seq = pipe.execute()[0]
        except RedisError as error:
            log.warning("output not shown", error=str(error))
            return
        publish(self._event, {**self._about, "seq": seq, "text": text}, self._room)


def read(name: str, after: int = 0) -> tuple[int, str]:
    """What the run `name` printed behind piece `after`, and the number of the last piece there is.

    Nothing where Redis is away or has forgotten it.
    """
    try:
        pieces: Any = _client().lrange(_key(name), after, -1)
    except RedisError as error:
        log.warning("output not read", error=str(error))
        return after, ""
    return after + len(pieces), b"".join(pieces).decode()


def _key(name: str) -> str:
    return f"mlarena:console:{name}"


def _client() -> redis.Redis:
    bus: Bus = current_app.extensions["live"]
    return bus.client
