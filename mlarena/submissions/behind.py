"""Work that nobody waits for, kept behind the work that somebody waits for.

A worker judges live submissions and the long lists (a rejudge, a comparison of texts) in threads of one
process, on cores that the pages need as well. So a piece of such work begins only when no live submission
is waiting or being judged, and while there are any, it takes a small part of the time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rq import Queue
from rq.registry import StartedJobRegistry

from mlarena.core.redis import RedisError, redis_client
from mlarena.submissions.queues import EVALUATIONS

# So long a piece waits for live work to be over: where that never ends, a little is done all the same.
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 0.01
# While live work has been seen lately, a piece is followed by that many times its own length of rest.
LATELY_SECONDS = 2.0
REST = 3.0
MOST_REST_SECONDS = 5.0


class Behind:
    """Turns of one such work: `with turns.one(): …` around each piece of it, of a second at most."""

    def __init__(self) -> None:
        self._seen = float("-inf")

    @contextmanager
    def one(self) -> Iterator[None]:
        """The body is run once no live submission waits or is judged, or patience is at its end."""
        self._wait()
        began = time.monotonic()
        yield
        now = time.monotonic()
        if now - self._seen < LATELY_SECONDS:
            time.sleep(min(REST * (now - began), MOST_REST_SECONDS))

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        try:
            while live() and (now := time.monotonic()) < until:
                self._seen = now
                time.sleep(LOOK_SECONDS)
        except RedisError:
            return


def live() -> int:
    """How many live submissions wait or are judged right now. Raises RedisError."""
    redis = redis_client()
    asked = redis.pipeline(transaction=False)
    asked.llen(Queue(EVALUATIONS, connection=redis).key)
    # Those of a worker that was killed run out by themselves.
    asked.zcount(StartedJobRegistry(EVALUATIONS, connection=redis).key, time.time(), "+inf")
    return sum(asked.execute())
