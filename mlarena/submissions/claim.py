"""Who evaluates a submission, and until when: one holder at a time, by conditional UPDATE."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import structlog
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.meanwhile import meanwhile
from mlarena.submissions.models import Submission

log = structlog.get_logger(__name__)

# How soon a run hears that its claim is gone: one indexed read each time.
LOOK_SECONDS = 0.25


def claim(submission_id: int) -> str | None:
    """Take the submission for one evaluation: its claim token, or None if it is not to be had."""
    now, token = utcnow(), uuid.uuid4().hex
    free = or_(
        Submission.status == "queued",
        and_(Submission.status == "running", Submission.lease_until < now),
    )
    taken = db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, free)
        .where(Submission.claims < settings().evaluation_attempts)
        .values(
            status="running",
            claim_token=token,
            claims=Submission.claims + 1,
            started_at=func.coalesce(Submission.started_at, now),
            lease_until=now + _lease(),
        )
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return token if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def take_over(submission_id: int) -> str | None:
    """Take the submission from the queue or from whoever evaluates it: a token, or None if it is over."""
    token = uuid.uuid4().hex
    taken = db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, Submission.status.in_(("queued", "running")))
        .values(status="running", claim_token=token, lease_until=utcnow() + _lease())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return token if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def renew(submission_id: int, token: str) -> bool:
    """Hold on for another lease. False if the claim is no longer ours."""
    kept = db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, Submission.claim_token == token)
        .where(Submission.status == "running")
        .values(lease_until=utcnow() + _lease())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return kept.rowcount == 1  # type: ignore[attr-defined]


def release(submission_id: int, token: str) -> None:
    """Give it back after a fault of ours: the lease ends now and the sweep tries again."""
    db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, Submission.claim_token == token)
        .where(Submission.status == "running")
        .values(lease_until=utcnow())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def renewing(submission_id: int, token: str) -> AbstractContextManager[None]:
    """Renew the lease in the background while the body runs."""

    def hold() -> bool:
        try:
            return renew(submission_id, token)
        except SQLAlchemyError as error:
            # The lease outlives two missed renewals; the settle is fenced in any case.
            log.warning("lease not renewed", submission=submission_id, error=str(error))
            db.session.remove()
            return True

    return meanwhile(settings().lease_seconds / 3, hold, f"lease-{submission_id}")


def watched(
    submission_id: int, token: str | None, lost: Callable[[], None]
) -> AbstractContextManager[None]:
    """Call `lost` soon after the claim is no longer ours, while the body runs.

    For what takes long: an evaluation that nobody waits for any more should not go on.
    """
    ours = select(Submission.id).where(
        Submission.id == submission_id,
        Submission.claim_token == token,
        Submission.status == "running",
    )

    def look() -> bool:
        try:
            held = db.session.scalar(ours) is not None
            db.session.rollback()
        except SQLAlchemyError as error:
            log.warning("claim not seen", submission=submission_id, error=str(error))
            db.session.remove()
            return True
        if not held:
            lost()
        return held

    return meanwhile(LOOK_SECONDS, look, f"watch-{submission_id}")


def _lease() -> timedelta:
    return timedelta(seconds=settings().lease_seconds)
