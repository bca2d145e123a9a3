"""A word in the evening to who has asked for it, when their streak would end at midnight."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.bot.linking import ALIVE, available
from mlarena.bot.models import TelegramLink
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.notifications.models import Choice
from mlarena.notifications.service import About, notify
from mlarena.rewards.models import LearnerTotals
from mlarena.rewards.streaks import local_day, streak_today

# From this hour of the learner's day on; who hands something in before is not disturbed.
FROM_HOUR = 18
# One day may be chance.
FEWEST_DAYS = 2


def remind() -> int:
    """Tell those whose streak is in danger, once a day; to how many. Commits.

    In danger: it stands, today has nothing yet, and tomorrow it would be over. A freeze that is left would
    save it, so nobody needs to be told.
    """
    if not available():
        return 0
    now = utcnow()
    query = (
        select(User, LearnerTotals)
        .join(TelegramLink, TelegramLink.user_id == User.id)
        .join(LearnerTotals, LearnerTotals.user_id == User.id)
        .join(Choice, Choice.user_id == User.id)
        .where(Choice.kind == "streak", Choice.channel == "telegram", Choice.wanted)
        .where(ALIVE, User.streak_shown, LearnerTotals.current_streak >= FEWEST_DAYS)
        .where(LearnerTotals.last_active_day >= (now - timedelta(days=5)).date())
    )
    told = [
        (user, totals) for user, totals in db.session.execute(query) if _danger(user, totals, now)
    ]
    db.session.commit()
    for user, totals in told:
        today = local_day(now, user.timezone)
        about = About(
            f"streak:{today}",
            f"Your streak of {totals.current_streak} days ends at midnight",
            "A quiz is enough to keep it: /quiz",
            "/challenges",
        )
        notify(user, "streak", about)
    db.session.commit()
    return len(told)


def _danger(user: User, totals: LearnerTotals, now: datetime) -> bool:
    today = local_day(now, user.timezone)
    if totals.last_active_day is None or totals.last_active_day >= today:
        return False
    tomorrow = today + timedelta(days=1)
    late = now.astimezone(ZoneInfo(user.timezone)).hour >= FROM_HOUR
    return late and streak_today(totals, today) > 0 and streak_today(totals, tomorrow) == 0
