"""The one way out: verdict, progress, XP, badges, boards and event row in ONE transaction.

Whatever is killed, and however often an evaluation runs, the conditional UPDATE at the top lets exactly
one holder of the claim through, and the keys of the verdict, the ledger and the outbox stand behind it.
What happens after the commit is a hint to pages and indexes; all of it can be lost and is made good.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from mlarena.accounts.models import User
from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.boards.service import Change
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import publish
from mlarena.rewards import service as rewards
from mlarena.rewards.models import Badge
from mlarena.rewards.service import Reward
from mlarena.submissions import outbox
from mlarena.submissions.models import Progress, Submission, Task, VerdictRow
from mlarena.submissions.verdict import Verdict


@dataclass
class Settled:
    """What the transaction changed, for those who are told after the commit."""

    submission: Submission
    reward: Reward | None = None
    badges: list[Badge] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def settle(submission_id: int, token: str, verdict: Verdict) -> bool:
    """Write the verdict and all that follows from it. False if the claim was no longer ours."""
    if verdict.score is not None and not math.isfinite(verdict.score):
        raise ValueError("a verdict's score is finite")
    db.session.commit()  # the reading is over: the transaction begins with a write
    now = utcnow()
    if not _close(submission_id, token, verdict, now):
        db.session.rollback()
        return False
    settled = _write(submission_id, verdict, now)
    db.session.commit()
    announce(settled)
    return True


def _close(submission_id: int, token: str, verdict: Verdict, now: datetime) -> bool:
    """running → final, if the claim is still ours. A write first: it also locks the row."""
    closed = db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, Submission.claim_token == token)
        .where(Submission.status == "running")
        .values(
            status=verdict.status,
            score=verdict.score,
            passed=verdict.passed,
            execution_ms=verdict.execution_ms,
            finished_at=now,
            lease_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    return closed.rowcount == 1  # type: ignore[attr-defined]


def _write(submission_id: int, verdict: Verdict, now: datetime) -> Settled:
    submission = db.session.get_one(
        Submission,
        submission_id,
        options=[joinedload(Submission.task), joinedload(Submission.user)],
        populate_existing=True,
    )
    settled = Settled(submission)
    row = VerdictRow(
        submission_id=submission_id,
        status=verdict.status,
        cases=verdict.cases,
        report=verdict.report,
        error=verdict.error,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    set_committed_value(submission, "verdict", row)
    if verdict.status == "scored" and verdict.score is not None:
        _credit(settled, verdict, verdict.score, now)
    outbox.add(submission, verdict, now)
    return settled


def _credit(settled: Settled, verdict: Verdict, score: float, now: datetime) -> None:
    """What a judged submission earns: a streak day, a place on the board, on the first pass XP."""
    submission = settled.submission
    task, user = submission.task, submission.user
    # This locks the learner's totals, so two verdicts of one learner follow each other.
    settled.badges += rewards.record_activity(user, submission.queued_at)
    progress = db.session.get_one(Progress, (user.id, task.id), populate_existing=True)
    if _better(task, score, progress.best_score):
        progress.best_score = score
    if verdict.passed:
        if progress.status != "completed":
            progress.status, progress.completed_at = "completed", now
        reward = _pay(submission, task, user, verdict, now)
        submission.xp_awarded = reward.xp
        settled.reward = reward
        settled.badges += reward.new_badges
        if reward.xp:
            settled.changes.append(boards.add("global", user.id, reward.xp, now))
            settled.changes.append(boards.add("weekly", user.id, reward.xp, now))
    change = boards.record(
        task.board(),
        user.id,
        score,
        task.board_direction(),
        submission.queued_at,
        details={"submission_id": submission.id, "passed": verdict.passed},
    )
    if change is not None:
        settled.changes.append(change)


def _pay(submission: Submission, task: Task, user: User, verdict: Verdict, now: datetime) -> Reward:
    return rewards.reward_pass(
        user,
        key=f"task:{task.id}",
        amount=task.xp_reward,
        reason=f"Passed {task.title}",
        kinds=task.badge_kinds(),
        perfect=verdict.perfect,
        at=now,
        attempts=submission.attempt_no,
    )


def _better(task: Task, score: float, best: float | None) -> bool:
    if best is None:
        return True
    return score > best if task.board_direction() == "higher" else score < best


def announce(settled: Settled) -> None:
    """After the commit: the index, the open pages, the event stream. None of it may fail us."""
    submission = settled.submission
    if settled.changes:
        board_index.apply(settled.changes)
    publish.publish("verdict", announcement(settled), publish.user_room(submission.user_id))
    for change in settled.changes:
        publish.board_changed(change.board)
    outbox.drain()


def announcement(settled: Settled) -> dict[str, Any]:
    """The submission as api.md has it, and what it earned."""
    shown = settled.submission.shown()
    if settled.reward is not None:
        shown["reward"] = settled.reward.shown()
    shown["new_badges"] = [badge.shown() for badge in settled.badges]
    return shown
