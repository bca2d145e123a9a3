"""Who evaluates a submission, and until when: one holder at a time, by conditional UPDATE."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from flask import Flask, current_app
from sqlalchemy import and_, func, or_, update
from sqlalchemy.exc import SQLAlchemyError

from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.submissions.models import Submission

log = structlog.get_logger(__name__)


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


@contextmanager
def renewing(submission_id: int, token: str) -> Iterator[None]:
    """Renew the lease in the background while the body runs."""
    over = threading.Event()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    every = settings().lease_seconds / 3

    def hold() -> None:
        with app.app_context():
            while not over.wait(every):
                try:
                    if not renew(submission_id, token):
                        return
                except SQLAlchemyError as error:
                    # The lease outlives two missed renewals; the settle is fenced in any case.
                    log.warning("lease not renewed", submission=submission_id, error=str(error))
                    db.session.remove()

    holder = threading.Thread(target=hold, name=f"lease-{submission_id}", daemon=True)
    holder.start()
    try:
        yield
    finally:
        over.set()
        holder.join()


def _lease() -> timedelta:
    return timedelta(seconds=settings().lease_seconds)
