"""A webhook is somebody's address; a delivery is one message to it, with what came of every attempt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, Json, UtcDateTime
from mlarena.submissions.models import JobEvent
from mlarena.submissions.outbox import COMPLETED, INIT

EVENTS = {INIT: "A submission was taken in", COMPLETED: "A submission has its verdict"}
PING = "ping"


class Webhook(Base):
    """`state`: on; off (its owner's wish); dead (it failed too often in a row, and its owner was told).

    `position` is the last event that was considered for it. While it is dead it stays, so that nothing is
    lost; while it is off nothing is considered. `salt` is what its secret is made from (signing.py),
    `old_salt` what signs beside it for a day after a rotation.
    """

    __tablename__ = "webhooks"
    __table_args__ = (CheckConstraint("state IN ('on', 'off', 'dead')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(String(2000))
    events: Mapped[list[str]] = mapped_column(Json, default=list)
    salt: Mapped[str] = mapped_column(String(32))
    old_salt: Mapped[str | None] = mapped_column(String(32))
    rotated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(8), default="on")
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    # Attempts that failed in a row, and until when it is left alone for that.
    failures: Mapped[int] = mapped_column(default=0)
    rest_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Who sends to it now, and until when: one at a time.
    claim_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    owner: Mapped[User] = relationship()

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "owner_id": self.owner_id,
            "name": self.name,
            "url": self.url,
            "events": self.events,
            "state": self.state,
            "failures": self.failures,
            "rest_until": rfc3339(self.rest_until),
            "created_at": rfc3339(self.created_at),
        }


class Delivery(Base):
    """One message. `name` is its id to the receiver, the same in every attempt; a ping has no event."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        CheckConstraint("status IN ('waiting', 'delivered', 'dead')", name="status"),
        Index(None, "webhook_id", "id"),
        Index(None, "event_id"),
        Index(
            "ix_webhook_deliveries_waiting",
            "webhook_id",
            "due_at",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("job_events.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The last attempts: {"at", "ms", "status", "error", "answer"}
    log: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)

    event: Mapped[JobEvent | None] = relationship()
    webhook: Mapped[Webhook] = relationship()

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "message_id": self.name,
            "type": self.kind,
            "status": self.status,
            "attempts": self.attempts,
            "due_at": rfc3339(self.due_at) if self.status == "waiting" else None,
            "created_at": rfc3339(self.created_at),
            "finished_at": rfc3339(self.finished_at),
            "log": self.log,
        }
