"""Job events for other systems: written with what they tell of, then put on a Redis stream in one order.

Draining gives every event a position, once, and adds to the stream what lies beyond its last entry; an
entry's id is the event's position. So a stream that was lost, or came back older than it was, is filled again
with the very same entries, and a reader who keeps the position of what it has done goes on from there, on the
stream or in the database. Nothing is ever marked as sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from redis.exceptions import LockError
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from mlarena.core import wake
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.redis import RedisError, redis_client
from mlarena.submissions import signals
from mlarena.submissions.models import JobEvent, Submission, Task
from mlarena.submissions.verdict import Verdict

log = structlog.get_logger(__name__)

STREAM = "mlarena:events"
# What wakes who drains: something was written.
WRITTEN = "mlarena:events:written"
INIT, COMPLETED = "job-init", "job-completed"
BATCH = 500
# What one event may carry of a case's results; a result is a table, and may be long.
LARGEST_RESULT = 8192
# Who was killed while draining gives up their turn after this.
TURN_SECONDS = 5
WAIT_SECONDS = 2

# Adds what lies beyond the last entry; ARGV: the length, then position, name, type, time, payload of each.
_ADD = """
local last = 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = tonumber(string.match(info[i + 1], '^%d+')) end
  end
end
local added = 0
for i = 2, #ARGV, 5 do
  if tonumber(ARGV[i]) > last then
    redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[1], ARGV[i] .. '-0',
      'id', ARGV[i + 1], 'type', ARGV[i + 2], 'at', ARGV[i + 3], 'event', ARGV[i + 4])
    added = added + 1
  end
end
return {last, added}
"""


def queued(submission: Submission, task: Task, at: datetime) -> None:
    """`job-init`: it was taken in. One row in the caller's transaction."""
    payload = {
        "attempt_id": submission.id,
        "user_id": submission.user_id,
        "challenge_id": submission.task_id,
        "task_kind": task.kind,
        "attempt_no": submission.attempt_no,
    }
    _add(submission, INIT, payload, at)


def completed(submission: Submission, verdict: Verdict, at: datetime, rejudge_id: int = 0) -> None:
    """`job-completed`, the fields of product.md. One row in the caller's transaction.

    `test_case_id` and the two results are of the first case that was not passed, where there is one. Results
    are told of cases that every learner sees, and of no task whose expected result is its answer.
    """
    case = next((one for one in verdict.cases if not one.get("passed")), {})
    told = submission.task.tells_expected and case.get("is_visible", False)
    payload = {
        "attempt_id": submission.id,
        "user_id": submission.user_id,
        "challenge_id": submission.task_id,
        "task_kind": submission.task.kind,
        "attempt_no": submission.attempt_no,
        "test_case_id": case.get("test_case_id"),
        "status": "COMPLETED" if verdict.status == "scored" else "FAILED",
        "passed": verdict.passed,
        "execution_ms": verdict.execution_ms,
        "score": verdict.score,
        "expected_result": _bounded(case.get("expected_result")) if told else None,
        "actual_result": _bounded(case.get("actual_result")) if told else None,
        "error": verdict.error,
        "rejudge_id": rejudge_id or None,
    }
    _add(submission, COMPLETED, payload, at, rejudge_id)


# Written with every submission and every verdict: a plain row, for nobody looks at the object.
_events: Any = JobEvent.__table__
_NEW = insert(_events)


def _add(
    submission: Submission, kind: str, payload: dict[str, Any], at: datetime, nth: int = 0
) -> None:
    row = {"submission_id": submission.id, "type": kind, "round": nth}
    db.session.execute(_NEW, row | {"payload": payload, "created_at": at})
    wake.after_commit(WRITTEN)


def _bounded(result: Any) -> Any:
    return result if len(json.dumps(result, default=str)) <= LARGEST_RESULT else None


def shown(event: JobEvent) -> dict[str, Any]:
    """The event as the API and webhooks tell it."""
    return {
        "id": event.name,
        "position": event.position,
        "type": event.type,
        "at": rfc3339(event.created_at),
        "event": event.payload,
    }


def drain() -> int:
    """Give open events their positions and the stream what it lacks; how many it got. Idempotent.

    0 where Redis is away, or another process is at it for very long.
    """
    added, news = 0, False
    try:
        with _turn() as ours:
            while ours:
                last = _last()
                numbered = _number(last)
                some = _publish(last)
                added, news = added + some, news or numbered > 0
                if max(numbered, some) < BATCH:
                    break
    except RedisError as error:
        db.session.rollback()
        log.warning("events wait for Redis", error=str(error))
    if news or added:
        signals.events_published.send(JobEvent)
    return added


@contextmanager
def _turn() -> Iterator[bool]:
    """Whether it is ours to drain. Two at once would lose nothing, and do everything twice. Who comes second
    waits: the word that brought them may be of what the first no longer looks for."""
    lock = redis_client().lock(
        f"{STREAM}:turn", timeout=TURN_SECONDS, sleep=0.01, blocking_timeout=WAIT_SECONDS
    )
    ours = bool(lock.acquire())
    try:
        yield ours
    finally:
        if ours:
            with suppress(LockError, RedisError):  # it ran out: the next one has it
                lock.release()


def _last() -> int:
    """The position of the stream's last entry; 0 where there is no stream."""
    return int(redis_client().eval(_ADD, 1, STREAM, 1)[0])


def _number(last: int) -> int:
    """Positions for what has none, in the order of writing, beyond the database's and the stream's last."""
    ids = db.session.scalars(
        select(JobEvent.id).where(JobEvent.position.is_(None)).order_by(JobEvent.id).limit(BATCH)
    ).all()
    if not ids:
        db.session.commit()
        return 0
    held = db.session.scalar(select(func.max(JobEvent.position))) or 0
    db.session.commit()
    rows = JobEvent.__table__.c
    try:
        db.session.execute(
            update(JobEvent.__table__)  # type: ignore[arg-type]
            .where(rows.id == bindparam("of"), rows.position.is_(None))
            .values(position=bindparam("at")),
            [{"of": one, "at": at} for at, one in enumerate(ids, max(held, last) + 1)],
        )
        db.session.commit()
    except IntegrityError:  # somebody whose turn had run out was at it after all
        db.session.rollback()
        return 0
    return len(ids)


def _publish(last: int) -> int:
    """What the stream lacks, of as many as it may hold."""
    highest = db.session.scalar(select(func.max(JobEvent.position))) or 0
    length = settings().events_length
    events = db.session.scalars(
        select(JobEvent)
        .where(JobEvent.position > max(last, highest - length))
        .order_by(JobEvent.position)
        .limit(BATCH)
        .execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    if not events:
        return 0
    entries: list[Any] = [length]
    for event in events:
        payload = json.dumps(event.payload, ensure_ascii=False)
        at = rfc3339(event.created_at)
        entries += [event.position, event.name, event.type, at, payload]
    added: int = redis_client().eval(_ADD, 1, STREAM, *entries)[1]
    return added


def after(position: int, limit: int) -> list[JobEvent]:
    """Events in their order, from behind `position` on: for who is behind the stream."""
    query = select(JobEvent).where(JobEvent.position > position).order_by(JobEvent.position)
    fresh = query.limit(limit).execution_options(populate_existing=True)
    return list(db.session.scalars(fresh))


def ends() -> tuple[int, int]:
    """The first and the last position that the database still has; 0 and 0 where it has none."""
    first, last = db.session.execute(
        select(func.min(JobEvent.position), func.max(JobEvent.position))
    ).one()
    return first or 0, last or 0


def clean() -> int:
    """Events of longer ago than EVENTS_DAYS go, but never the last: it holds the place in the order."""
    until, gone = utcnow() - timedelta(days=settings().events_days), 0
    while True:
        _, last = ends()
        old = db.session.execute(
            select(JobEvent.id, JobEvent.created_at)
            .where(JobEvent.position < last)
            .order_by(JobEvent.position)
            .limit(BATCH)
        ).all()
        ids = [number for number, at in old if at < until]
        db.session.commit()
        if ids:
            db.session.execute(
                delete(JobEvent)
                .where(JobEvent.id.in_(ids))
                .execution_options(synchronize_session=False)
            )
            db.session.commit()
        gone += len(ids)
        if len(ids) < BATCH:
            return gone
