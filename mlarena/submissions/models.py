"""The spine's tables: a Task takes a Submission and gives a Verdict."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, Json, UtcDateTime
from mlarena.submissions.queues import EVALUATIONS, HOUSE
from mlarena.submissions.verdict import Conclusion, Standing, Verdict

# queued → running → scored (judged), failed (the learner's artifact is at fault), error (ours is)
FINAL = ("scored", "failed", "error")


class Task(Base):
    """Anything a learner can submit to. A subclass per kind; the spine calls `grade`.

    `wing` is what doors and boards call it, whatever its kind: "quest", "challenge" or "competition".
    """

    wing: ClassVar[str]
    # Whether a score passes or does not. Where people are only put in order, none does.
    has_a_bar: ClassVar[bool] = True
    # Whether a score is points of 100, and not what a metric has measured.
    of_hundred: ClassVar[bool] = False
    # Whether what a visible case expects may be told to other systems. Where it is the answer, it may not.
    tells_expected: ClassVar[bool] = True

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'published', 'archived')", name="status"),
        Index(None, "kind", "status", "position"),
        Index(None, "published_at"),
    )
    __mapper_args__: Any = {"polymorphic_on": "kind"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(128))
    summary: Mapped[str] = mapped_column(String(300), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16), default="draft")
    position: Mapped[int] = mapped_column(default=0)
    xp_reward: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    # When learners first found it; noted when `status` first says so.
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # With `scheduled`, the clock publishes the draft at `opens_at`; from `closes_at` on nothing is taken in.
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    scheduled: Mapped[bool] = mapped_column(default=False, server_default=false())

    @validates("status")
    def _note_publishing(self, _key: str, status: str) -> str:
        if status == "published" and self.published_at is None:
            self.published_at = utcnow()
        return status

    @property
    def is_live(self) -> bool:
        """Learners find it, or will by the clock: what is saved of it has to hold."""
        return self.status == "published" or self.scheduled

    @property
    def is_over(self) -> bool:
        """Whether it takes nothing in any more."""
        return self.closes_at is not None and self.closes_at <= utcnow()

    def released(self) -> None:
        """What is to be done when the clock has published it. Called in that transaction."""

    def grade(self, submission: Submission) -> Verdict:
        """Judge one submission. Runs in the worker, outside any transaction."""
        raise NotImplementedError(f"{self.kind} has no grader")

    def cancelled(self, submission: Submission) -> Verdict:
        """What a submission ends with that its learner has cancelled."""
        return Verdict.failed("You cancelled this submission.")

    def queue(self, payload: dict[str, Any]) -> str:
        """The name of the queue that an evaluation of `payload` waits in."""
        return EVALUATIONS

    def admit(self, user_id: int) -> None:
        """Refuse a submission by raising a Problem. Called first in the transaction that takes it in: what
        is locked here stays locked until the submission is stored."""

    def conclude(self, submission: Submission, verdict: Verdict) -> Conclusion:
        """What the task itself keeps of a verdict. Called in settle's transaction, before anything else is
        written."""
        return Conclusion(verdict)

    def shares(self, submission: Submission, viewer: User) -> bool:
        """Whether `viewer` may see a submission to this task that is somebody else's."""
        return False

    def board_direction(self) -> str:
        """ "higher" or "lower": which score is the better one."""
        return "higher"

    def standing(self, verdict: Verdict) -> Standing | None:
        """What a scored verdict enters on the task's board; None where it has no place there."""
        assert verdict.score is not None  # noqa: S101 – a scored one has one
        return Standing(verdict.score, self.board_direction())

    def reward(self, user_id: int) -> int:
        """The XP that the user's first pass pays."""
        return self.xp_reward

    @classmethod
    def credit(cls, score: float, passed: bool) -> float:
        """The share of full marks, 0..1, that a scored verdict is worth where work is graded."""
        return 1.0 if passed or not cls.has_a_bar else 0.0

    @staticmethod
    def class_of(kind: str) -> type[Task]:
        return Task.__mapper__.polymorphic_map[kind].class_

    def badge_kinds(self) -> tuple[str, ...]:
        """What a pass of this task counts as, for badges."""
        return (self.kind,)

    def board(self) -> str:
        return f"{self.wing}:{self.id}"


class Submission(Base):
    """One attempt at a task. Its status moves only in `intake`, `claim` and `settle`.

    A house baseline is a submission too: it has no user but a name, `house`, and `attempt_no` is the
    version of the task that it stands for. It is judged and put on the board, and nothing else: what
    belongs to people (progress, XP, streaks, lists) asks for a user and never sees it.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("user_id", "task_id", "attempt_no"),
        CheckConstraint("(user_id IS NULL) <> (house IS NULL)", name="whose"),
        CheckConstraint(
            "status IN ('queued', 'running', 'scored', 'failed', 'error')", name="status"
        ),
        # What the console counts of a class is read from this index alone; neither column ever changes.
        Index(None, "user_id", "id", postgresql_include=["task_id", "queued_at"]),
        Index(None, "task_id", "id"),
        # The same file or code twice at once is one evaluation, not two.
        Index(
            "uq_submissions_in_flight",
            "user_id",
            "task_id",
            "blob_sha256",
            unique=True,
            sqlite_where=text("status IN ('queued', 'running')"),
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
        # A baseline is computed once for each version of its task.
        Index(
            "uq_submissions_house",
            "task_id",
            "house",
            "attempt_no",
            unique=True,
            sqlite_where=text("house IS NOT NULL"),
            postgresql_where=text("house IS NOT NULL"),
        ),
        # What the sweep looks for: few rows are ever queued or running.
        Index(
            "ix_submissions_open",
            "status",
            "queued_at",
            sqlite_where=text("status IN ('queued', 'running')"),
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
        # What the console looks for: few of many.
        Index(
            "ix_submissions_faults",
            "status",
            "id",
            sqlite_where=text("status IN ('failed', 'error')"),
            postgresql_where=text("status IN ('failed', 'error')"),
        ),
        # SQLite would give a deleted submission's id, and with it its job's, to the next one.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    house: Mapped[str | None] = mapped_column(String(64))
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    attempt_no: Mapped[int]
    status: Mapped[str] = mapped_column(String(16), default="queued")
    # The task's version that it was accepted for: an edit changes nothing for what is on its way.
    task_version: Mapped[int] = mapped_column(default=1, server_default="1")
    # What was handed in: {"format": "joblib", "filename": ..., "sha256": ..., "size": ...}, {"code": ...},
    # {"query": ...} or {"answers": ...}
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    # The content handed in: the name of the file's blob, or the digest of what has no blob, such as code.
    blob_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    score: Mapped[float | None]
    passed: Mapped[bool | None]
    xp_awarded: Mapped[int] = mapped_column(default=0)
    execution_ms: Mapped[float | None]
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Who is evaluating it now, until when, and how often that has been tried.
    claim_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claims: Mapped[int] = mapped_column(default=0)
    dispatches: Mapped[int] = mapped_column(default=0)
    dispatched_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    # Set on one that is judged again: its learner's pages are told nothing of it.
    quiet = False

    user: Mapped[User | None] = relationship()
    task: Mapped[Task] = relationship()
    verdict: Mapped[VerdictRow | None] = relationship(back_populates="submission")

    def queue(self) -> str:
        """The name of the queue that its evaluation waits in."""
        return HOUSE if self.house else self.task.queue(self.payload)

    def shown(self) -> dict[str, Any]:
        """The submission as api.md writes it, with its verdict where there is one."""
        verdict = self.verdict
        return {
            "id": self.id,
            "user_id": self.user_id,
            "task_id": self.task_id,
            "task_kind": self.task.kind,
            f"{self.task.wing}_id": self.task_id,
            "attempt_no": self.attempt_no,
            "status": self.status,
            "score": self.score,
            "passed": self.passed,
            "xp_awarded": self.xp_awarded,
            "execution_ms": self.execution_ms,
            "queued_at": rfc3339(self.queued_at),
            "started_at": rfc3339(self.started_at),
            "finished_at": rfc3339(self.finished_at),
            "cases": verdict.cases if verdict else [],
            "report": verdict.report if verdict else {},
            "error": verdict.error if verdict else None,
            "reward": verdict.earned if verdict else {},
        }


class VerdictRow(Base):
    """The one verdict of a submission; the primary key is what makes it one."""

    __tablename__ = "verdicts"

    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    status: Mapped[str] = mapped_column(String(16))
    cases: Mapped[list[Any]] = mapped_column(Json, default=list)
    report: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    # What it paid: XP, badges, levels, as the live event tells it. {} where nothing was earned.
    earned: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    submission: Mapped[Submission] = relationship(back_populates="verdict")


# Who has tried so often without a pass is stuck, says the console.
STUCK_AFTER = 5
_STUCK = text(f"status <> 'completed' AND attempts >= {STUCK_AFTER}")


class Progress(Base):
    """Where a learner stands with one task."""

    __tablename__ = "progress"
    # The console looks for them each time it is opened: few of many.
    __table_args__ = (
        Index("ix_progress_stuck", "user_id", sqlite_where=_STUCK, postgresql_where=_STUCK),
    )

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    task_id: Mapped[int] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    status: Mapped[str] = mapped_column(String(16), default="started")
    attempts: Mapped[int] = mapped_column(default=0)
    best_score: Mapped[float | None]
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The number of the first attempt that passed; None also where no attempt did, as with a prize.
    passed_on: Mapped[int | None]


class FirstView(Base):
    """When a learner first opened a task's page. Who has begun needs none: `progress` has them."""

    __tablename__ = "first_views"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    task_id: Mapped[int] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def _event_name() -> str:
    return f"evt_{uuid.uuid4().hex}"


class JobEvent(Base):
    """The outbox: what other systems are told of a submission, written in the transaction that it tells of.

    `type` is "job-init" or "job-completed"; `round` is 0, or the rejudge that gave another verdict.
    `position` is its place in the order of all events and on the Redis stream; None until it is drained.
    """

    __tablename__ = "job_events"
    __table_args__ = (
        UniqueConstraint("submission_id", "type", "round"),
        Index(
            "ix_job_events_open",
            "id",
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
        # Old events go; their ids never come back.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # By which a reader knows a repetition.
    name: Mapped[str] = mapped_column(String(40), default=_event_name)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(16))
    round: Mapped[int] = mapped_column(default=0)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
