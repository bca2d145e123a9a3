"""Public events, each once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import Base, UtcDateTime

UNTOLD = text("told_at IS NULL")


class PublicEvent(Base):
    """Something that somebody did, or (`user_id` None) that happened. `about` makes it the same thing.

    Who does not want to be seen is left out when it is read, so that a change of mind counts at once.
    """

    __tablename__ = "public_events"
    __table_args__ = (
        Index(None, "at", "id"),
        Index(None, "user_id", "at"),
        Index("ix_public_events_untold", "id", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    link: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User | None] = relationship()
