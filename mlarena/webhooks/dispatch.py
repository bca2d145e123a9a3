"""From the database to the queue: the queue carries a webhook's id, and losing it loses nothing."""

from __future__ import annotations

from datetime import datetime

import structlog
from rq import Queue
from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.redis import RedisError, redis_client
from mlarena.submissions.models import JobEvent
from mlarena.submissions.queues import WEBHOOKS
from mlarena.webhooks.models import PING, Delivery, Webhook

log = structlog.get_logger(__name__)

JOB_TIMEOUT = 300


def enqueue(webhook_id: int) -> None:
    """Have somebody send what it is owed. Any number of times; the clock makes good what is lost."""
    try:
        Queue(WEBHOOKS, connection=redis_client()).enqueue(
            "mlarena.webhooks.jobs.deliver",
            webhook_id,
            result_ttl=0,
            failure_ttl=0,
            job_timeout=JOB_TIMEOUT,
        )
    except RedisError as error:
        log.warning("a webhook waits for Redis", webhook=webhook_id, error=str(error))


def enqueue_owed() -> int:
    """Every webhook that is owed something and that nobody sends to now; how many."""
    now = utcnow()
    free = or_(Webhook.lease_until.is_(None), Webhook.lease_until < now)
    ids = db.session.scalars(
        select(Webhook.id).where(Webhook.state == "on", free, owed(now)).order_by(Webhook.id)
    ).all()
    db.session.commit()
    for webhook_id in ids:
        enqueue(webhook_id)
    return len(ids)


def owed(now: datetime) -> ColumnElement[bool]:
    """Whether there is something to do for it, as a condition on Webhook."""
    waiting = exists().where(
        Delivery.webhook_id == Webhook.id, Delivery.status == "waiting", Delivery.due_at <= now
    )
    last = select(func.max(JobEvent.position)).scalar_subquery()
    rested = or_(Webhook.rest_until.is_(None), Webhook.rest_until <= now)
    return or_(
        and_(rested, or_(waiting, Webhook.position < last)),
        exists().where(
            Delivery.webhook_id == Webhook.id,
            Delivery.status == "waiting",
            Delivery.kind == PING,
        ),
    )
