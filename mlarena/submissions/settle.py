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

import structlog
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
from mlarena.rewards.service import Reward, earned
from mlarena.submissions import feats, notices, outbox, signals
from mlarena.submissions.models import Progress, Submission, Task, VerdictRow
from mlarena.submissions.verdict import Verdict

log = structlog.get_logger(__name__)


@dataclass
class Settled:
    """What the transaction changed, for those who are told after the commit."""

    submission: Submission
    reward: Reward | None = None
    badges: list[Badge] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    board_moved: bool = False


def settle(submission_id: int, token: str, verdict: Verdict) -> bool:
    """Write the verdict and all that follows from it. False if the claim was no longer ours."""
    if verdict.score is not None and not math.isfinite(verdict.score):
        raise ValueError("a verdict's score is finite")
    # What cannot change is read before the write: on SQLite whoever writes keeps all others waiting.
    submission = _read(submission_id)
    db.session.commit()
    now = utcnow()
    if not _close(submission_id, token, verdict, now):
        db.session.rollback()
        return False
    assert submission is not None  # noqa: S101 – it was there to be closed
    settled = _write(submission, verdict, now)
    db.session.commit()
    announce(settled)
    return True


def _read(submission_id: int) -> Submission | None:
    """It and whose it is."""
    return db.session.get(
        Submission, submission_id, options=[joinedload(Submission.user)], populate_existing=True
    )


def _close(submission_id: int, token: str, verdict: Verdict, now: datetime) -> bool:
    """running → final, if the claim is still ours. A write first: it also locks the row."""
    closed = db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, Submission.claim_token == token)
        .where(Submission.status == "running")
        .values(**_closed(verdict, now))
        .execution_options(synchronize_session=False)
    )
    return closed.rowcount == 1  # type: ignore[attr-defined]


def _closed(verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "status": verdict.status,
        "score": verdict.score,
        "passed": verdict.passed,
        "execution_ms": verdict.execution_ms,
        "finished_at": now,
        "lease_until": None,
    }


def _write(submission: Submission, verdict: Verdict, now: datetime) -> Settled:
    for name, value in _closed(verdict, now).items():
        set_committed_value(submission, name, value)
    # Its task may have become another one while we waited for our turn.
    task = db.session.get_one(Task, submission.task_id, populate_existing=True)
    set_committed_value(submission, "task", task)
    conclusion = submission.task.conclude(submission, verdict)
    verdict = conclusion.verdict
    submission.score = verdict.score
    settled = Settled(submission, board_moved=conclusion.board_moved)
    row = VerdictRow(
        submission_id=submission.id,
        status=verdict.status,
        cases=verdict.cases,
        report=verdict.report,
        error=verdict.error,
        created_at=now,
    )
    if submission.house is not None:
        _settle_house(settled, submission.house, verdict)
    elif verdict.status == "scored" and verdict.score is not None:
        _credit(settled, verdict, verdict.score, now)
        row.earned = _earned(settled)
    if submission.house is None:
        outbox.completed(submission, verdict, now)
        notices.tell(submission)
    db.session.add(row)
    db.session.flush()
    set_committed_value(submission, "verdict", row)
    return settled


def _settle_house(settled: Settled, house: str, verdict: Verdict) -> None:
    """What a baseline gets: its marked row on the board, and nothing that is people's."""
    if verdict.status != "scored" or verdict.score is None:
        log.warning("a baseline has no score", house=house, error=verdict.error)
        return
    _place(settled, verdict)


def _credit(settled: Settled, verdict: Verdict, score: float, now: datetime) -> None:
    """What a judged submission earns: a streak day, a place on the board, on the first pass XP."""
    submission = settled.submission
    task, user = submission.task, submission.user
    assert user is not None  # noqa: S101 – the house has its own way
    # This locks the learner's totals, so two verdicts of one learner follow each other.
    settled.badges += rewards.record_activity(user, submission.queued_at)
    progress = db.session.get_one(Progress, (user.id, task.id), populate_existing=True)
    better = _better(task, score, progress.best_score)
    feats.tell(
        submission,
        first_pass=progress.status != "completed",
        new_best=better and progress.best_score is not None,
    )
    if better:
        progress.best_score = score
    if verdict.passed:
        if progress.status != "completed":
            progress.status, progress.completed_at = "completed", now
        # An earlier one may have been judged for longer.
        number = submission.attempt_no
        progress.passed_on = min(number, progress.passed_on or number)
        reward = _pay(submission, task, user, verdict, now)
        submission.xp_awarded = reward.xp
        settled.reward = reward
        settled.badges += reward.new_badges
        if reward.xp:
            settled.changes.append(boards.add("global", user.id, reward.xp, now))
            settled.changes.append(boards.add("weekly", user.id, reward.xp, now))
    _place(settled, verdict)


def _place(settled: Settled, verdict: Verdict) -> None:
    """Where it stands on the task's board now, the learner's row or the house's."""
    submission = settled.submission
    standing = submission.task.standing(verdict)
    if standing is None:
        return
    what: dict[str, Any] = {
        "board": submission.task.board(),
        "score": standing.score,
        "direction": standing.direction,
        "at": submission.queued_at,
        "details": {"submission_id": submission.id, "passed": verdict.passed},
        "sort_key": standing.sort_key,
    }
    if submission.house is not None:
        change = boards.place_house(label=submission.house, **what)
    else:
        assert submission.user_id is not None  # noqa: S101 – it is somebody's or the house's
        change = boards.record(user_id=submission.user_id, **what)
    if change is not None:
        settled.changes.append(change)


def _pay(submission: Submission, task: Task, user: User, verdict: Verdict, now: datetime) -> Reward:
    return rewards.reward_pass(
        user,
        key=f"task:{task.id}",
        amount=task.reward(user.id),
        reason=f"Passed {task.title}",
        kinds=task.badge_kinds(),
        perfect=verdict.perfect,
        at=now,
        attempts=submission.attempt_no,
        feats=verdict.feats,
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
    if submission.user_id is not None:
        publish.publish("verdict", submission.shown(), publish.user_room(submission.user_id))
    for change in settled.changes:
        publish.board_changed(change.board)
    if settled.board_moved:
        publish.board_changed(submission.task.board())
    if settled.reward is not None and settled.reward.xp:
        signals.xp_changed.send(Submission, user_id=submission.user_id)
    if submission.user_id is not None:
        signals.settled.send(Submission, submission=submission)


def _earned(settled: Settled) -> dict[str, Any]:
    """What the verdict paid, as its page and the live event tell it; {} for nothing."""
    user = settled.submission.user
    if user is None or (settled.reward is None and not settled.badges):
        return {}
    return earned(user, settled.reward or Reward(), settled.badges)
