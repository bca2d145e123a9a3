"""Asking a worker and waiting for its answer: what a page wants at once and a web process should not do.

A web process owns no jail, and the one thread that serves all pages must not read a million rows. So a
question is a job on a queue of its own, taken by threads beside a worker's main loop: no evaluation stands
before it, no page waits for anybody else's, and a web process needs neither disk nor credentials of others'
databases. The way there and back took some 4 ms when it was measured.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, cast

import structlog
from rq import Queue
from rq.results import Result

from mlarena.core.errors import Unavailable
from mlarena.core.redis import redis_client
from mlarena.submissions import jail

log = structlog.get_logger(__name__)

# Beyond this many waiting, one more would only wait in vain.
MOST_WAITING = 100

NOBODY = "No worker is free to run it just now. Try again in a moment."


def ask(
    queue_name: str, seconds: int, job: Callable[..., dict[str, Any]], *about: Any
) -> dict[str, Any]:
    """What `job(*about)` returns in a worker within `seconds`. Raises Unavailable."""
    if jail.running():
        return job(*about)  # this process is one that judges, such as the release command
    queue = Queue(queue_name, connection=redis_client())
    if queue.count > MOST_WAITING:
        raise Unavailable(NOBODY)
    # Who has given up waiting needs no answer: the job's time to live ends with our patience.
    asked = queue.enqueue(
        job, *about, ttl=seconds, job_timeout=seconds, result_ttl=30, failure_ttl=30
    )
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        # Short of the connection's own time-out, so that waiting is not taken for a Redis that is away.
        answer = asked.latest_result(timeout=max(1, math.ceil(min(1.0, left))))
        if answer is not None:
            return _read(answer, queue_name)
    log.warning("asked in vain", queue=queue_name)
    queue.remove(asked.id)
    raise Unavailable(NOBODY)


def _read(answer: Result, queue_name: str) -> dict[str, Any]:
    if answer.type == Result.Type.SUCCESSFUL:
        return cast(dict[str, Any], answer.return_value)
    log.error("a question failed", queue=queue_name, error=answer.exc_string)
    raise Unavailable("The arena could not run it. Try again; tell your instructor if it stays so.")
