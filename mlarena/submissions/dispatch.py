"""From the database to the queue. The queue carries ids; losing it loses nothing."""

from __future__ import annotations

import structlog
from rq import Queue
from rq.exceptions import DuplicateJobError

from mlarena.core.redis import RedisError, redis_client
from mlarena.submissions.queues import EVALUATIONS, EVERY

log = structlog.get_logger(__name__)

# A hung grader is ended by the jail's own deadline long before; this is the net below the net.
JOB_TIMEOUT = 900


def job_id(submission_id: int, dispatch: int) -> str:
    """Numbered by dispatch, so that a second dispatch is a new job, never a quarrel with the first."""
    return f"eval-{submission_id}-{dispatch}"


def enqueue(submission_id: int, dispatch: int, queue: str = EVALUATIONS) -> bool:
    """Tell the workers. False if Redis is away: the sweep will tell them later."""
    try:
        Queue(queue, connection=redis_client()).enqueue(
            "mlarena.submissions.jobs.evaluate",
            submission_id,
            job_id=job_id(submission_id, dispatch),
            unique=True,
            result_ttl=0,
            failure_ttl=0,
            job_timeout=JOB_TIMEOUT,
        )
    except DuplicateJobError:
        return True
    except RedisError as error:
        log.warning(
            "queue away, the sweep will dispatch", submission=submission_id, error=str(error)
        )
        return False
    return True


def waiting(jobs: list[tuple[int, int]]) -> set[int]:
    """Of these (submission id, dispatch) pairs, the submission ids whose job is still in the queue."""
    queued: set[str] = set()
    for name in EVERY:
        queued.update(Queue(name, connection=redis_client()).get_job_ids())
    return {number for number, dispatch in jobs if job_id(number, dispatch) in queued}
