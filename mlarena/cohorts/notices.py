"""What the people of a cohort are told: announcements, and what is due within a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_, select

from mlarena.accounts.models import User
from mlarena.cohorts.models import (
    Announcement,
    Assignment,
    AssignmentTask,
    Cohort,
    CohortMember,
    Extension,
)
from mlarena.core.clock import rfc3339, utcnow
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
    return sum(_tell_due_of(one, due) for one, due in _due_soon(utcnow()))


def _due_soon(now: datetime) -> list[tuple[Assignment, datetime]]:
    """Assignments with each deadline of theirs that is soon: the one for all, and those of extensions."""
    soon = select(Assignment).join(Cohort, Cohort.id == Assignment.cohort_id)
    soon = soon.where(Cohort.archived_at.is_(None))
    soon = soon.where(or_(Assignment.opens_at.is_(None), Assignment.opens_at <= now))
    own = soon.add_columns(Assignment.due_at).where(
        Assignment.due_at > now, Assignment.due_at <= now + SOON
    )
    extended = (
        soon.add_columns(Extension.due_at)
        .join(Extension, Extension.assignment_id == Assignment.id)
        .where(Extension.due_at > now, Extension.due_at <= now + SOON)
    )
    found = {
        (one.id, due): (one, due)
        for query in (own, extended)
        for one, due in db.session.execute(query)
    }
    return [found[key] for key in sorted(found)]


def _tell_due_of(assignment: Assignment, due: datetime) -> int:
    """Another deadline is another reminder: it stands in the key, as Python writes it, so that every
    database has the same."""
    about, title = f"assignment:{assignment.id}:{rfc3339(due)}", f"“{assignment.title}” is due"
    link = f"/cohorts/{assignment.cohort_id}"
    told, after = 0, 0
    while True:
        rows = db.session.execute(_to_be_told(assignment, due, about, after)).all()
        pairs = [(row.id, About(about, title, _until(due, row.timezone), link)) for row in rows]
        db.session.commit()
        notify_each(pairs, "assignment_due", bulk=True)
        db.session.commit()
        told += len(pairs)
        if len(rows) < STRETCH:
            return told
        after = rows[-1].id


def _to_be_told(assignment: Assignment, due: datetime, about: str, after: int) -> Select[int, str]:
    """The next learners, in the order of their ids, for whom it is due at that time and not done."""
    tasks = select(func.count()).where(AssignmentTask.assignment_id == assignment.id)
    done = (
        select(func.count())
        .select_from(AssignmentTask)
        .join(Progress, Progress.task_id == AssignmentTask.task_id)
        .where(AssignmentTask.assignment_id == assignment.id, Progress.status == "completed")
        .where(Progress.user_id == User.id)
        .correlate(User)
    )
    known = select(Notification.id).where(
        Notification.user_id == User.id,
        Notification.kind == "assignment_due",
        Notification.about == about,
    )
    return (
        select(User.id, User.timezone)
        .join(CohortMember, CohortMember.user_id == User.id)
        .join(Assignment, Assignment.cohort_id == CohortMember.cohort_id)
        .outerjoin(
            Extension, and_(Extension.assignment_id == Assignment.id, Extension.user_id == User.id)
        )
        .where(Assignment.id == assignment.id, CohortMember.left_at.is_(None))
        .where(func.coalesce(Extension.due_at, Assignment.due_at) == due, User.id > after)
        .where(done.scalar_subquery() < tasks.scalar_subquery(), ~known.exists())
        .order_by(User.id)
        .limit(STRETCH)
    )


def _until(due: datetime, zone: str) -> str:
    return f"Until {due.astimezone(ZoneInfo(zone)):%d %b, %H:%M}."


def _key(announcement_id: int) -> str:
    return f"announcement:{announcement_id}"
