"""What the people of a cohort are told: announcements, and what is due within a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, String, and_, cast, func, literal, or_, select

from mlarena.accounts.models import User
from mlarena.cohorts.models import (
    Announcement,
    Assignment,
    AssignmentTask,
    Cohort,
    CohortMember,
    Extension,
)
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.templates import beginning
from mlarena.notifications.audiences import register_audience
from mlarena.notifications.models import Notification
from mlarena.notifications.service import About, broadcast, notify_each, take_back
from mlarena.submissions.models import Progress

COHORT = "cohort"
SOON = timedelta(days=1)
# Of a large cohort so many in one transaction.
STRETCH = 500


def connect() -> None:
    register_audience(COHORT, members)


def members(cohort_id: int) -> Select[Any]:
    return select(CohortMember.user_id).where(
        CohortMember.cohort_id == cohort_id, CohortMember.left_at.is_(None)
    )


def tell_announced(cohort: Cohort | None, said: Announcement) -> None:
    """In the transaction that publishes the announcement; without a cohort it is for everybody."""
    title = f"{cohort.title}: {said.title}" if cohort else said.title
    link = f"/cohorts/{cohort.id}" if cohort else f"/announcements#announcement-{said.id}"
    about = About(_key(said.id), title, beginning(said.body), link)
    broadcast("announcement", about, f"{COHORT}:{cohort.id}" if cohort else "everyone")


def take_back_announced(announcement_id: int) -> None:
    """In the transaction that withdraws it: who has not read it never will."""
    take_back("announcement", _key(announcement_id))


def tell_due() -> int:
    """Who has something left to do of what is due within a day, each told once; by the clock. Commits."""
    return sum(_tell_due_of(one) for one in _due_soon(utcnow()))


def _due_soon(now: datetime) -> list[Assignment]:
    """Assignments that are due soon for all, or for somebody with an extension."""
    extended = select(Extension.assignment_id).where(
        Extension.due_at > now, Extension.due_at <= now + SOON
    )
    own = and_(Assignment.due_at > now, Assignment.due_at <= now + SOON)
    return list(
        db.session.scalars(
            select(Assignment)
            .join(Cohort, Cohort.id == Assignment.cohort_id)
            .where(Cohort.archived_at.is_(None), or_(own, Assignment.id.in_(extended)))
            .where(or_(Assignment.opens_at.is_(None), Assignment.opens_at <= now))
            .order_by(Assignment.id)
        )
    )


def _tell_due_of(assignment: Assignment) -> int:
    told, after = 0, 0
    while True:
        rows = db.session.execute(_to_be_told(assignment, after)).all()
        pairs = [
            (row.id, About(row.about, f"“{assignment.title}” is due", _until(row.due, row.timezone),
                           f"/cohorts/{assignment.cohort_id}"))
            for row in rows
        ]  # fmt: skip
        db.session.commit()
        notify_each(pairs, "assignment_due", bulk=True)
        db.session.commit()
        told += len(pairs)
        if len(rows) < STRETCH:
            return told
        after = rows[-1].id


def _to_be_told(assignment: Assignment, after: int) -> Select[int, str, str, datetime]:
    """The next learners, in the order of their ids, for whom it is due soon and not done. Another deadline
    is another reminder."""
    now, due = utcnow(), func.coalesce(Extension.due_at, assignment.due_at)
    about = f"assignment:{assignment.id}"
    tasks = select(func.count()).where(AssignmentTask.assignment_id == assignment.id)
    done = (
        select(func.count())
        .select_from(AssignmentTask)
        .join(Progress, Progress.task_id == AssignmentTask.task_id)
        .where(AssignmentTask.assignment_id == assignment.id, Progress.status == "completed")
        .where(Progress.user_id == User.id)
        .correlate(User)
    )
    key = literal(f"{about}:") + cast(func.coalesce(Extension.user_id, 0), String)
    known = select(Notification.id).where(
        Notification.user_id == User.id,
        Notification.kind == "assignment_due",
        Notification.about == key,
    )
    return (
        select(User.id, User.timezone, key.label("about"), due.label("due"))
        .join(CohortMember, CohortMember.user_id == User.id)
        .outerjoin(
            Extension, and_(Extension.assignment_id == assignment.id, Extension.user_id == User.id)
        )
        .where(CohortMember.cohort_id == assignment.cohort_id, CohortMember.left_at.is_(None))
        .where(due > now, due <= now + SOON, User.id > after)
        .where(done.scalar_subquery() < tasks.scalar_subquery(), ~known.exists())
        .order_by(User.id)
        .limit(STRETCH)
    )


def _until(due: datetime, zone: str) -> str:
    return f"Until {due.astimezone(ZoneInfo(zone)):%d %b, %H:%M}."


def _key(announcement_id: int) -> str:
    return f"announcement:{announcement_id}"
