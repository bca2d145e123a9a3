"""When somebody looked at their front page last, and where they stood then.

Written on the first look of a day only, so that looking again tells of the same changes, and costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_

from mlarena.accounts.models import User
from mlarena.core.db import db, insert
from mlarena.rewards.streaks import local_day
from mlarena.site.models import Visit

# A look shortly after midnight still belongs to the evening.
SHORTEST_ABSENCE = timedelta(hours=4)
# Who was here before there were visits, or never on another day, hears of the last day.
USUALLY = timedelta(days=1)


@dataclass(frozen=True)
class Last:
    """The visit that today's is compared with. `rank` is None where they did not stand on the board, or
    nobody knows."""

    at: datetime
    rank: int | None = None


def look(user: User, now: datetime, rank: int | None) -> Last | None:
    """Note that `user` looks, standing at `rank`; returns their last visit before today.

    None for somebody's first day: nothing has changed since. Commits.
    """
    today = local_day(now, user.timezone)
    visit = db.session.get(Visit, user.id)
    if visit is None or (today > visit.day and now - visit.seen_at >= SHORTEST_ABSENCE):
        visit = _begin_day(user.id, Visit(user_id=user.id, day=today, seen_at=now, rank=rank))
    if visit.before_at is not None:
        return Last(visit.before_at, visit.before_rank)
    return Last(now - USUALLY) if user.created_at <= now - USUALLY else None


def _begin_day(user_id: int, new: Visit) -> Visit:
    """Of two looks at once the first one begins the day; both are told the same."""
    fresh = insert(Visit).values(user_id=user_id, day=new.day, seen_at=new.seen_at, rank=new.rank)
    begun = fresh.on_conflict_do_update(
        index_elements=["user_id"],
        set_={
            "day": new.day,
            "seen_at": new.seen_at,
            "rank": new.rank,
            "before_at": Visit.seen_at,
            "before_rank": Visit.rank,
        },
        where=and_(Visit.day < new.day),
    )
    db.session.execute(begun)
    db.session.commit()
    return db.session.get_one(Visit, user_id, populate_existing=True)
