"""A worker's part: judge what waits, a little at a time, behind everything that somebody waits for.

Killed in the middle it goes on where it was: an item is taken for a while, and its result is written only
while it is still waiting.
"""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import joinedload, selectinload

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.submissions.behind import Behind
from mlarena.submissions.models import FINAL, Submission
from mlarena.submissions.rejudging import applying
from mlarena.submissions.rejudging.asking import nudge
from mlarena.submissions.rejudging.models import Rejudge, RejudgeItem
from mlarena.submissions.verdict import Verdict

log = structlog.get_logger(__name__)

# One job judges for so long, then stands at the end of the house's queue again.
SECONDS = 10.0
TAKEN = timedelta(minutes=10)
MOST_TRIES = 3


def go_on(seconds: float = SECONDS) -> int:
    """Judge and apply what waits, for about `seconds`; how many submissions. Idempotent."""
    until, done, turns = time.monotonic() + seconds, applying.go_on(), Behind()
    while time.monotonic() < until:
        taken = _take()
        if taken is None:
            _finish()
            return done
        with turns.one():
            _judge(*taken)
        done += 1
    nudge()
    return done


def _take() -> tuple[int, int] | None:
    """The next item that waits, ours for a while."""
    now = utcnow()
    free = or_(RejudgeItem.taken_until.is_(None), RejudgeItem.taken_until < now)
    for rejudge_id, submission_id in db.session.execute(
        select(RejudgeItem.rejudge_id, RejudgeItem.submission_id)
        .join(Rejudge, Rejudge.id == RejudgeItem.rejudge_id)
        .where(Rejudge.status == "judging", RejudgeItem.state == "waiting", free)
        .order_by(RejudgeItem.rejudge_id, RejudgeItem.submission_id)
        .limit(10)
    ).all():
        db.session.commit()
        taken = db.session.execute(
            update(RejudgeItem)
            .where(RejudgeItem.rejudge_id == rejudge_id, RejudgeItem.state == "waiting", free)
            .where(RejudgeItem.submission_id == submission_id)
            .values(taken_until=now + TAKEN, tries=RejudgeItem.tries + 1)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            return rejudge_id, submission_id
    db.session.commit()
    return None


def _judge(rejudge_id: int, submission_id: int) -> None:
    submission = db.session.get(
        Submission,
        submission_id,
        options=[selectinload(Submission.task), joinedload(Submission.verdict)],
        populate_existing=True,
    )
    if submission is None or submission.status not in FINAL:
        _write(rejudge_id, submission_id, state="gone")
        return
    before = whole_of(submission)
    try:
        verdict = _graded(submission)
    except Exception as error:
        db.session.rollback()
        log.exception("judging again failed", submission_id=submission_id)
        tries = db.session.scalar(
            select(RejudgeItem.tries).where(
                RejudgeItem.rejudge_id == rejudge_id, RejudgeItem.submission_id == submission_id
            )
        )
        if (tries or 0) >= MOST_TRIES:
            _write(rejudge_id, submission_id, state="error", error=type(error).__name__)
        else:
            _write(rejudge_id, submission_id, taken_until=None)
        return
    after = as_kept(verdict)
    if verdict.status == "error" or (
        verdict.score is not None and not math.isfinite(verdict.score)
    ):
        _write(rejudge_id, submission_id, state="error", error=verdict.error or "no finite score")
        return
    state = "same" if alike(before, after) else "changed"
    # What is the same is not kept twice.
    kept = {"before": before, "after": after} if state == "changed" else {}
    _write(rejudge_id, submission_id, state=state, **kept)


def _graded(submission: Submission) -> Verdict:
    """By what is asked now, told to nobody. The row is left as it is."""
    task = submission.task
    db.session.expunge(submission)
    submission.task_version = task.version
    submission.quiet = True
    verdict = task.grade(submission)
    db.session.commit()
    return verdict


def _write(rejudge_id: int, submission_id: int, **values: Any) -> None:
    db.session.commit()
    db.session.execute(
        update(RejudgeItem)
        .where(RejudgeItem.rejudge_id == rejudge_id, RejudgeItem.state == "waiting")
        .where(RejudgeItem.submission_id == submission_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _finish() -> None:
    """Rejudges with nothing left to judge wait for who asked, or are over."""

    def some(state: str) -> Any:
        return exists().where(RejudgeItem.rejudge_id == Rejudge.id, RejudgeItem.state == state)

    db.session.commit()
    judged = Rejudge.status == "judging", ~some("waiting")
    for changed, values in (
        (some("changed"), {"status": "judged"}),
        (~some("changed"), {"status": "unchanged", "finished_at": utcnow()}),
    ):
        db.session.execute(
            update(Rejudge)
            .where(*judged, changed)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    db.session.commit()


def whole_of(submission: Submission) -> dict[str, Any]:
    """The verdict that stands, as items keep it."""
    row = submission.verdict
    return {
        "status": submission.status,
        "score": submission.score,
        "passed": submission.passed,
        "execution_ms": submission.execution_ms,
        "task_version": submission.task_version,
        "cases": row.cases if row else [],
        "report": row.report if row else {},
        "error": row.error if row else None,
    }


def as_kept(verdict: Verdict) -> dict[str, Any]:
    return {
        "status": verdict.status,
        "score": verdict.score,
        "passed": verdict.passed,
        "perfect": verdict.perfect,
        "feats": list(verdict.feats),
        "execution_ms": verdict.execution_ms,
        "cases": verdict.cases,
        "report": verdict.report,
        "error": verdict.error,
    }


def alike(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether nothing changes for the learner: status, pass, score, and each case's outcome."""
    if before["status"] != after["status"] or bool(before["passed"]) != bool(after["passed"]):
        return False
    one, other = before["score"], after["score"]
    if (one is None) != (other is None):
        return False
    if one is not None and not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12):
        return False
    return _outcomes(before) == _outcomes(after)


def _outcomes(kept: dict[str, Any]) -> list[Any]:
    return [(case.get("status"), case.get("passed"), case.get("score")) for case in kept["cases"]]
