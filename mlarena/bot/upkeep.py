"""What is over goes: codes, updates that Telegram no longer repeats, messages beyond replying to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from mlarena.bot.models import TelegramCode, TelegramMessage, TelegramTalk, TelegramUpdate
from mlarena.core.clock import utcnow
from mlarena.core.db import db

# Telegram keeps an update for a day (https://core.telegram.org/bots/api#getting-updates).
UPDATES = timedelta(days=2)
MESSAGES = timedelta(days=30)
TALKS = timedelta(days=7)


def tidy() -> int:
    """How many rows went. Commits."""
    now = utcnow()
    over: tuple[Any, ...] = (
        delete(TelegramCode).where(TelegramCode.expires_at < now),
        delete(TelegramUpdate).where(
            TelegramUpdate.received_at < now - UPDATES, TelegramUpdate.handled_at.is_not(None)
        ),
        delete(TelegramMessage).where(TelegramMessage.done_at < now - MESSAGES),
        delete(TelegramTalk).where(TelegramTalk.updated_at < now - TALKS),
    )
    gone = 0
    for statement in over:
        gone += db.session.execute(statement).rowcount  # type: ignore[attr-defined]
        db.session.commit()
    return gone
