"""A class: its people, what they are to do until when, and what an instructor says of their grades."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import Base, UtcDateTime
from mlarena.submissions.models import Task

NAMES = ("usernames", "nicknames")


class Cohort(Base):
    """A class of learners who joined with its code. Deadlines are on the clocks of `timezone`."""

    __tablename__ = "cohorts"
    __table_args__ = (CheckConstraint("names IN ('usernames', 'nicknames')", name="names"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    # None: nobody joins by code any more.
    join_code: Mapped[str | None] = mapped_column(String(16), unique=True)
    # What stands on the cohort's board.
    names: Mapped[str] = mapped_column(String(16), default="usernames")
    # How many of the lowest assignments a total leaves out.
    drop_lowest: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CohortStaff(Base):
    """An instructor who leads the cohort, as well as whoever made it."""

    __tablename__ = "cohort_staff"

    cohort_id: Mapped[int] = mapped_column(
        ForeignKey("cohorts.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    user: Mapped[User] = relationship()


class CohortMember(Base):
    """A learner of the cohort. Who has left keeps the row: what they did is there when they come back."""

    __tablename__ = "cohort_members"

    cohort_id: Mapped[int] = mapped_column(
        ForeignKey("cohorts.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    nickname: Mapped[str] = mapped_column(String(40), default="")
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship()


class Assignment(Base):
    """Tasks to be done until a time, and what that brings.

    `late_percent` is taken off for each day begun after `due_at`, and `late_days` are accepted at all.
    `counts` is "best" or "last"; `partial`: a score below passing counts for what it is.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("counts IN ('best', 'last')", name="counts"),
        Index(None, "cohort_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(128))
    note: Mapped[str] = mapped_column(Text, default="")
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    late_percent: Mapped[float] = mapped_column(default=0.0)
    late_days: Mapped[int] = mapped_column(default=0)
    counts: Mapped[str] = mapped_column(String(8), default="best")
    partial: Mapped[bool] = mapped_column(default=True)
    weight: Mapped[float] = mapped_column(default=1.0)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    cohort: Mapped[Cohort] = relationship()
    parts: Mapped[list[AssignmentTask]] = relationship(
        order_by="AssignmentTask.position", cascade="all, delete-orphan", passive_deletes=True
    )

    def is_open(self, at: datetime) -> bool:
        return self.opens_at is None or self.opens_at <= at


class AssignmentTask(Base):
    """A task of an assignment. `points` is its share of the assignment's grade."""

    __tablename__ = "assignment_tasks"

    assignment_id: Mapped[int] = mapped_column(
        ForeignKey("assignments.id", ondelete="CASCADE"), primary_key=True
    )
    task_id: Mapped[int] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    points: Mapped[float] = mapped_column(default=1.0)
    position: Mapped[int] = mapped_column(default=0)

    task: Mapped[Task] = relationship()


class Extension(Base):
    """Another deadline for one learner. Late days count from it."""

    __tablename__ = "assignment_extensions"

    assignment_id: Mapped[int] = mapped_column(
        ForeignKey("assignments.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    user: Mapped[User] = relationship()


class GradeOverride(Base):
    """What an instructor has said of a grade, and why. The latest counts; the others are its trace.

    `percent` None lifts what was said before: the grade is computed again.
    """

    __tablename__ = "grade_overrides"
    __table_args__ = (Index(None, "assignment_id", "user_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    percent: Mapped[float | None]
    reason: Mapped[str] = mapped_column(String(300))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    by_name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class Announcement(Base):
    """A word to a cohort, or to everybody where it names none. `published_at` None: a draft."""

    __tablename__ = "announcements"
    __table_args__ = (Index(None, "cohort_id", "id"), Index(None, "published_at", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    cohort_id: Mapped[int | None] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(128))
    body: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    cohort: Mapped[Cohort | None] = relationship(lazy="joined")
