"""A rejudge and its submissions: what they had, what they would have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, Json, UtcDateTime
from mlarena.submissions.models import Submission

# judging → judged (somebody decides) → applying → applied; or discarded; or unchanged: nothing to decide
STATUSES = ("judging", "judged", "unchanged", "applying", "applied", "discarded")
# waiting → same | changed | error (the platform failed at it: its verdict stays); changed → applied | gone
STATES = ("waiting", "same", "changed", "error", "applied", "gone")


class Rejudge(Base):
    """Some submissions, judged again by what is asked now. Until it is applied nobody sees a thing."""

    __tablename__ = "rejudges"
    __table_args__ = (
        CheckConstraint(
            "status IN ('judging', 'judged', 'unchanged', 'applying', 'applied', 'discarded')",
            name="status",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # "task:7", "submission:9", "cohort:3"
    about: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(String(16), default="judging", index=True)
    total: Mapped[int] = mapped_column(default=0)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    by_name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "about": self.about,
            "title": self.title,
            "reason": self.reason,
            "status": self.status,
            "total": self.total,
            "by": self.by_name,
            "created_at": rfc3339(self.created_at),
            "finished_at": rfc3339(self.finished_at),
        }


class RejudgeItem(Base):
    """One submission of a rejudge. `before` and `after` are its verdicts, whole: the old one stays here."""

    __tablename__ = "rejudge_items"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'same', 'changed', 'error', 'applied', 'gone')", name="state"
        ),
        Index(None, "rejudge_id", "state", "submission_id"),
    )

    rejudge_id: Mapped[int] = mapped_column(
        ForeignKey("rejudges.id", ondelete="CASCADE"), primary_key=True
    )
    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    before: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    error: Mapped[str | None] = mapped_column(Text)
    # Who judges it now, until when, and how often that was tried.
    taken_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)

    rejudge: Mapped[Rejudge] = relationship()
    submission: Mapped[Submission] = relationship()
