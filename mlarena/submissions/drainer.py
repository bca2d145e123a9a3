"""Drains the outbox as soon as something is in it. Every worker has one of these in a thread."""

from __future__ import annotations

import threading

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from mlarena.core.db import db
from mlarena.core.redis import RedisError
from mlarena.submissions import outbox

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0
# A word may be lost; the sweep finds what it was about. This only notices a connection that has died.
LISTEN_SECONDS = 5.0


class Drainer:
    """`start()` and it listens; `stop()` ends it. What it leaves, another one or the sweep drains."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._client = app.extensions["live"].client
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-drainer", daemon=True)

    def start(self) -> Drainer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(LISTEN_SECONDS + 2)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except (RedisError, SQLAlchemyError) as error:
                log.warning("events are not drained for now", error=str(error))
                self._stopped.wait(PAUSE_SECONDS)
            except Exception:  # a fault with one event must not end the draining for good
                log.exception("events could not be drained")
                self._stopped.wait(PAUSE_SECONDS)

    def _listen(self) -> None:
        with self._client.pubsub() as woken:
            woken.subscribe(outbox.wake_channel(self._client))
            while not self._stopped.is_set():
                # Also what says that we are subscribed: what came before is drained then.
                if woken.get_message(timeout=LISTEN_SECONDS) is None:
                    continue
                while woken.get_message(timeout=0) is not None:
                    pass  # many words, one draining
                with self.app.app_context():
                    try:
                        outbox.drain()
                    finally:
                        db.session.remove()


def start(app: Flask) -> Drainer:
    """Start this process' drainer. A worker calls it once."""
    return Drainer(app).start()
