"""The secret address of a calendar."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import Base, UtcDateTime


class CalendarLink(Base):
    """Who shows the secret reads that user's calendar, and nothing else. Only its SHA-256 is kept: it has 256
    random bits, so that is enough. One a user: a new one ends the one before."""

    __tablename__ = "calendar_links"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    user: Mapped[User] = relationship()
