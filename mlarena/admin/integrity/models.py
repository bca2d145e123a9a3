"""Fingerprints of what was handed in, and the pairs that are alike."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.core.clock import utcnow
from mlarena.core.db import Base, UtcDateTime
from mlarena.submissions.models import Submission


class Fingerprint(Base):
    """What one submission is found again by: 64-bit hashes, packed. `basis` names how it was made, and with
    what discounted; another basis makes it anew."""

    __tablename__ = "fingerprints"

    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    basis: Mapped[str] = mapped_column(String(16))
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class LookedThrough(Base):
    """How far a task's submissions have been compared, and for which version of what it asks."""

    __tablename__ = "integrity_checks"

    task_id: Mapped[int] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    upto_id: Mapped[int]
    version: Mapped[int]
    learners: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class AlikePair(Base):
    """Two learners' submissions to one task, the earlier first. `shared` tokens are `share` of the shorter
    one's own; of identical files both say nothing. Set aside, it stays out of the list."""

    __tablename__ = "alike_pairs"
    __table_args__ = (
        UniqueConstraint("earlier_id", "later_id"),
        CheckConstraint("kind IN ('alike', 'identical')", name="kind"),
        Index(None, "task_id", "share"),
        Index(None, "share", "shared", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    earlier_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"))
    later_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(16))
    share: Mapped[float] = mapped_column(default=1.0)
    shared: Mapped[int] = mapped_column(default=0)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    aside_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    aside_by: Mapped[str | None] = mapped_column(String(64))
    aside_why: Mapped[str] = mapped_column(String(300), default="", server_default="")

    earlier: Mapped[Submission] = relationship(foreign_keys=[earlier_id])
    later: Mapped[Submission] = relationship(foreign_keys=[later_id])
