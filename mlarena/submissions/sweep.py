"""What makes good whatever was killed: every accepted submission ends in exactly one verdict."""

from __future__ import annotations

import uuid
from datetime import timedelta

import structlog
from sqlalchemy import and_, or_, select, update

from mlarena.boards import index as board_index
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.redis import RedisError
from mlarena.submissions import dispatch, outbox
from mlarena.submissions.models import Submission
from mlarena.submissions.settle import settle
from mlarena.submissions.verdict import Verdict

log = structlog.get_logger(__name__)

BATCH = 500
GAVE_UP = (
    "The arena could not evaluate this submission, although it tried several times. "
    "This is not your model's fault and costs you nothing: submit it again, "
    "and tell your instructor if it happens again."
)


def sweep() -> dict[str, int]:
    """Idempotent; any number may run at once. Counts of what it found, for the log."""
    found = {
        "gave_up": _give_up(),
        "dispatched": _dispatch_lost(),
        "boards": _mend_boards(),
        "events": outbox.drain(),
    }
    if any(found.values()):
        log.info("swept", **found)
    return found


def _give_up() -> int:
    """Submissions whose every allowed claim has run out end in `error`, in words."""
    now = utcnow()
    spent = db.session.scalars(
        select(Submission.id)
        .where(Submission.status == "running", Submission.lease_until < now)
        .where(Submission.claims >= settings().evaluation_attempts)
        .limit(BATCH)
    ).all()
    db.session.commit()
    return sum(_end_in_error(submission_id) for submission_id in spent)


def _end_in_error(submission_id: int) -> bool:
    """Take the dead claim over under a token of our own, then settle like any other."""
    token, now = uuid.uuid4().hex, utcnow()
    taken = db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, Submission.status == "running")
        .where(Submission.lease_until < now)
        .values(claim_token=token, lease_until=now + timedelta(seconds=settings().lease_seconds))
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return False
    return settle(submission_id, token, Verdict("error", error=GAVE_UP))


def _dispatch_lost() -> int:
    """Tell the queue again about expired leases, and about rows that the queue does not know."""
    now = utcnow()
    patience = timedelta(seconds=max(2.0, settings().sweep_seconds))
    lost = or_(
        and_(Submission.status == "running", Submission.lease_until < now),
        and_(Submission.status == "queued", Submission.dispatched_at < now - patience),
    )
    candidates = [
        (number, dispatches)
        for number, dispatches in db.session.execute(
            select(Submission.id, Submission.dispatches)
            .where(Submission.status.in_(("queued", "running")), lost)
            .order_by(Submission.id)
            .limit(BATCH)
        )
    ]
    db.session.commit()
    if not candidates:
        return 0
    try:
        waiting = dispatch.waiting(candidates)
    except RedisError as error:
        log.warning("sweep waits for Redis", error=str(error))
        return 0
    return sum(
        _dispatch_again(number, dispatches)
        for number, dispatches in candidates
        if number not in waiting
    )


def _dispatch_again(submission_id: int, dispatches: int) -> bool:
    """Number the dispatch in the database first: of two sweeps at once only one gets through."""
    numbered = db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, Submission.dispatches == dispatches)
        .where(Submission.status.in_(("queued", "running")))
        .values(dispatches=dispatches + 1, dispatched_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if numbered.rowcount != 1:  # type: ignore[attr-defined]
        return False
    lost = db.session.get(Submission, submission_id)
    if lost is None:
        return False  # its owner left meanwhile
    queue = lost.queue()
    db.session.commit()
    return dispatch.enqueue(submission_id, dispatches + 1, queue)


def _mend_boards() -> int:
    """Rows that changed lately and boards whose index is gone come back from the database."""
    try:
        return board_index.catch_up(utcnow() - timedelta(seconds=settings().sweep_seconds * 4 + 30))
    except RedisError as error:
        log.warning("board index waits for Redis", error=str(error))
        return 0
