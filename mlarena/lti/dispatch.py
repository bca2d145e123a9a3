"""From the database to the queue: the queue carries a platform's id, and losing it loses nothing."""

from __future__ import annotations

import structlog
from rq import Queue
from sqlalchemy import exists, or_, select

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.redis import RedisError, redis_client
from mlarena.lti.models import Link, Platform, Score
from mlarena.submissions.queues import HOUSE, WEBHOOKS

log = structlog.get_logger(__name__)

JOB_TIMEOUT = 300


def enqueue_keeping() -> None:
    """Have somebody see what was asked for. Any number of times; the clock makes good what is lost."""
    _enqueue(HOUSE, "keep")


def enqueue_owed() -> int:
    """Every platform that is owed scores and that nobody sends to now; how many."""
    now = utcnow()
    free = or_(Platform.lease_until.is_(None), Platform.lease_until < now)
    rested = or_(Platform.rest_until.is_(None), Platform.rest_until <= now)
    owed = (
        exists()
        .where(Link.platform_id == Platform.id, Score.link_id == Link.id)
        .where(Score.status == "waiting", Score.due_at <= now)
    )
    ids = db.session.scalars(
        select(Platform.id).where(Platform.is_on, free, rested, owed).order_by(Platform.id)
    ).all()
    db.session.commit()
    for platform_id in ids:
        _enqueue(WEBHOOKS, "send", platform_id)
    return len(ids)


def any_wanted() -> bool:
    """Whether any LMS takes scores from here: most arenas have none."""
    found = db.session.scalar(select(Score.id).limit(1)) is not None
    db.session.commit()
    return found


def _enqueue(queue: str, job: str, *given: int) -> None:
    try:
        Queue(queue, connection=redis_client()).enqueue(
            f"mlarena.lti.jobs.{job}",
            *given,
            result_ttl=0,
            failure_ttl=0,
            job_timeout=JOB_TIMEOUT,
        )
    except RedisError as error:
        log.warning("an LMS waits for Redis", job=job, error=str(error))
