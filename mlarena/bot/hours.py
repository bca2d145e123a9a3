"""Quiet hours of those whose notices wait for Telegram: routed in the evening, they may wait at night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import update

from mlarena.bot.models import TelegramMessage as Message
from mlarena.core.db import db
from mlarena.notifications.choices import wishes

# Whoever routed it has just looked at its reader's hours; what has waited so long is looked at again.
FRESH = timedelta(minutes=1)


def asleep(notices: Sequence[Message], now: datetime) -> dict[int, datetime]:
    """Whose hours are quiet by now, and when these end."""
    late = {
        row.user_id for row in notices if row.user_id is not None and row.created_at < now - FRESH
    }
    if not late:
        return {}
    found = wishes(late)
    return {one: found[one].awake(now) for one in late if one in found and found[one].quiet(now)}


def put_off(readers: dict[int, datetime], priority: int, now: datetime) -> None:
    """What is of that priority, or of less, waits until then. In the caller's transaction."""
    for user_id, until in readers.items():
        db.session.execute(
            update(Message)
            .where(Message.user_id == user_id, Message.priority >= priority)
            .where(Message.done_at.is_(None), Message.due_at <= now, Message.lease_until.is_(None))
            .values(due_at=until)
            .execution_options(synchronize_session=False)
        )
