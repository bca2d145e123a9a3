"""A learner's view of their cohorts: what is to do until when, and how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from mlarena.accounts.models import User
from mlarena.boards.names import BoardName
from mlarena.cohorts import assignments
from mlarena.cohorts.models import Assignment, AssignmentTask, Cohort, CohortMember, Extension
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.submissions.models import Progress, Task


@dataclass(frozen=True)
class Step:
    """A task of an assignment, as its learner stands with it: passed, tried, started or open."""

    task_id: int
    kind: str
    title: str
    status: str
    available: bool

    @property
    def address(self) -> str:
        return BoardName.task_address(self.kind, self.task_id) if self.available else ""


@dataclass(frozen=True)
class ToDo:
    """An assignment for one learner."""

    assignment: Assignment
    due: datetime | None
    extended: bool
    steps: tuple[Step, ...]
    is_open: bool
    now: datetime

    @property
    def done(self) -> int:
        return sum(step.status == "passed" for step in self.steps)

    @property
    def over(self) -> bool:
        return self.due is not None and self.now > self.due


@dataclass(frozen=True)
class InCohort:
    """A cohort somebody is in: how many they are, and the next deadline that lies ahead."""

    cohort: Cohort
    members: int
    next_due: datetime | None


def cohorts_of(user: User) -> list[InCohort]:
    """The cohorts somebody is in: two queries."""
    members = (
        select(func.count())
        .select_from(CohortMember)
        .where(CohortMember.cohort_id == Cohort.id, CohortMember.left_at.is_(None))
        .correlate(Cohort)
        .scalar_subquery()
    )
    found = db.session.execute(
        select(Cohort, members)
        .where(
            Cohort.id.in_(
                select(CohortMember.cohort_id).where(
                    CohortMember.user_id == user.id, CohortMember.left_at.is_(None)
                )
            )
        )
        .order_by(Cohort.archived_at.is_not(None), Cohort.title, Cohort.id)
    ).all()
    following = _next_due([cohort.id for cohort, _ in found], user.id)
    return [InCohort(cohort, count, following.get(cohort.id)) for cohort, count in found]


def _next_due(cohort_ids: list[int], user_id: int) -> dict[int, datetime]:
    """By cohort the first deadline that lies ahead of this learner."""
    now, due = utcnow(), func.coalesce(Extension.due_at, Assignment.due_at)
    rows = db.session.execute(
        select(Assignment.cohort_id, func.min(due))
        .outerjoin(
            Extension,
            and_(Extension.assignment_id == Assignment.id, Extension.user_id == user_id),
        )
        .where(Assignment.cohort_id.in_(cohort_ids), due > now)
        .where(or_(Assignment.opens_at.is_(None), Assignment.opens_at <= now))
        .group_by(Assignment.cohort_id)
    )
    return dict(rows.all())


def to_do(cohort: Cohort, user_id: int) -> list[ToDo]:
    """The cohort's assignments for one learner; what has not opened shows no tasks."""
    now, given = utcnow(), assignments.of(cohort.id)
    own_due = assignments.extensions_of([one.id for one in given], [user_id])
    task_ids = [part.task_id for one in given for part in one.parts]
    rows = db.session.execute(
        select(Progress.task_id, Progress.status).where(
            Progress.user_id == user_id, Progress.task_id.in_(task_ids)
        )
    )
    stands = {row.task_id: row.status for row in rows}
    found = []
    for one in given:
        own = own_due.get((one.id, user_id))
        is_open = one.is_open(now)
        steps = tuple(_step(part, stands.get(part.task_id)) for part in one.parts)
        found.append(
            ToDo(one, own or one.due_at, own is not None, steps if is_open else (), is_open, now)
        )
    return found


def _step(part: AssignmentTask, status: str | None) -> Step:
    words = {"completed": "passed", "submitted": "tried", "started": "started"}
    task: Task = part.task
    return Step(
        task.id, task.kind, task.title, words.get(status or "", "open"), task.status == "published"
    )
