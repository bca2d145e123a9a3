"""One at a time, in all processes: a job of the clock that is still at work is not begun a second time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec

from redis.exceptions import LockError

from mlarena.core.redis import redis_client

PREFIX = "mlarena:forecasts"
BUSY = "another one is at it"
P = ParamSpec("P")


def alone(name: str, seconds: float) -> Callable[[Callable[P, str]], Callable[P, str]]:
    """A job that says BUSY and does nothing while one of the same name is at work anywhere.

    `seconds` is longer than it may take: a worker that was killed in one leaves its lock for so long.
    """

    def around(job: Callable[P, str]) -> Callable[P, str]:
        @wraps(job)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> str:
            lock = redis_client().lock(f"{PREFIX}:{name}", timeout=seconds)
            if not lock.acquire(blocking=False):
                return BUSY
            try:
                return job(*args, **kwargs)
            finally:
                with suppress(LockError):  # it took longer than the lock lives
                    lock.release()

        return guarded

    return around
