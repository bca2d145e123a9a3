"""A rejudge is applied: one transaction for each learner and task, as if the new verdict had been the first.

The ledger is never edited: XP that should not have been paid is taken back by a line of its own, XP that
should have been is paid now. Badges that a pass had brought go with it; streak days stay, for something was
handed in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.orm import joinedload, selectinload

from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import iso_week
from mlarena.boards.service import Change
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import publish
from mlarena.rewards import corrections
from mlarena.rewards import service as rewards
from mlarena.rewards.service import Reward, earned
from mlarena.submissions import feats, outbox, signals
from mlarena.submissions.models import FINAL, Progress, Submission, VerdictRow
from mlarena.submissions.rejudging.models import Rejudge, RejudgeItem
from mlarena.submissions.verdict import Verdict

log = structlog.get_logger(__name__)

GROUPS = 200


def go_on() -> int:
    """Apply what was decided to be applied, learner by learner; how many submissions. Idempotent."""
    done = 0
    groups = db.session.execute(
        select(RejudgeItem.rejudge_id, Submission.user_id, Submission.task_id)
        .join(Rejudge, Rejudge.id == RejudgeItem.rejudge_id)
        .join(Submission, Submission.id == RejudgeItem.submission_id)
        .where(Rejudge.status == "applying", RejudgeItem.state == "changed")
        .distinct()
        .limit(GROUPS)
    ).all()
    for rejudge_id, user_id, task_id in groups:
        if user_id is not None:  # only people's are judged again
            done += apply_group(rejudge_id, user_id, task_id)
    db.session.commit()
    left = exists().where(RejudgeItem.rejudge_id == Rejudge.id, RejudgeItem.state == "changed")
    db.session.execute(
        update(Rejudge)
        .where(Rejudge.status == "applying", ~left)
        .values(status="applied", finished_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return done


def apply_group(rejudge_id: int, user_id: int, task_id: int) -> int:
    """The changed verdicts of one learner and task, in ONE transaction. How many there were. Commits."""
    wanted = db.session.execute(
        select(RejudgeItem.submission_id, RejudgeItem.after, RejudgeItem.before)
        .join(Submission, Submission.id == RejudgeItem.submission_id)
        .where(RejudgeItem.rejudge_id == rejudge_id, RejudgeItem.state == "changed")
        .where(Submission.user_id == user_id, Submission.task_id == task_id)
        .order_by(Submission.attempt_no)
    ).all()
    db.session.commit()  # what follows begins with a write
    changed: dict[int, Verdict] = {}
    fresh: set[int] = set()
    for submission_id, after, before in wanted:
        if _claim_item(rejudge_id, submission_id) and _write_status(submission_id, after):
            changed[submission_id] = _verdict(after)
            if after["status"] == "scored" and before["status"] != "scored":
                fresh.add(submission_id)
    if not changed:
        db.session.commit()
        return 0
    again = _Again(rejudge_id, user_id, task_id, changed, fresh)
    again.write()
    db.session.commit()
    again.announce()
    return len(changed)


def _claim_item(rejudge_id: int, submission_id: int) -> bool:
    """changed → applied, once: of two workers at one item one goes on."""
    moved = db.session.execute(
        update(RejudgeItem)
        .where(RejudgeItem.rejudge_id == rejudge_id, RejudgeItem.state == "changed")
        .where(RejudgeItem.submission_id == submission_id)
        .values(state="applied")
        .execution_options(synchronize_session=False)
    )
    return moved.rowcount == 1  # type: ignore[attr-defined]


def _write_status(submission_id: int, after: dict[str, Any]) -> bool:
    written = db.session.execute(
        update(Submission)
        .where(Submission.id == submission_id, Submission.status.in_(FINAL))
        .values(
            status=after["status"],
            score=after["score"],
            passed=after["passed"],
            execution_ms=after["execution_ms"],
        )
        .execution_options(synchronize_session=False)
    )
    return written.rowcount == 1  # type: ignore[attr-defined]


def _verdict(after: dict[str, Any]) -> Verdict:
    return Verdict(**{**after, "feats": tuple(after.get("feats", ()))})


class _Again:
    """What follows for one learner and task, once their submissions say the new verdicts. `fresh` had no
    score before."""

    def __init__(
        self,
        rejudge_id: int,
        user_id: int,
        task_id: int,
        changed: dict[int, Verdict],
        fresh: set[int],
    ) -> None:
        self.rejudge_id, self.changed, self.fresh, self.now = rejudge_id, changed, fresh, utcnow()
        self.changes: list[Change] = []
        self.moved_xp = False
        # This lock is the same that settle takes: a verdict that arrives now comes before or after.
        rewards.lock_totals(user_id)
        self.all = list(
            db.session.scalars(
                select(Submission)
                .where(Submission.user_id == user_id, Submission.task_id == task_id)
                .where(Submission.status.in_(FINAL))
                .options(
                    selectinload(Submission.task),
                    joinedload(Submission.user),
                    joinedload(Submission.verdict),
                )
                .order_by(Submission.attempt_no)
                .execution_options(populate_existing=True)
            )
        )
        self.task = self.all[0].task
        assert self.all[0].user is not None  # noqa: S101 – only people's are judged again
        self.user = self.all[0].user
        self.scored = [one for one in self.all if one.status == "scored" and one.score is not None]
        self.first = next((one for one in self.scored if one.passed), None)

    def write(self) -> None:
        for submission in self.all:
            if submission.id in self.changed:
                self._write_verdict(submission, self.changed[submission.id])
        for submission in self.scored:
            if submission.id in self.fresh:
                rewards.record_activity(self.user, submission.queued_at)
        self._write_progress()
        self._settle_xp()
        self._place()

    def _write_verdict(self, submission: Submission, verdict: Verdict) -> None:
        row = submission.verdict
        if row is None:
            row = VerdictRow(submission_id=submission.id)
            db.session.add(row)
        row.status, row.error = verdict.status, verdict.error
        row.cases, row.report = verdict.cases, verdict.report
        if not verdict.passed:
            row.earned = {}
        submission.task_version = self.task.version
        outbox.completed(submission, verdict, self.now, self.rejudge_id)

    def _write_progress(self) -> None:
        progress = db.session.get_one(
            Progress, (self.user.id, self.task.id), populate_existing=True
        )
        scores = [one.score for one in self.scored if one.score is not None]
        best = max if self.task.board_direction() == "higher" else min
        progress.best_score = best(scores) if scores else None
        feats.tell_again(
            self.task,
            self.user.id,
            [one for one in self.scored if one.passed],
            passed_before=progress.status == "completed",
        )
        if self.first is None:
            progress.status, progress.completed_at = "submitted", None
        else:
            progress.status, progress.completed_at = "completed", self.first.finished_at
        passed = [one.attempt_no for one in self.scored if one.passed]
        progress.passed_on = min(passed, default=None)
        db.session.flush()

    def _settle_xp(self) -> None:
        key = f"task:{self.task.id}"
        before = sum(one.xp_awarded for one in self.all)
        if self.first is None:
            taken = corrections.revoke_pass(
                self.user.id, key, f"Judged again: {self.task.title}", self._kinds(), self.now
            )
            for one in self.all:
                one.xp_awarded = 0
            for amount, paid_at in taken or ():
                self._move_xp(-amount, paid_at)
            return
        at = self.first.finished_at or self.now
        reward = rewards.reward_pass(
            self.user,
            key=key,
            amount=self.task.reward(self.user.id),
            reason=f"Passed {self.task.title}",
            kinds=self.task.badge_kinds(),
            perfect=any(verdict.perfect for verdict in self.changed.values()),
            at=at,
            attempts=self.first.attempt_no,
            feats=tuple({feat for verdict in self.changed.values() for feat in verdict.feats}),
        )
        # What was paid belongs to the first pass, whichever that is now.
        for one in self.all:
            one.xp_awarded = 0
        self.first.xp_awarded = before + reward.xp
        if reward.xp:
            self._move_xp(reward.xp, at)
        if self.first.verdict is not None and (reward.xp or reward.new_badges):
            self.first.verdict.earned = earned(
                self.user, Reward(reward.xp, [], reward.opened_levels), reward.new_badges
            )

    def _kinds(self) -> tuple[str, ...]:
        """What the pass had counted as, which counts no more."""
        kinds = self.task.badge_kinds()
        first_try = "quest" in kinds and self.all[0].xp_awarded > 0 and self.all[0].attempt_no == 1
        return (*kinds, "first_try") if first_try else kinds

    def _move_xp(self, amount: int, at: datetime) -> None:
        """On the boards of XP as of the time that it belongs to; nobody stands there with nothing."""
        if not amount:
            return
        self.moved_xp = True
        for board, stored in (("global", "global"), ("weekly", f"weekly:{iso_week(at)}")):
            change = boards.add(board, self.user.id, amount, at)
            if change.sort_key == 0:
                change = boards.remove(stored, self.user.id) or change
            self.changes.append(change)

    def _place(self) -> None:
        """Their row on the task's board: made anew if it stood there by a verdict that has changed."""
        board = self.task.board()
        row = db.session.scalar(
            select(BoardEntry).where(BoardEntry.board == board, BoardEntry.user_id == self.user.id)
        )
        theirs = self.scored
        if row is not None and row.details.get("submission_id") in self.changed:
            gone = boards.remove(board, self.user.id)
            if gone is not None:
                self.changes.append(gone)
        elif row is not None:
            theirs = [one for one in self.scored if one.id in self.changed]
        for one in theirs:
            standing = self.task.standing(_standing_verdict(one))
            if standing is None:
                continue
            change = boards.record(
                board=board,
                user_id=self.user.id,
                score=standing.score,
                direction=standing.direction,
                at=one.queued_at,
                details={"submission_id": one.id, "passed": bool(one.passed)},
                sort_key=standing.sort_key,
            )
            if change is not None:
                self.changes.append(change)

    def announce(self) -> None:
        """After the commit: hints, all of which can be lost."""
        if self.changes:
            board_index.apply(self.changes)
        for board in {change.board for change in self.changes}:
            publish.board_changed(board)
        if self.moved_xp:
            signals.xp_changed.send(Submission, user_id=self.user.id)


def _standing_verdict(submission: Submission) -> Verdict:
    row = submission.verdict
    return Verdict(
        "scored",
        score=submission.score,
        passed=bool(submission.passed),
        execution_ms=submission.execution_ms,
        cases=row.cases if row else [],
        report=row.report if row else {},
    )
