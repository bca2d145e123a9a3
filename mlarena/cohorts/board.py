"""The cohort's board: the all-time XP of its members, in the order of the board of all.

It keeps no rows of its own, so whatever moves the board of all, a rejudge too, has moved this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2s
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from mlarena.accounts.models import User
from mlarena.boards.models import BoardEntry
from mlarena.boards.service import Aim, BoardRow
from mlarena.cohorts import access
from mlarena.cohorts.models import Cohort, CohortMember
from mlarena.core.config import settings
from mlarena.core.db import db


@dataclass(frozen=True)
class MemberRow(BoardRow):
    """A member's row. Behind a nickname stands nobody's id: it is given to the reader of their own row."""

    @property
    def house(self) -> bool:
        return False


class CohortBoards:
    """The source of boards `cohort:ID`, see boards/names.py."""

    def stretch(
        self, target_id: int, start: int, count: int, user_id: int | None
    ) -> tuple[list[MemberRow], int, MemberRow | None]:
        size = db.session.scalar(
            select(func.count()).select_from(_standing(target_id, BoardEntry.id).subquery())
        )
        rows = _rows(target_id, start, count, user_id) if count else []
        place = _place(target_id, user_id)
        if place is None:
            return rows, size or 0, None
        if start <= place < start + len(rows):
            return rows, size or 0, rows[place - start]
        return rows, size or 0, next(iter(_rows(target_id, place, 1, user_id)), None)

    def around(self, target_id: int, user_id: int, n: int) -> list[MemberRow]:
        place = _place(target_id, user_id)
        if place is None:
            return []
        first = max(0, place - n)
        return _rows(target_id, first, place + n + 1 - first, user_id)


def _standing(cohort_id: int, *what: Any) -> Select[Any]:
    """The members who have XP and want to be seen."""
    return (
        select(*what)
        .select_from(CohortMember)
        .join(
            BoardEntry,
            and_(BoardEntry.board == "global", BoardEntry.user_id == CohortMember.user_id),
        )
        .where(CohortMember.cohort_id == cohort_id, CohortMember.left_at.is_(None))
        .where(BoardEntry.hidden.is_(False))
    )


ORDER = (BoardEntry.sort_key, BoardEntry.reached_at, BoardEntry.id)


def _rows(cohort_id: int, start: int, count: int, viewer_id: int | None) -> list[MemberRow]:
    found = db.session.execute(
        _standing(
            cohort_id,
            BoardEntry.user_id,
            BoardEntry.score,
            BoardEntry.reached_at,
            User.username,
            CohortMember.nickname,
            Cohort.names,
        )
        .join(User, User.id == CohortMember.user_id)
        .join(Cohort, Cohort.id == CohortMember.cohort_id)
        .order_by(*ORDER)
        .offset(start)
        .limit(count)
    )
    return [
        MemberRow(
            rank=rank,
            user_id=row.user_id if row.names == "usernames" or row.user_id == viewer_id else None,
            username=row.username
            if row.names == "usernames"
            else row.nickname or _nobody(cohort_id, row.user_id),
            score=row.score,
            submitted_at=row.reached_at,
        )
        for rank, row in enumerate(found, start + 1)
    ]


def _nobody(cohort_id: int, user_id: int) -> str:
    """What a member is called who has chosen no nickname: always the same, and it tells nobody who."""
    about = f"{cohort_id}:{user_id}".encode()
    key = settings().key().encode()[:32]
    return f"Member {blake2s(about, key=key, digest_size=2).hexdigest()}"


def _place(cohort_id: int, user_id: int | None) -> int | None:
    """The user's position from 0; None if they do not stand here."""
    if user_id is None:
        return None
    own = db.session.execute(
        _standing(cohort_id, *ORDER).where(CohortMember.user_id == user_id)
    ).one_or_none()
    if own is None:
        return None
    before = _standing(cohort_id, BoardEntry.id).where(_before(own))
    return db.session.scalar(select(func.count()).select_from(before.subquery()))


def _before(own: Any) -> ColumnElement[bool]:
    return or_(
        BoardEntry.sort_key < own.sort_key,
        and_(
            BoardEntry.sort_key == own.sort_key,
            or_(
                BoardEntry.reached_at < own.reached_at,
                and_(BoardEntry.reached_at == own.reached_at, BoardEntry.id < own.id),
            ),
        ),
    )


def visible(cohort_id: int, viewer: User | None) -> bool:
    if viewer is None or db.session.get(Cohort, cohort_id) is None:
        return False
    return access.is_member(cohort_id, viewer) or access.leads(cohort_id, viewer)


def title(cohort_id: int) -> str:
    return db.session.get_one(Cohort, cohort_id).title


def aim(_cohort_id: int) -> Aim:
    return Aim("XP")


def address(cohort_id: int) -> str:
    return url_for("cohorts.show", cohort_id=cohort_id)
