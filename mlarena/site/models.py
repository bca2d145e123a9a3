"""What the front page remembers: when somebody looked at it last, and where they stood then."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.db import Base, UtcDateTime


class Visit(Base):
    """One row a person: their first look at the front page on their latest day here, and on the day
    before that. It is written once a day, so that looking costs nothing."""

    __tablename__ = "visits"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    day: Mapped[date]
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rank: Mapped[int | None]
    before_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    before_rank: Mapped[int | None]
