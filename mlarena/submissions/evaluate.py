"""One submission's evaluation: claim, grade, settle."""

from __future__ import annotations

import time

import structlog
from sqlalchemy.orm import selectinload

from mlarena.core.db import db
from mlarena.core.histograms import SharedHistogram
from mlarena.submissions import claim
from mlarena.submissions.models import Submission
from mlarena.submissions.settle import settle

log = structlog.get_logger(__name__)

EVALUATION_SECONDS = SharedHistogram(
    "mlarena_evaluation_seconds",
    "Time from claim to verdict",
    ("kind", "status"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def evaluate(submission_id: int) -> str:
    """Evaluate it if it is there to be claimed. What happened, in a word, for the log."""
    token = claim.claim(submission_id)
    if token is None:
        return "not ours"
    started = time.perf_counter()
    with structlog.contextvars.bound_contextvars(submission_id=submission_id):
        try:
            with claim.renewing(submission_id, token):
                submission = db.session.get(
                    Submission, submission_id, options=[selectinload(Submission.task)]
                )
                if submission is None:
                    return "deleted"
                kind = submission.task.kind
                verdict = submission.task.grade(submission)
        except Exception:
            # Ours, not the learner's: hand it back, the sweep tries again or gives up in words.
            db.session.rollback()
            log.exception("evaluation failed")
            claim.release(submission_id, token)
            return "released"
        settled = settle(submission_id, token, verdict)
        took = time.perf_counter() - started
        EVALUATION_SECONDS.observe(took, kind, verdict.status)
        log.info(
            "evaluated", status=verdict.status, settled=settled, ms=round(took * 1000, 1), kind=kind
        )
    return verdict.status if settled else "stale"
