"""Who talks to the bot as whom, what came from Telegram, and what is on its way there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import Base, Json, UtcDateTime

# Telegram's own numbers take up to 52 bits.
Number = BigInteger()
LEASED = text("done_at IS NULL AND lease_until IS NOT NULL")


class TelegramLink(Base):
    """A user's Telegram account: one of each. In a private chat its number is the chat's as well.

    A link made before the password was changed is dead, like a session or a token of then.
    """

    __tablename__ = "telegram_links"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    telegram_id: Mapped[int] = mapped_column(Number, unique=True)
    credentials_version: Mapped[int]
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    user: Mapped[User] = relationship()


class TelegramCode(Base):
    """A code that links, once, for minutes. Only its SHA-256 is kept; a new one takes the old one's place."""

    __tablename__ = "telegram_codes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TelegramUpdate(Base):
    """Something that Telegram told us; its number is what makes a repetition nothing. `payload` is emptied
    once it was handled: what people write is not kept."""

    __tablename__ = "telegram_updates"
    __table_args__ = (
        Index(
            "ix_telegram_updates_open",
            "update_id",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
        Index(None, "received_at"),
    )

    update_id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TelegramMessage(Base):
    """Something to say in a chat: it waits here until Telegram has it, however often that takes.

    `payload` is what the method is called with. `about` is what a reply to it is about. What is `joinable`
    may be put into one message with its neighbours. `key` says what must be said once.
    """

    __tablename__ = "telegram_messages"
    __table_args__ = (
        Index(
            "ix_telegram_messages_open",
            "priority",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        # What is being sent, found beside a hundred thousand that wait.
        Index(
            "ix_telegram_messages_leased",
            "chat_id",
            sqlite_where=LEASED,
            postgresql_where=LEASED,
        ),
        Index(None, "chat_id", "message_id"),
        Index(None, "done_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    chat_id: Mapped[int] = mapped_column(Number)
    method: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    about: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    priority: Mapped[int]
    joinable: Mapped[bool] = mapped_column(default=False)
    key: Mapped[str | None] = mapped_column(String(96), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Telegram's number of it; None where it was given up, and `error` says why.
    message_id: Mapped[int | None] = mapped_column(Number)
    error: Mapped[str | None] = mapped_column(String(200))


class TelegramTalk(Base):
    """A quiz on its way in a chat: what was answered so far, and which question is on."""

    __tablename__ = "telegram_talks"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    challenge_id: Mapped[int] = mapped_column(
        ForeignKey("challenges.id", ondelete="CASCADE"), index=True
    )
    version: Mapped[int]
    answers: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    # The question that is on; None once all are through and it is to be handed in.
    question: Mapped[int | None]
    # When the last answer was given: what was handed in before is another attempt, see quiz.hand_in.
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class TelegramAsk(Base):
    """A submission that was handed in by chat: its verdict is told there, as a reply."""

    __tablename__ = "telegram_asks"
    __table_args__ = (
        Index(
            "ix_telegram_asks_open",
            "submission_id",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )

    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    reply_to: Mapped[int | None] = mapped_column(Number)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
