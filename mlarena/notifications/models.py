"""What people are told, by which channels it still has to go out, and what they have chosen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, UtcDateTime
from mlarena.notifications.kinds import KINDS

UNROUTED = text("routed_at IS NULL")
UNREAD = text("read_at IS NULL AND shown AND burst_id IS NULL")
PERIODS = ("daily", "weekly")


class Notification(Base):
    """One thing that one user is told, once: `about` ("submission:7") is what makes it the same thing.

    It is written bare in the transaction in which it happens. Routing then settles, by what its user has
    chosen, whether it stands in the list (`shown`), whether it belongs to a burst (`burst_id` is the first
    of them, which stands there for all), and by which channels it goes out.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "about"),
        Index(None, "user_id", "id"),
        Index(
            "ix_notifications_unrouted", "bulk", "id",
            sqlite_where=UNROUTED, postgresql_where=UNROUTED,
        ),
        Index(
            "ix_notifications_unread", "user_id",
            sqlite_where=UNREAD, postgresql_where=UNREAD,
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    about: Mapped[str] = mapped_column(String(96))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(500), default="")
    # A path of ours; what it leads to may be gone by the time somebody follows it.
    link: Mapped[str] = mapped_column(String(200), default="")
    # One of very many: it waits behind what somebody has just done.
    bulk: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    routed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    shown: Mapped[bool] = mapped_column(default=False)
    burst_id: Mapped[int | None] = mapped_column(
        ForeignKey("notifications.id", ondelete="CASCADE"), index=True
    )
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    @property
    def icon(self) -> str:
        known = KINDS.get(self.kind)
        return known.icon if known else "bell"

    def json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "about": self.about,
            "title": self.title,
            "text": self.text,
            "link": self.link,
            "icon": self.icon,
            "created_at": rfc3339(self.created_at),
            "read_at": rfc3339(self.read_at),
        }


class Delivery(Base):
    """A notification that still has to go out by a channel. It goes when it has gone out."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (Index(None, "channel", "due_at"), Index(None, "user_id", "channel"))

    notification_id: Mapped[int] = mapped_column(
        ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Whoever sends it has it until then; after that it is anybody's again.
    taken_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)


class Choice(Base):
    """Whether a user wants a kind by a channel, where they have said so."""

    __tablename__ = "notification_choices"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    wanted: Mapped[bool]


class Habits(Base):
    """When somebody wants to be told: quiet from and to (minutes of their day), and when digests come.

    `confirmed_email` is the address that a mailed link has shown to be theirs: no digest goes anywhere else.
    """

    __tablename__ = "notification_habits"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    quiet_from: Mapped[int | None]
    quiet_to: Mapped[int | None]
    digest: Mapped[str] = mapped_column(String(8), default="daily")
    digest_hour: Mapped[int] = mapped_column(default=8)
    confirmed_email: Mapped[str | None] = mapped_column(String(254))


class Broadcast(Base):
    """One thing that very many are told. Its audience is written to in stretches; `reached` is how far."""

    __tablename__ = "notification_broadcasts"
    __table_args__ = (UniqueConstraint("kind", "about"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    about: Mapped[str] = mapped_column(String(96))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(500), default="")
    link: Mapped[str] = mapped_column(String(200), default="")
    audience: Mapped[str] = mapped_column(String(64))
    reached: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
