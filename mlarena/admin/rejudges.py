"""What may be judged again, and by whom: a submission, a task, the work of a cohort."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, select, true

from mlarena.accounts.models import User
from mlarena.cohorts import access
from mlarena.cohorts.models import Assignment, AssignmentTask, CohortMember, CohortStaff
from mlarena.core.api import LARGEST_ID
from mlarena.core.db import db
from mlarena.core.errors import Invalid, NotFound
from mlarena.submissions.models import Submission, Task
from mlarena.submissions.rejudging import asking
from mlarena.submissions.rejudging.models import Rejudge

SCOPES = ("submission", "task", "cohort")
NONE = "There is no such rejudge."


def ask(actor: User, scope: str, target_id: int, reason: str) -> Rejudge:
    """Have it judged again. Raises NotFound for what is not there or not theirs, and as `asking.ask`."""
    if scope not in SCOPES or not 0 < target_id <= LARGEST_ID:
        raise Invalid("Say what is to be judged again: a submission, a task or a cohort.")
    title, which = SCOPE[scope](actor, target_id)
    return asking.ask(actor, f"{scope}:{target_id}", title, which, reason)


def _submission(_actor: User, target_id: int) -> tuple[str, ColumnElement[bool]]:
    row = db.session.execute(
        select(Task.__table__.c.title, User.username)
        .join(Submission, Submission.task_id == Task.__table__.c.id)
        .join(User, User.id == Submission.user_id)
        .where(Submission.id == target_id)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such submission.")
    return f"{row.title}, submission {target_id} of {row.username}", Submission.id == target_id


def _task(_actor: User, target_id: int) -> tuple[str, ColumnElement[bool]]:
    tasks = Task.__table__.c
    title = db.session.scalar(select(tasks.title).where(tasks.id == target_id))
    if title is None:
        raise NotFound("There is no such task.")
    return title, Submission.task_id == target_id


def _cohort(actor: User, target_id: int) -> tuple[str, ColumnElement[bool]]:
    cohort = access.led(target_id, actor)
    members = select(CohortMember.user_id).where(
        CohortMember.cohort_id == target_id, CohortMember.left_at.is_(None)
    )
    tasks = (
        select(AssignmentTask.task_id)
        .join(Assignment, Assignment.id == AssignmentTask.assignment_id)
        .where(Assignment.cohort_id == target_id)
    )
    return cohort.title, and_(Submission.user_id.in_(members), Submission.task_id.in_(tasks))


SCOPE: dict[str, Any] = {"submission": _submission, "task": _task, "cohort": _cohort}


def find(rejudge_id: int, viewer: User) -> Rejudge:
    """One that the viewer may see and decide on: that of a cohort is its instructors'."""
    found = asking.find(rejudge_id)
    scope, _, target = found.about.partition(":")
    if scope == "cohort" and not access.leads(int(target), viewer):
        raise NotFound("There is no such rejudge.")
    return found


def listed(viewer: User) -> ColumnElement[bool]:
    """The same as a condition on Rejudge."""
    if viewer.is_at_least("admin"):
        return true()
    led = select("cohort:" + cast(CohortStaff.cohort_id, String)).where(
        CohortStaff.user_id == viewer.id
    )
    return Rejudge.about.not_like("cohort:%") | Rejudge.about.in_(led)
