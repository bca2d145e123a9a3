"""What one person has grown, gathered from the rooms below in a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.rewards import badges, levels
from mlarena.rewards import service as rewards
from mlarena.rewards.levels import UserLevel
from mlarena.rewards.models import Badge, KindTotals, UserBadge
from mlarena.rewards.streaks import local_day, streak_today
from mlarena.submissions.listing import submissions_query
from mlarena.submissions.models import Progress, Submission, Task

STREAK_DAYS = 14
LATEST_XP = 20
LATEST_SUBMISSIONS = 10
MOST_SOLVED = 200


@dataclass(frozen=True)
class Solved:
    """A task that was passed."""

    task_id: int
    kind: str
    title: str
    best_score: float | None
    completed_at: datetime | None


@dataclass(frozen=True)
class XpLine:
    """One line of the XP history."""

    at: datetime
    reason: str
    amount: int


@dataclass(frozen=True)
class Profile:
    """One person, as their page shows them. `submissions` is None to those who may not see them."""

    user: User
    xp: int
    level: UserLevel
    current_streak: int
    longest_streak: int
    freezes: int
    days: list[dict[str, Any]]
    badges: list[tuple[UserBadge, Badge]]
    solved: list[Solved]
    ledger: list[XpLine]
    submissions: list[Submission] | None


def person(user_id: int) -> User:
    """Raises NotFound for somebody who is not, or no longer, here."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def may_see_submissions(viewer: User | None, user: User) -> bool:
    """One's own, and everybody's for instructors."""
    return viewer is not None and (viewer.id == user.id or viewer.is_at_least("instructor"))


def profile(user_id: int, viewer: User | None) -> Profile:
    """The profile of `user_id` as `viewer` (None: anyone) may see it. Raises NotFound."""
    user, now = person(user_id), utcnow()
    totals = rewards.totals_of(user.id)
    return Profile(
        user=user,
        xp=totals.xp,
        level=levels.user_level(totals.xp),
        current_streak=streak_today(totals, local_day(now, user.timezone)),
        longest_streak=totals.longest_streak,
        freezes=totals.freezes,
        days=rewards.calendar(user, now, STREAK_DAYS),
        badges=badges.earned(user.id),
        solved=solved(user.id),
        ledger=latest_xp(user.id),
        submissions=latest_submissions(user) if may_see_submissions(viewer, user) else None,
    )


def solved(user_id: int) -> list[Solved]:
    """The published tasks this person has passed, the latest first."""
    rows = db.session.execute(
        select(Task.id, Task.kind, Task.title, Progress.best_score, Progress.completed_at)
        .join(Progress, Progress.task_id == Task.id)
        .where(Progress.user_id == user_id, Progress.status == "completed")
        .where(Task.status == "published")
        .order_by(Progress.completed_at.desc(), Task.id)
        .limit(MOST_SOLVED)
    )
    return [Solved(*row) for row in rows]


def latest_xp(user_id: int) -> list[XpLine]:
    """The latest XP of this person, newest first."""
    return [
        XpLine(datetime.fromisoformat(line["created_at"]), line["reason"], line["amount"])
        for line in rewards.ledger(user_id, LATEST_XP)
    ]


def latest_submissions(user: User, limit: int = LATEST_SUBMISSIONS) -> list[Submission]:
    return list(db.session.scalars(submissions_query(user_id=user.id).limit(limit)))


def progress(user: User) -> dict[str, Any]:
    """What api.md calls one's progress."""
    totals = rewards.totals_of(user.id)
    level = levels.user_level(totals.xp)
    quests_completed = db.session.scalar(
        select(KindTotals.passed).where(KindTotals.user_id == user.id, KindTotals.kind == "quest")
    )
    return {
        "xp": totals.xp,
        "level": level.level,
        "next_level": {
            "level": level.level + 1,
            "required_xp": levels.level_starts_at(level.level + 1),
            "xp_into": level.into,
            "xp_needed": level.needed,
        },
        "current_streak": streak_today(totals, local_day(utcnow(), user.timezone)),
        "longest_streak": totals.longest_streak,
        "quests_completed": quests_completed or 0,
        "badges": [own.shown(badge) for own, badge in badges.earned(user.id)],
        "levels": levels.level_path(totals.xp),
    }
