"""Job-completion events for other systems: written with the verdict, then put on a Redis stream.

At least once, never lost: a row stays open until the stream has it, and carries an id by which a
consumer can tell a repetition.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import delete, select, update

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.redis import RedisError, redis_client
from mlarena.submissions.models import CompletionEvent, Submission
from mlarena.submissions.verdict import Verdict

log = structlog.get_logger(__name__)

STREAM = "mlarena:events"
# The stream is a window, not an archive: the database keeps every verdict.
STREAM_LENGTH = 100_000
BATCH = 200


def add(submission: Submission, verdict: Verdict, at: datetime) -> None:
    """One row in the caller's transaction; the fields are product.md's."""
    payload: dict[str, Any] = {
        "attempt_id": submission.id,
        "user_id": submission.user_id,
        "challenge_id": submission.task_id,
        "test_case_id": None,
        "status": "COMPLETED" if verdict.status == "scored" else "FAILED",
        "execution_ms": verdict.execution_ms,
        "score": verdict.score,
        "expected_result": None,
        "actual_result": None,
        "error": verdict.error,
    }
    db.session.add(CompletionEvent(submission_id=submission.id, payload=payload, created_at=at))


def renew(submission: Submission, verdict: Verdict, at: datetime) -> None:
    """The event says another verdict, and is published again. In the caller's transaction."""
    db.session.execute(
        delete(CompletionEvent).where(CompletionEvent.submission_id == submission.id)
    )
    add(submission, verdict, at)


def drain(limit: int = BATCH) -> int:
    """Put open events on the stream, oldest first; returns how many. Leaves them if Redis is away."""
    open_events = list(
        db.session.scalars(
            select(CompletionEvent)
            .where(CompletionEvent.published_at.is_(None))
            .order_by(CompletionEvent.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    try:
        if open_events:
            pipe = redis_client().pipeline(transaction=False)
            for event in open_events:
                fields = {"id": str(event.id), "event": json.dumps(event.payload)}
                pipe.xadd(STREAM, fields, maxlen=STREAM_LENGTH, approximate=True)  # type: ignore[arg-type]
            pipe.execute()
            db.session.execute(
                update(CompletionEvent)
                .where(CompletionEvent.id.in_([event.id for event in open_events]))
                .values(published_at=utcnow())
            )
    except RedisError as error:
        log.warning("events wait for Redis", error=str(error))
        db.session.rollback()
        return 0
    db.session.commit()
    return len(open_events)
