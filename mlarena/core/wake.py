"""A word from one process to another that there is something to do.

It stands until one of those who wait has taken it, and stands once, however often it is said: what was
written before it is seen by whoever takes it. It may be lost, with Redis or with who took it, so what it is
about is looked for by the clock, too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import redis
import structlog
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from mlarena.core.db import db
from mlarena.core.redis import RedisError, redis_client

log = structlog.get_logger(__name__)

# One wait for a word.
LISTEN_SECONDS = 1.0
# A connection that has died without a word is noticed so long after.
DEAD_SECONDS = 5.0
PAUSE_SECONDS = 1.0

_PENDING = "words to say"


def after_commit(name: str) -> None:
    """Say it when the transaction of this session is committed; not at all if it is taken back."""
    db.session.info.setdefault(_PENDING, set()).add(name)


@event.listens_for(db.session, "after_commit")
def _committed(session: Any) -> None:
    wake(*session.info.pop(_PENDING, ()))


@event.listens_for(db.session, "after_soft_rollback")
def _rolled_back(session: Any, _previous: Any) -> None:
    session.info.pop(_PENDING, None)


def wake(*names: str) -> None:
    """Say it, what it is about being committed. Never fails."""
    if not names:
        return
    try:
        with redis_client().pipeline(transaction=False) as all_of_it:
            for name in names:
                all_of_it.lpush(name, 1)
                all_of_it.ltrim(name, 0, 0)
            all_of_it.execute()
    except RedisError as error:
        log.warning("words wait for the clock", names=names, error=str(error))


def connect(url: str) -> redis.Redis:
    """A connection to wait on: longer than a page may wait for Redis."""
    return redis.Redis.from_url(url, socket_timeout=LISTEN_SECONDS + DEAD_SECONDS)


def wait(
    client: redis.Redis, names: Collection[str], seconds: float = LISTEN_SECONDS
) -> str | None:
    """The name of a word that was said, or None after so many seconds. Raises RedisError."""
    found = cast("tuple[bytes, bytes] | None", client.blpop(list(names), timeout=seconds))
    return found[0].decode() if found else None


Work = Mapping[str, Callable[[], object]]


class Woken:
    """A thread that does the work of a word whenever it is said. `start()` and it listens; `stop()` ends it.
    What it leaves, another one or the clock does. What is said within `gather` seconds after a turn is one
    turn's work."""

    def __init__(self, app: Flask, work: Work, gather: float = 0.0) -> None:
        self.app = app
        self._work = work
        self._names = list(work)
        self._gather = gather
        self._stopped = threading.Event()
        name = f"woken by {', '.join(work)}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> Woken:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(LISTEN_SECONDS + DEAD_SECONDS)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with connect(self.app.extensions["settings"].redis) as client:
                    self._listen(client)
            except (RedisError, SQLAlchemyError) as error:
                log.warning("work waits", of=self._thread.name, error=str(error))
                self._stopped.wait(PAUSE_SECONDS)
            except Exception:  # a fault in one turn must not end all that follow
                log.exception("a turn failed", of=self._thread.name)
                self._stopped.wait(PAUSE_SECONDS)

    def _listen(self, client: redis.Redis) -> None:
        # What was said before, or to a turn that failed, nobody says again.
        for work in self._work.values():
            self._do(work)
        while not self._stopped.is_set():
            if self.turn(client):
                self._stopped.wait(self._gather)

    def turn(self, client: redis.Redis, seconds: float = LISTEN_SECONDS) -> bool:
        """Wait so long for a word and do its work. Whether there was one."""
        said = wait(client, self._names, seconds)
        if said is None:
            return False
        # The first of the names goes first: no word that is said all the time keeps another from its turn.
        self._names = [name for name in self._names if name != said] + [said]
        self._do(self._work[said])
        return True

    def _do(self, work: Callable[[], object]) -> None:
        with self.app.app_context():
            try:
                work()
            finally:
                db.session.remove()
