"""After a commit that told somebody something: a worker is asked to route it. A hint; the clock asks too."""

from __future__ import annotations

from typing import Any

import structlog
from rq import Queue
from sqlalchemy import event

from mlarena.core.db import db
from mlarena.core.redis import RedisError, redis_client
from mlarena.notifications.jobs import NOTICES

log = structlog.get_logger(__name__)

ASKED = "mlarena:notices:asked"
ROUTE = "mlarena.notifications.jobs.route"
# A question that nobody has answered by then is asked again.
PATIENCE_SECONDS = 5
PENDING = "notifications to route"
JOB_TIMEOUT = 60


def after_commit(job: str = ROUTE) -> None:
    """When the transaction of this session is committed, that job follows."""
    db.session.info.setdefault(PENDING, set()).add(job)


def listen() -> None:
    if not event.contains(db.session, "after_commit", _committed):
        event.listen(db.session, "after_commit", _committed)
        event.listen(db.session, "after_soft_rollback", _rolled_back)


def _committed(session: Any) -> None:
    for job in session.info.pop(PENDING, ()):
        ask(job)


def _rolled_back(session: Any, _previous: Any) -> None:
    session.info.pop(PENDING, None)


def ask(job: str = ROUTE) -> None:
    """Have a worker look at what there is. One question stands at a time: who answers it takes it away first,
    so what is committed while it stands is seen by whoever answers."""
    try:
        if redis_client().set(f"{ASKED}:{job}", 1, nx=True, ex=PATIENCE_SECONDS):
            Queue(NOTICES, connection=redis_client()).enqueue(
                job, result_ttl=0, failure_ttl=0, job_timeout=JOB_TIMEOUT
            )
    except RedisError as error:
        log.warning("notifications wait for the clock", error=str(error))


def answered(job: str = ROUTE) -> None:
    try:
        redis_client().delete(f"{ASKED}:{job}")
    except RedisError as error:
        log.warning("notifications wait for the clock", error=str(error))
