"""What a worker does for a web process that waits: thin tasks that take ids and call one verb.

The judges are imported when a job runs: the web process names these jobs and has no use for the rest.
"""

from __future__ import annotations

from typing import Any

from rq import Queue

from mlarena.core.redis import redis_client
from mlarena.submissions.queues import HOUSE

# The saving checks of one challenge; a benchmark case is built and run many times.
PUBLISH_SECONDS = 300


def sweep() -> int:
    """What killed processes have left on the challenges' database server goes."""
    from mlarena.challenges.engines import engines

    return engines().sweep()


def publish_waiting(after: int = 0) -> int | None:
    """Check and publish one challenge, and have the next one done after it: between two of them somebody
    else's training may come."""
    from mlarena.challenges import waiting

    done = waiting.publish_next(after)
    if done is not None:
        enqueue_publishing(done)
    return done


def enqueue_publishing(after: int = 0) -> None:
    """Before the house's baselines: a board without them is better than a challenge that is not there."""
    Queue(HOUSE, connection=redis_client()).enqueue(
        publish_waiting, after, at_front=True, job_timeout=PUBLISH_SECONDS, result_ttl=0
    )


def remeasure() -> int:
    """After edits. It may take long, and stands behind all that somebody waits for."""
    from mlarena.challenges import costs

    return costs.remeasure_stale()


def run(version_id: int, payload: dict[str, Any]) -> dict[str, Any]:
    """Visible cases, nothing recorded."""
    from mlarena.challenges import bench

    return bench.run(version_id, payload)


def plan(version_id: int, query: str) -> dict[str, Any]:
    from mlarena.challenges import bench

    return bench.plan(version_id, query)


def check(kind: str, fields: dict[str, Any], keep: bool = True) -> dict[str, Any]:
    """The saving checks; what they prepared is stored, if it is to be kept."""
    from mlarena.challenges import bench

    return bench.check(kind, fields, keep)
