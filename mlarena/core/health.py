"""Signs of life: a process writes its own into Redis, /healthz and the console read them all.

A sign lives for BEAT_SECONDS × 4 and then goes by itself, so a process that was killed is missed
within that time, whatever the clocks of the machines say.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import redis
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from flask import Flask

BEAT_SECONDS = 3.0
SIGNS = "mlarena:beats"  # a set of the keys that were ever written, to find them without a scan

Info = dict[str, Any]


def beat(name: str, info: Info, every: float = BEAT_SECONDS) -> None:
    """Say that this process lives as a `name`, and what /healthz should show of it.

    Raises RedisError.
    """
    from mlarena.core.redis import redis_client

    _beat(redis_client(), _key(name), info, every)


def _key(name: str) -> str:
    """One sign for each process: several workers may beat, each for itself."""
    return f"mlarena:beat:{name}:{socket.gethostname()}:{os.getpid()}"


def _beat(client: redis.Redis, key: str, info: Info, every: float) -> None:
    with client.pipeline(transaction=False) as both:
        both.sadd(SIGNS, key)
        both.set(key, json.dumps(info), px=int(every * 4000))
        both.execute()


def beats() -> dict[str, list[Info]]:
    """What the living processes say of themselves, by name: {"worker": [...], "clock": [...]}.

    A name nobody beats for is not there. Raises RedisError.
    """
    from mlarena.core.redis import redis_client

    client = redis_client()
    found = client.smembers(SIGNS)
    keys = sorted(key.decode() if isinstance(key, bytes) else key for key in found)
    living: dict[str, list[Info]] = {}
    gone = []
    for key, info in zip(keys, client.mget(keys) if keys else [], strict=True):
        if info is None:
            gone.append(key)
        else:
            living.setdefault(key.split(":")[2], []).append(json.loads(info))
    if gone:
        client.srem(SIGNS, *gone)
    return living


class Heartbeat:
    """A running heartbeat. `stop()` ends it and takes the sign away at once."""

    def __init__(
        self, client: redis.Redis, name: str, info: Callable[[], Info], every: float = BEAT_SECONDS
    ) -> None:
        self.every, self._client, self._info, self._key = every, client, info, _key(name)
        self._stopped = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"beat {name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()
            try:
                _beat(self._client, self._key, self._info(), self.every)
                pause = self.every
            except RedisError:
                # Away: nobody could read the sign anyway. It is back with Redis, within a second.
                pause = min(self.every, 1.0)
            self._wake.wait(pause)

    def now(self) -> None:
        """Beat at once: what `info` returns has changed in a way that somebody waits for."""
        self._wake.set()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()
        self._thread.join(2)
        with suppress(RedisError):  # away: the sign goes by itself when its time is up
            self._client.delete(self._key)


def start_heartbeat(
    app: Flask, name: str, info: Callable[[], Info], every: float = BEAT_SECONDS
) -> Heartbeat:
    """Beat from a thread of this process every `every` seconds, with what `info` returns."""
    return Heartbeat(app.extensions["redis"], name, info, every)
