"""An LMS, who of it is who here, what its links open, and the scores that it is owed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.cohorts.models import Assignment, Cohort
from mlarena.core.clock import utcnow
from mlarena.core.db import Base, Json, UtcDateTime
from mlarena.submissions.models import Task

# What a link opens; "" is nothing yet.
TARGETS = ("", "cohort", "assignment", "task")


class Platform(Base):
    """One registration at an LMS. `deployments` are the deployment ids that are accepted.

    `keys` is its JWKS as last read. The last fields are of sending scores: who does, and the rest after a
    failure.
    """

    __tablename__ = "lti_platforms"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    name: Mapped[str] = mapped_column(String(64))
    issuer: Mapped[str] = mapped_column(String(255))
    client_id: Mapped[str] = mapped_column(String(255))
    deployments: Mapped[list[str]] = mapped_column(Json, default=list)
    auth_url: Mapped[str] = mapped_column(String(2000))
    token_url: Mapped[str] = mapped_column(String(2000))
    keys_url: Mapped[str] = mapped_column(String(2000))
    # What the token door wants as audience, where it is not its own address.
    audience: Mapped[str] = mapped_column(String(2000), default="")
    is_on: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    keys: Mapped[dict[str, Any] | None] = mapped_column(Json)
    keys_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claim_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(default=0)
    rest_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    owner: Mapped[User | None] = relationship()


class Identity(Base):
    """Whom a platform calls `sub`. Of this registration, not of the issuer: whoever enters an LMS can write
    any issuer, and must not speak for another's people by it."""

    __tablename__ = "lti_identities"
    __table_args__ = (UniqueConstraint("platform_id", "sub"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("lti_platforms.id", ondelete="CASCADE"))
    sub: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    user: Mapped[User] = relationship()


class Link(Base):
    """A resource link of a course, and what it opens here. `kept_by` is the instructor who chose that, or
    who first came by it."""

    __tablename__ = "lti_links"
    __table_args__ = (
        UniqueConstraint("platform_id", "deployment_id", "resource_link_id", name="uq_lti_links"),
        CheckConstraint("target IN ('', 'cohort', 'assignment', 'task')", name="target"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("lti_platforms.id", ondelete="CASCADE"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    resource_link_id: Mapped[str] = mapped_column(String(255))
    context_id: Mapped[str] = mapped_column(String(255), default="")
    title: Mapped[str] = mapped_column(String(255), default="")
    context_title: Mapped[str] = mapped_column(String(255), default="")
    target: Mapped[str] = mapped_column(String(16), default="")
    cohort_id: Mapped[int | None] = mapped_column(
        ForeignKey("cohorts.id", ondelete="SET NULL"), index=True
    )
    assignment_id: Mapped[int | None] = mapped_column(
        ForeignKey("assignments.id", ondelete="SET NULL"), index=True
    )
    task_id: Mapped[int | None] = mapped_column(
        ForeignKey("tasks.id", ondelete="SET NULL"), index=True
    )
    kept_by: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    # Where its scores go (AGS): a line item of its own, or where one can be found or made.
    line_item: Mapped[str] = mapped_column(String(2000), default="")
    line_items: Mapped[str] = mapped_column(String(2000), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    platform: Mapped[Platform] = relationship()
    cohort: Mapped[Cohort | None] = relationship()
    assignment: Mapped[Assignment | None] = relationship()
    task: Mapped[Task | None] = relationship()

    @property
    def takes_scores(self) -> bool:
        return bool(self.line_item or self.line_items)


class Score(Base):
    """What a link's column owes one learner.

    Whatever may move the grade adds one to `asked`; computing it brings `seen` up to what it had read, so a
    word that comes meanwhile is not lost. `percent` is the grade of then, `sent_percent` what the LMS has.
    """

    __tablename__ = "lti_scores"
    __table_args__ = (
        UniqueConstraint("link_id", "user_id"),
        CheckConstraint("status IN ('none', 'waiting', 'sent', 'dead')", name="status"),
        Index(
            "ix_lti_scores_stale",
            "id",
            sqlite_where=text("asked > seen"),
            postgresql_where=text("asked > seen"),
        ),
        Index(
            "ix_lti_scores_waiting",
            "due_at",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("lti_links.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sub: Mapped[str] = mapped_column(String(255))
    asked: Mapped[int] = mapped_column(default=1)
    seen: Mapped[int] = mapped_column(default=0)
    percent: Mapped[float | None]
    sent_percent: Mapped[float | None]
    status: Mapped[str] = mapped_column(String(16), default="none")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What the last attempt came to, in words.
    said: Mapped[str] = mapped_column(Text, default="")

    link: Mapped[Link] = relationship()
    user: Mapped[User] = relationship()
