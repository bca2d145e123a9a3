"""What a learner has earned: the XP ledger, running totals, levels, streak days, badges."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, UtcDateTime


class Level(Base):
    """A learning level: it opens when its XP is reached."""

    __tablename__ = "levels"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    order: Mapped[int] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    required_xp: Mapped[int] = mapped_column(default=0)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "slug": self.slug,
            "order": self.order,
            "name": self.name,
            "description": self.description,
            "required_xp": self.required_xp,
        }


class XpEntry(Base):
    """One line of the XP ledger. `key` says what it is for ("task:7"): paid once per user and key."""

    __tablename__ = "xp_entries"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index(None, "user_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(64))
    amount: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class LearnerTotals(Base):
    """Running totals of one learner. `xp` always equals the sum of the ledger.

    `perfect` counts tasks, not submissions, that were once solved perfectly. The streak stands as it
    was on `last_active_day`: what it is worth today says `streaks.streak_today`.
    """

    __tablename__ = "learner_totals"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    xp: Mapped[int] = mapped_column(default=0)
    passed: Mapped[int] = mapped_column(default=0)
    perfect: Mapped[int] = mapped_column(default=0)
    current_streak: Mapped[int] = mapped_column(default=0)
    longest_streak: Mapped[int] = mapped_column(default=0)
    last_active_day: Mapped[date | None] = mapped_column(index=True)
    freezes: Mapped[int] = mapped_column(default=0)


class KindTotals(Base):
    """How many tasks of one kind ("quest", "quest:regression", ...) a learner has passed."""

    __tablename__ = "kind_totals"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    passed: Mapped[int] = mapped_column(default=0)


class ActivityDay(Base):
    """A day of the streak: one with an accepted submission, or one that a freeze saved (`frozen`).

    `day` is the learner's own date at `first_at` in `first_zone`. With the last activity that belongs to
    it, that is enough to work the streak out again from the start.
    """

    __tablename__ = "activity_days"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    submissions: Mapped[int] = mapped_column(default=0)
    frozen: Mapped[bool] = mapped_column(default=False)
    first_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_zone: Mapped[str | None] = mapped_column(String(64))
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_zone: Mapped[str | None] = mapped_column(String(64))


class Badge(Base):
    __tablename__ = "badges"
    # What a figure has just reached, and what it reaches next, are one step along this.
    __table_args__ = (Index(None, "condition_type", "condition_value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    icon: Mapped[str] = mapped_column(String(64), default="")
    condition_type: Mapped[str] = mapped_column(String(64))
    condition_value: Mapped[float]

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "slug": self.slug,
            "name": self.name,
            "description": self.description,
            "icon": self.icon,
            "condition_type": self.condition_type,
            "condition_value": self.condition_value,
        }


class UserBadge(Base):
    __tablename__ = "user_badges"
    __table_args__ = (Index(None, "user_id", "earned_at"),)

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    badge_id: Mapped[int] = mapped_column(
        ForeignKey("badges.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    earned_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    def shown(self, badge: Badge) -> dict[str, Any]:
        return badge.shown() | {"earned_at": rfc3339(self.earned_at)}
