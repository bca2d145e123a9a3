"""What happened to a learner since they were here last, in a constant number of queries.

All of it is read from what the database keeps anyway; only their rank of then is remembered (visits.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from mlarena.accounts.models import User
from mlarena.boards.names import BoardName
from mlarena.boards.service import BoardPage, BoardRow
from mlarena.core.db import db
from mlarena.rewards.models import Badge, UserBadge, XpEntry
from mlarena.site.visits import Last
from mlarena.submissions.models import Task

NAMED = 3


@dataclass(frozen=True)
class NewTask:
    title: str
    address: str


@dataclass(frozen=True)
class Since:
    """What is new since `at`. `rank_before` and `rank` are None where there is nothing to compare."""

    at: datetime
    xp: int
    rank_before: int | None
    rank: int | None
    passed_by: list[BoardRow]
    badges: list[Badge]
    tasks: list[NewTask]
    more_badges: int = 0
    more_tasks: int = 0

    @property
    def moved(self) -> int:
        """How many places up (below 0: down)."""
        if self.rank is None or self.rank_before is None:
            return 0
        return self.rank_before - self.rank

    @property
    def anything(self) -> bool:
        return bool(self.xp or self.moved or self.passed_by or self.badges or self.tasks)


def since(user: User, last: Last, near: BoardPage | None) -> Since:
    """What happened since `last`. `near` are the rows around the learner on the board of all XP, in which
    those who passed them are looked for; None for who does not stand there."""
    own = near.me if near else None
    badges, more_badges = _new_badges(user.id, last.at)
    tasks, more_tasks = _new_tasks(last.at)
    xp = xp_since(user.id, last.at)
    return Since(
        at=last.at,
        xp=xp,
        rank_before=last.rank,
        rank=own.rank if own else None,
        passed_by=_passed_by(near.rows, own, xp, last.at) if near and own else [],
        badges=badges,
        tasks=tasks,
        more_badges=more_badges,
        more_tasks=more_tasks,
    )


def xp_since(user_id: int, at: datetime) -> int:
    gained = select(func.coalesce(func.sum(XpEntry.amount), 0)).where(
        XpEntry.user_id == user_id, XpEntry.created_at > at
    )
    return int(db.session.scalar(gained) or 0)


def _passed_by(
    rows: tuple[BoardRow, ...], own: BoardRow, own_xp: int, at: datetime
) -> list[BoardRow]:
    """Who stands above now, and had less then."""
    then = own.score - own_xp
    above = rows[: rows.index(own)]
    rivals = [row for row in above if row.user_id and row.submitted_at > at]
    if then <= 0 or not rivals:
        return []
    gained = db.session.execute(
        select(XpEntry.user_id, func.sum(XpEntry.amount))
        .where(XpEntry.user_id.in_([row.user_id for row in rivals]), XpEntry.created_at > at)
        .group_by(XpEntry.user_id)
    )
    gains = {user_id: int(amount) for user_id, amount in gained}
    return [row for row in rivals if row.score - gains.get(row.user_id or 0, 0) < then]


def _new_badges(user_id: int, at: datetime) -> tuple[list[Badge], int]:
    new = (UserBadge.user_id == user_id, UserBadge.earned_at > at)
    rows = db.session.execute(
        select(Badge, func.count().over())
        .join(UserBadge, UserBadge.badge_id == Badge.id)
        .where(*new)
        .order_by(UserBadge.earned_at.desc(), Badge.id)
        .limit(NAMED)
    ).all()
    return [badge for badge, _ in rows], (rows[0][1] - len(rows) if rows else 0)


def _new_tasks(at: datetime) -> tuple[list[NewTask], int]:
    rows = db.session.execute(
        select(Task.kind, Task.id, Task.title, func.count().over())
        .where(Task.status == "published", Task.published_at > at)
        .order_by(Task.published_at.desc(), Task.id)
        .limit(NAMED)
    ).all()
    tasks = [
        NewTask(title, BoardName.task_address(kind, number)) for kind, number, title, _ in rows
    ]
    return tasks, (rows[0][3] - len(rows) if rows else 0)
