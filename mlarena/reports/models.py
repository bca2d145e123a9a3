"""A report is what somebody says of a task; replies are what those who run the arena say to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, UtcDateTime
from mlarena.submissions.models import Task


class Report(Base):
    """Open until somebody who may says that it is done."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'closed')", name="status"),
        Index(None, "status", "id"),
        Index(None, "user_id", "id"),
        Index(None, "task_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(8), default="open")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    task: Mapped[Task] = relationship()
    user: Mapped[User] = relationship()
    replies: Mapped[list[ReportReply]] = relationship(
        order_by="ReportReply.id", passive_deletes=True
    )

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "task_id": self.task_id,
            "task": self.task.title,
            "user_id": self.user_id,
            "username": self.user.username,
            "text": self.text,
            "status": self.status,
            "created_at": rfc3339(self.created_at),
            "closed_at": rfc3339(self.closed_at),
            "replies": [reply.shown() for reply in self.replies],
        }


class ReportReply(Base):
    """`by_name` stays when whoever wrote it has left."""

    __tablename__ = "report_replies"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    by_name: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    def shown(self) -> dict[str, Any]:
        return {"by": self.by_name, "text": self.text, "created_at": rfc3339(self.created_at)}
