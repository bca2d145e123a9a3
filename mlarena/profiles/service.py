"""What one person has grown, gathered from the rooms below in a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from mlarena.accounts.models import User
from mlarena.boards import service as boards
from mlarena.boards.names import BoardName
from mlarena.competitions import ratings
from mlarena.core.api import page_meta
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.core.evenly import evenly
from mlarena.forecasts import own as forecasting
from mlarena.rewards import badges, levels
from mlarena.rewards import service as rewards
from mlarena.rewards.badges import Locked
from mlarena.rewards.levels import UserLevel
from mlarena.rewards.models import Badge, KindTotals, LearnerTotals, UserBadge
from mlarena.rewards.streaks import local_day, streak_today
from mlarena.submissions.listing import Line, lines
from mlarena.submissions.models import Progress, Task

YEAR_DAYS = 371  # whole weeks, so that the calendar begins with a Monday's column
# The line of XP: so many lines of the ledger, and so many points of them.
MOST_XP = 1_000
MOST_POINTS = 60
LATEST_XP = 10
LATEST_SUBMISSIONS = 10
SOLVED_PER_PAGE = 20
LATEST_BADGES = 12
NEXT_BADGES = 6
BADGES_PER_PAGE = 48
# What the API's progress tells at once; every badge is at /badges, in pages.
MOST_BADGES = 100


@dataclass(frozen=True)
class Solved:
    """A task that was passed."""

    task_id: int
    kind: str
    title: str
    best_score: float | None
    completed_at: datetime | None

    @property
    def address(self) -> str:
        return BoardName.task_address(self.kind, self.task_id)

    @property
    def of_hundred(self) -> bool:
        return Task.class_of(self.kind).of_hundred


@dataclass(frozen=True)
class XpLine:
    """One line of the XP history."""

    at: datetime
    reason: str
    amount: int


@dataclass(frozen=True)
class Streak:
    """The streak as it stands today, and the days of the year."""

    current: int
    longest: int
    days: list[dict[str, Any]]


@dataclass(frozen=True)
class Profile:
    """One person, as `viewer` sees them.

    `streak` is None where it is not shown, `submissions` to those who may not see them, `rank` for who is
    not on the board of all XP; `next_badges` are told to oneself alone.
    """

    user: User
    own: bool
    totals: LearnerTotals
    level: UserLevel
    rank: int | None
    streak: Streak | None
    badges: list[tuple[UserBadge, Badge]]
    badge_count: int
    next_badges: list[Locked]
    growth: list[tuple[datetime, int]]
    ledger: list[XpLine]
    solved: list[Solved]
    solved_pages: dict[str, int]
    submissions: list[Line] | None
    rating: ratings.History | None
    forecasts: list[forecasting.SeasonOf]

    @property
    def begun(self) -> bool:
        """Whether there is anything to draw."""
        grown = self.totals.xp or self.totals.last_active_day or self.rating
        return bool(grown or self.solved or self.forecasts)


def person(user_id: int) -> User:
    """Raises NotFound for somebody who is not, or no longer, here."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def may_see_submissions(viewer: User | None, user: User) -> bool:
    """One's own, and everybody's for instructors."""
    return viewer is not None and (viewer.id == user.id or viewer.is_at_least("instructor"))


def profile(user_id: int, viewer: User | None, page: int = 1) -> Profile:
    """The profile of `user_id` as `viewer` (None: anyone) may see it, with page `page` of what they
    solved. Raises NotFound."""
    user, now = person(user_id), utcnow()
    totals = rewards.totals_of(user.id)
    own = viewer is not None and viewer.id == user.id
    standing = boards.standing("global", user.id)
    solved_tasks, pages = solved(user.id, page)
    facts = rewards.facts_of(totals) if own else None
    return Profile(
        user=user,
        own=own,
        totals=totals,
        level=levels.user_level(totals.xp),
        rank=standing.rank if standing else None,
        streak=_streak(user, totals, now) if user.streak_shown else None,
        badges=badges.earned(user.id, LATEST_BADGES),
        badge_count=badges.count_earned(user.id),
        next_badges=badges.nearest(user.id, facts)[:NEXT_BADGES] if facts else [],
        growth=growth(user, totals.xp, now),
        ledger=latest_xp(user.id),
        solved=solved_tasks,
        solved_pages=pages,
        submissions=lines(user.id, LATEST_SUBMISSIONS)
        if may_see_submissions(viewer, user)
        else None,
        rating=ratings.history(user.id),
        forecasts=forecasting.seasons_of(user.id),
    )


def _streak(user: User, totals: LearnerTotals, now: datetime) -> Streak:
    return Streak(
        current=streak_today(totals, local_day(now, user.timezone)),
        longest=totals.longest_streak,
        days=rewards.calendar(user, now, YEAR_DAYS) if totals.last_active_day else [],
    )


def growth(user: User, xp: int, now: datetime) -> list[tuple[datetime, int]]:
    """The person's XP over time: from their first day, or from the latest thousand gains, until now."""
    gains = rewards.gains(user.id, MOST_XP)
    if not gains:
        return []
    total = xp - sum(amount for _, amount in gains)
    points = [(min(user.created_at, gains[0][0]) if total == 0 else gains[0][0], total)]
    for at, amount in gains:
        total += amount
        points.append((at, total))
    return [*evenly(points, MOST_POINTS), (now, xp)]


def solved(user_id: int, page: int) -> tuple[list[Solved], dict[str, int]]:
    """A page of the published tasks this person has passed, the latest first; and the pages there are."""
    passed = (
        Progress.user_id == user_id,
        Progress.status == "completed",
        Task.status == "published",
    )
    query = select(Task).join(Progress, Progress.task_id == Task.id).where(*passed)
    total = db.session.scalar(query.with_only_columns(func.count())) or 0
    rows = db.session.execute(
        query.with_only_columns(
            Task.id, Task.kind, Task.title, Progress.best_score, Progress.completed_at
        )
        .order_by(Progress.completed_at.desc(), Task.id)
        .offset((page - 1) * SOLVED_PER_PAGE)
        .limit(SOLVED_PER_PAGE)
    )
    return [Solved(*row) for row in rows], page_meta(page, SOLVED_PER_PAGE, total)


@dataclass(frozen=True)
class BadgePage:
    """Some of all the badges there are, each with when the person earned it, and how far they are."""

    user: User
    own: bool
    rows: list[tuple[Badge, datetime | None, Locked]]
    earned: int
    meta: dict[str, int]


def badge_page(user_id: int, viewer: User | None, page: int) -> BadgePage:
    """A page of every badge, as `user_id` has them. Raises NotFound."""
    user = person(user_id)
    facts = rewards.facts_of(rewards.totals_of(user.id))
    found = badges.every_badge(user.id, (page - 1) * BADGES_PER_PAGE, BADGES_PER_PAGE)
    return BadgePage(
        user=user,
        own=viewer is not None and viewer.id == user.id,
        rows=[(badge, at, badges.locked(badge, facts)) for badge, at in found],
        earned=badges.count_earned(user.id),
        meta=page_meta(page, BADGES_PER_PAGE, badges.count_badges()),
    )


def latest_xp(user_id: int) -> list[XpLine]:
    """The latest XP of this person, newest first."""
    return [
        XpLine(datetime.fromisoformat(line["created_at"]), line["reason"], line["amount"])
        for line in rewards.ledger(user_id, LATEST_XP)
    ]


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
        "badges": [own.shown(badge) for own, badge in badges.earned(user.id, MOST_BADGES)],
        "levels": levels.level_path(totals.xp),
    }
