"""Users and what proves that a request is theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, UtcDateTime

# In the order of the characters' numbers on both databases, so that its index finds beginnings too.
Key = String(256).with_variant(String(256, collation="C"), "postgresql")
ROLES = ("learner", "instructor", "admin")


class User(Base, UserMixin):
    """A person. `username_key` and `email_key` are what uniqueness and login look at."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('learner', 'instructor', 'admin')", name="role"),
        # SQLite would give a deleted user's id to the next one.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(Key, unique=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    full_name: Mapped[str] = mapped_column(String(128), default="")
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16), default="learner")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    kaggle_username: Mapped[str] = mapped_column(String(64), default="")
    # Whether the user stands on public boards.
    listed: Mapped[bool] = mapped_column(default=True)
    # Whether their streak is shown, to themselves and on their profile. It is counted all the same.
    streak_shown: Mapped[bool] = mapped_column(default=True, server_default=true())
    # Whether what they do stands in the feeds of activity.
    activity_shown: Mapped[bool] = mapped_column(default=True, server_default=true())
    # Changes with the password: every session and token made before stops working.
    credentials_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    def get_id(self) -> str:
        """What the session cookie holds: a changed password ends other sessions."""
        return f"{self.id}:{self.credentials_version}"

    def is_at_least(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)

    def public(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "username": self.username,
            "full_name": self.full_name,
            "created_at": rfc3339(self.created_at),
        }

    def private(self) -> dict[str, Any]:
        return self.public() | {
            "email": self.email,
            "role": self.role,
            "timezone": self.timezone,
            "kaggle_username": self.kaggle_username,
            "listed": self.listed,
            "streak_shown": self.streak_shown,
            "activity_shown": self.activity_shown,
        }


class LoginSession(Base):
    """One login, by browser or API: the cookie, or the two tokens, carry this id and die with it."""

    __tablename__ = "login_sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship()


class PersonalToken(Base):
    """A token for scripts. Only its SHA-256 is kept: it has 256 random bits, so that is enough."""

    __tablename__ = "personal_tokens"
    __table_args__ = (Index(None, "user_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship()
