"""What forecasting pays: XP once a season for taking part, and once for beating the house over it."""

from __future__ import annotations

import time
from datetime import datetime

from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts.models import ForecastTotals, Match, Season
from mlarena.live import publish
from mlarena.rewards.service import reward_pass

TOOK_PART, TOOK_PART_XP = 10, 30
# So many scored forecasts make a season of one's own.
BEAT, BEAT_XP = 30, 100
AT_ONCE = 200
# Seconds; the job that pays has sixty.
LONGEST = 40.0


def pay_all() -> int:
    """The same until nobody is left, or it takes too long: after a matchday thousands may have earned it."""
    paid = 0
    until = time.monotonic() + LONGEST
    while (more := pay_due()) and time.monotonic() < until:
        paid += more
    return paid + more


def pay_due() -> int:
    """Pay who has earned something; how many times. Each payment is made once. Commits by learner."""
    now, paid = utcnow(), 0
    taking_part = select(ForecastTotals).where(
        ForecastTotals.rewarded == 0, ForecastTotals.entries >= TOOK_PART
    )
    for totals in db.session.scalars(taking_part.limit(AT_ONCE)).all():
        paid += _pay(totals, 1, TOOK_PART_XP, "Forecasts entered", "forecaster", now)
    to_come = select(Match.id).where(
        Match.season_id == ForecastTotals.season_id, Match.settled_at.is_(None)
    )
    ahead = select(ForecastTotals).where(
        ForecastTotals.rewarded == 1,
        ForecastTotals.entries >= BEAT,
        ForecastTotals.standing > 0,
        ~to_come.exists(),
    )
    for totals in db.session.scalars(ahead.limit(AT_ONCE)).all():
        paid += _pay(totals, 2, BEAT_XP, "The house beaten", "house_beaten", now)
    return paid


def _pay(
    totals: ForecastTotals, step: int, amount: int, reason: str, kind: str, now: datetime
) -> bool:
    user = db.session.get_one(User, totals.user_id)
    season = db.session.get_one(Season, totals.season_id)
    reward = reward_pass(
        user,
        key=f"forecasts:{season.id}:{step}",
        amount=amount,
        reason=f"{reason}: {season.league.name} {season.name}",
        kinds=(kind,),
        perfect=False,
        at=now,
    )
    totals.rewarded = step
    changes = [boards.add(name, user.id, amount, now) for name in ("global", "weekly") if reward.xp]
    db.session.commit()
    board_index.apply(changes)
    for change in changes:
        publish.board_changed(change.board)
    return bool(changes)
