"""Signs of life: a process writes its own into Redis, /healthz and the console read them all.

A sign lives for BEAT_SECONDS × 4 and then goes by itself, so a process that was killed is missed
within that time, whatever the clocks of the machines say.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import redis

from mlarena.core.redis import RedisError, redis_client

BEAT_SECONDS = 3.0
NAMES = "mlarena:beats"  # a set of the names that ever beat, to find the keys without a scan

Info = dict[str, Any]


def _key(name: str) -> str:
    return f"mlarena:beat:{name}"


def beat(name: str, info: Info, every: float = BEAT_SECONDS) -> None:
    """Say that `name` lives, with whatever /healthz should show of it. Raises RedisError."""
    _beat(redis_client(), name, info, every)


def _beat(client: redis.Redis, name: str, info: Info, every: float) -> None:
    with client.pipeline(transaction=False) as both:
        both.sadd(NAMES, name)
        both.set(_key(name), json.dumps(info), px=int(every * 4000))
        both.execute()


def beats() -> dict[str, Info]:
    """Who lives, by name: `worker:…`, `clock`. Raises RedisError."""
    client = redis_client()
    found = client.smembers(NAMES)
    names = sorted(name.decode() if isinstance(name, bytes) else name for name in found)
    if not names:
        return {}
    said = dict(zip(names, client.mget([_key(name) for name in names]), strict=True))
    if gone := [name for name, info in said.items() if info is None]:
        client.srem(NAMES, *gone)
    return {name: json.loads(info) for name, info in said.items() if info is not None}


class Heartbeat:
    """A running heartbeat. `stop()` ends it and takes the sign away at once."""

    def __init__(self, name: str, info: Callable[[], Info], every: float) -> None:
        self.name, self.every, self._info = name, every, info
        self._client = redis_client()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"beat {name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                _beat(self._client, self.name, self._info(), self.every)
            except RedisError:
                # Redis is away: the next beat will tell, and nobody can read this one anyway.
                if self._stopped.wait(min(self.every, 1.0)):
                    return
                continue
            if self._stopped.wait(self.every):
                return

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(2)
        try:
            self._client.delete(_key(self.name))
        except RedisError:
            return  # it goes by itself when its time is up


def start_heartbeat(name: str, info: Callable[[], Info], every: float = BEAT_SECONDS) -> Heartbeat:
    """Beat from a thread of this process every `every` seconds; call inside an app context."""
    return Heartbeat(name, info, every)
