"""The people of a cohort, for lists: who leads it, who is in it, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from mlarena.accounts.models import User
from mlarena.cohorts.models import CohortMember, CohortStaff
from mlarena.core.clock import rfc3339
from mlarena.core.db import db


@dataclass(frozen=True)
class Learner:
    """A member as lists show them."""

    user_id: int
    username: str
    full_name: str
    email: str
    nickname: str
    joined_at: datetime
    left_at: datetime | None

    @property
    def name(self) -> str:
        return self.full_name or self.username

    def shown(self) -> dict[str, Any]:
        return {
            "user_id": self.user_id,
            "username": self.username,
            "full_name": self.full_name,
            "email": self.email,
            "nickname": self.nickname,
            "joined_at": rfc3339(self.joined_at),
            "left_at": rfc3339(self.left_at),
        }


def _query(cohort_id: int, search: str = "", gone: bool = False) -> Any:
    query: Any = (
        select(
            User.id,
            User.username,
            User.full_name,
            User.email,
            CohortMember.nickname,
            CohortMember.joined_at,
            CohortMember.left_at,
        )
        .join(CohortMember, CohortMember.user_id == User.id)
        .where(CohortMember.cohort_id == cohort_id)
    )
    if not gone:
        query = query.where(CohortMember.left_at.is_(None))
    if search:
        # Of one cohort only, so a look at each name costs little.
        query = query.where(
            or_(
                User.username_key.contains(search.casefold(), autoescape=True),
                func.lower(User.full_name).contains(search.lower(), autoescape=True),
                User.email_key.contains(search.casefold(), autoescape=True),
            )
        )
    return query


def page(
    cohort_id: int, offset: int, limit: int, search: str = "", gone: bool = False
) -> tuple[list[Learner], int]:
    """`limit` learners from `offset`, by user name, and how many there are in all: two queries."""
    query = _query(cohort_id, search, gone)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = db.session.execute(query.order_by(User.username_key).offset(offset).limit(limit))
    return [Learner(*row) for row in rows], total


def after(cohort_id: int, user_id: int, limit: int) -> list[Learner]:
    """The next members behind that id, by id: for exports, which never hold all of them."""
    rows = db.session.execute(
        _query(cohort_id).where(User.id > user_id).order_by(User.id).limit(limit)
    )
    return [Learner(*row) for row in rows]


def some(cohort_id: int, user_ids: list[int]) -> list[Learner]:
    """Those of them who are in it now."""
    rows = db.session.execute(_query(cohort_id).where(User.id.in_(user_ids)).order_by(User.id))
    return [Learner(*row) for row in rows]


def one(cohort_id: int, user_id: int) -> Learner | None:
    """A member, gone or not."""
    row = db.session.execute(_query(cohort_id, gone=True).where(User.id == user_id)).one_or_none()
    return Learner(*row) if row else None


def staff(cohort_id: int) -> list[Any]:
    """Who leads it, as (id, username, full_name)."""
    return list(
        db.session.execute(
            select(User.id, User.username, User.full_name)
            .join(CohortStaff, CohortStaff.user_id == User.id)
            .where(CohortStaff.cohort_id == cohort_id)
            .order_by(CohortStaff.added_at, User.id)
        )
    )
