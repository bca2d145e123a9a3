"""Sending to one webhook: what it is owed becomes deliveries, and they are tried in their order.

One process at a time sends to a webhook (a claim with a lease), a request is over within WEBHOOK_SECONDS, and
after a failure the webhook is left alone for a while: a receiver that hangs costs one thread one time-out a
pause. A worker that is killed leaves the message waiting, and the clock finds it.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, exists, false, func, or_, select, true, update

from mlarena.accounts.models import User
from mlarena.cohorts.models import Assignment, AssignmentTask, CohortMember, CohortStaff
from mlarena.core import outgoing
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.config import settings
from mlarena.core.db import db, insert
from mlarena.submissions.models import JobEvent, Submission, Task
from mlarena.webhooks import dispatch, notices, signing
from mlarena.webhooks.models import PING, Delivery, Webhook

log = structlog.get_logger(__name__)

BATCH = 500
# A webhook with much to be told gives way to others after this.
ROUND_SECONDS = 20.0
LONGEST_PAUSE = 6 * 3600.0
# What is kept of an answer, and of how many attempts.
EXCERPT = 1000
# No answer, or one that says that the receiver itself is not there: no matter of the message.
NOT_THERE = {None, 429, 502, 503, 504}
LOGGED = 10


def deliver(webhook_id: int) -> int:
    """Send what it is owed now; how many messages arrived."""
    token = _claim(webhook_id)
    if token is None:
        return 0
    sent, end = 0, time.monotonic() + ROUND_SECONDS
    try:
        webhook = db.session.get_one(Webhook, webhook_id, populate_existing=True)
        _fan_out(webhook)
        while time.monotonic() < end:
            delivery = _next(webhook)
            if delivery is None:
                break
            sent += _attempt(webhook, delivery)
            if not _renew(webhook_id, token):
                break
    finally:
        db.session.rollback()
        _release(webhook_id, token)
    # What came while it was ours found nobody; it is ours to say so.
    if db.session.scalar(
        select(Webhook.id).where(
            Webhook.id == webhook_id, Webhook.state == "on", dispatch.owed(utcnow())
        )
    ):
        dispatch.enqueue(webhook_id)
    db.session.commit()
    return sent


def _lease() -> datetime:
    return utcnow() + timedelta(seconds=settings().webhook_seconds * 2 + 20)


def _claim(webhook_id: int) -> str | None:
    token, now = uuid.uuid4().hex, utcnow()
    free = or_(Webhook.lease_until.is_(None), Webhook.lease_until < now)
    taken = db.session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id, Webhook.state == "on", free)
        .values(claim_token=token, lease_until=_lease())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return token if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def _renew(webhook_id: int, token: str) -> bool:
    kept = db.session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id, Webhook.claim_token == token, Webhook.state == "on")
        .values(lease_until=_lease())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return kept.rowcount == 1  # type: ignore[attr-defined]


def _release(webhook_id: int, token: str) -> None:
    db.session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id, Webhook.claim_token == token)
        .values(claim_token=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _fan_out(webhook: Webhook) -> None:
    """The events behind its position that are its owner's to see become deliveries, each once."""
    while True:
        some = (
            select(JobEvent.position)
            .where(JobEvent.position > webhook.position)
            .order_by(JobEvent.position)
            .limit(BATCH)
        )
        until = db.session.scalar(select(func.max(some.subquery().c.position)))
        if until is None:
            db.session.commit()
            return
        events = db.session.execute(
            select(JobEvent.id, JobEvent.name, JobEvent.type)
            .join(Submission, Submission.id == JobEvent.submission_id)
            .join(Task.__table__, Task.__table__.c.id == Submission.task_id)
            .where(JobEvent.position > webhook.position, JobEvent.position <= until)
            .where(JobEvent.type.in_(webhook.events), _seen_by(webhook.owner))
            .order_by(JobEvent.position)
        ).all()
        db.session.commit()
        if events:
            now = utcnow()
            rows = [
                {
                    **{"webhook_id": webhook.id, "event_id": one.id, "name": one.name},
                    **{"kind": one.type, "status": "waiting", "attempts": 0, "log": []},
                    **{"due_at": now, "created_at": now},
                }
                for one in events
            ]
            db.session.execute(insert(Delivery).on_conflict_do_nothing(), rows)
        webhook.position = until
        db.session.commit()


def _seen_by(owner: User) -> ColumnElement[bool]:
    """What an owner is told: an admin everything, an instructor what is of their own tasks, and the work of
    their cohorts (members, assignments). A condition on Submission and Task."""
    if owner.is_at_least("admin"):
        return true()
    if not owner.is_at_least("instructor"):
        return false()
    led = (
        exists()
        .where(CohortStaff.user_id == owner.id, CohortStaff.cohort_id == CohortMember.cohort_id)
        .where(CohortMember.user_id == Submission.user_id, CohortMember.left_at.is_(None))
        .where(Assignment.cohort_id == CohortMember.cohort_id)
        .where(AssignmentTask.assignment_id == Assignment.id)
        .where(AssignmentTask.task_id == Submission.task_id)
    )
    return or_(Task.__table__.c.created_by == owner.id, led)


def _next(webhook: Webhook) -> Delivery | None:
    """What is to be sent now: a ping at once, the others in their order, when it does not rest."""
    now = utcnow()
    fine = Delivery.kind == PING
    if webhook.rest_until is None or webhook.rest_until <= now:
        fine = or_(fine, Delivery.due_at <= now)
    found: Delivery | None = db.session.scalar(
        select(Delivery)
        .where(Delivery.webhook_id == webhook.id, Delivery.status == "waiting", fine)
        .order_by((Delivery.kind == PING).desc(), Delivery.due_at, Delivery.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found


def _attempt(webhook: Webhook, delivery: Delivery) -> bool:
    """One request, and what it says, written down. Whether the message arrived."""
    body, at = message(delivery), utcnow()
    headers = signing.headers(webhook, delivery.name, body, at)
    db.session.commit()  # nothing is held while somebody else's server thinks
    started = time.perf_counter()
    noted: dict[str, Any] = {"at": rfc3339(at), "status": None, "error": None, "answer": ""}
    retry_after = 0.0
    try:
        answer = outgoing.request(
            "POST", webhook.url, body, headers, seconds=settings().webhook_seconds, largest=EXCERPT
        )
        noted["status"] = answer.status
        noted["answer"] = answer.body.decode("utf-8", "replace").replace("\0", "\ufffd")
        if answer.status in (429, 503):
            retry_after = _seconds(answer.headers.get("retry-after", ""))
    except (outgoing.Refused, outgoing.Away) as error:
        noted["error"] = str(error)
    noted["ms"] = round((time.perf_counter() - started) * 1000, 1)
    arrived = noted["status"] is not None and 200 <= noted["status"] < 300
    _note(webhook, delivery, noted, arrived, retry_after)
    log.info("webhook", webhook=webhook.id, message=delivery.name, arrived=arrived, ms=noted["ms"])
    return arrived


def message(delivery: Delivery) -> bytes:
    """The body, the same in every attempt."""
    event = delivery.event
    told = {
        "type": delivery.kind,
        "id": delivery.name,
        "timestamp": rfc3339(event.created_at if event else delivery.created_at),
        "position": event.position if event else None,
        "data": event.payload if event else {"webhook_id": delivery.webhook_id},
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _note(
    webhook: Webhook, delivery: Delivery, noted: dict[str, Any], arrived: bool, retry_after: float
) -> None:
    """What an attempt changes: the delivery, and how the webhook stands. Commits."""
    now, dead = utcnow(), False
    attempts = delivery.attempts + 1
    delivery.attempts, delivery.log = attempts, [*delivery.log, noted][-LOGGED:]
    most = 1 if delivery.kind == PING else settings().webhook_attempts
    if arrived:
        delivery.status, delivery.finished_at = "delivered", now
        webhook.failures, webhook.rest_until = 0, None
    else:
        if attempts >= most:
            delivery.status, delivery.finished_at = "dead", now
        elif noted["status"] not in NOT_THERE:
            # The receiver took offence at this message: the others go first. Else it keeps its place.
            delivery.due_at = now + timedelta(seconds=pause(attempts))
        if delivery.kind != PING:
            webhook.failures += 1
            rest = max(pause(webhook.failures), retry_after)
            webhook.rest_until = now + timedelta(seconds=rest)
            if webhook.failures >= most:
                webhook.state, dead = "dead", True
    if dead:
        notices.webhook_died(webhook)
    elif delivery.status == "dead" and delivery.kind != PING:
        notices.delivery_died(delivery)
    db.session.commit()


def pause(failures: int) -> float:
    """Seconds until the next attempt: four times as long each time, a quarter more or less by chance."""
    straight = settings().webhook_retry_seconds * 4 ** (failures - 1)
    return min(straight, LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 – spreads, hides nothing


def _seconds(text: str) -> float:
    """Retry-After in seconds; 0 for what is none. A date is not read: the own pause will do."""
    return min(float(text), LONGEST_PAUSE) if text.isascii() and text.isdigit() else 0.0
