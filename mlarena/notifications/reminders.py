"""What nobody does and the clock tells: a streak that ends with this day."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.notifications.service import About, notify_each
from mlarena.rewards.models import LearnerTotals
from mlarena.rewards.streaks import local_day, streak_today

# In the evening there is still time; a streak of a day is none yet.
FROM_HOUR, TO_HOUR = 18, 22
WORTH_KEEPING = 2
STRETCH = 1000


def tell_streaks() -> int:
    """Everybody in whose evening it is, whose streak lasts and who has done nothing today. Commits."""
    now = utcnow()
    # Freezes may have carried it over some days.
    since = (now - timedelta(days=5)).date()
    told, after = 0, 0
    while True:
        rows = db.session.execute(
            select(User.id, User.timezone, LearnerTotals)
            .join(LearnerTotals, LearnerTotals.user_id == User.id)
            .where(LearnerTotals.last_active_day >= since, User.streak_shown)
            .where(LearnerTotals.current_streak >= WORTH_KEEPING, User.id > after)
            .order_by(User.id)
            .limit(STRETCH)
        ).all()
        pairs = [
            (user_id, _about(totals, now, zone))
            for user_id, zone, totals in rows
            if _ends_today(totals, now, zone)
        ]
        db.session.commit()
        notify_each(pairs, "streak", bulk=True)
        db.session.commit()
        told += len(pairs)
        if len(rows) < STRETCH:
            return told
        after = rows[-1].id


def _ends_today(totals: LearnerTotals, now: datetime, zone: str) -> bool:
    if not FROM_HOUR <= now.astimezone(ZoneInfo(zone)).hour < TO_HOUR:
        return False
    today = local_day(now, zone)
    if totals.last_active_day is None or totals.last_active_day >= today:
        return False
    # A freeze that is left would save it: nobody needs to be told.
    tomorrow = streak_today(totals, today + timedelta(days=1))
    return streak_today(totals, today) >= WORTH_KEEPING and tomorrow == 0


def _about(totals: LearnerTotals, now: datetime, zone: str) -> About:
    return About(
        f"streak:{local_day(now, zone).isoformat()}",
        f"Your {totals.current_streak}-day streak ends today",
        "One submission before midnight keeps it.",
        "/",
    )
