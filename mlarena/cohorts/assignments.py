"""What a cohort is to do: assignments, their tasks, and another deadline for somebody."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import selectinload

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.cohorts import access, signals
from mlarena.cohorts.models import Assignment, AssignmentTask, Cohort, Extension
from mlarena.core.clock import rfc3339
from mlarena.core.db import db, hold
from mlarena.core.errors import Invalid, NotFound
from mlarena.submissions.models import Task

FIELDS = (
    *("title", "note", "opens_at", "due_at", "late_percent", "late_days"),
    *("counts", "partial", "weight"),
)
MOST_TASKS = 100
# Within these a deadline can be counted on from, on any clock.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
FAR = "Choose a day between the years 2000 and 2200."
MOST_ASSIGNMENTS = 100
# What cannot be handed in to here is no task to assign.
UNASSIGNED = ("kaggle",)


def of(cohort_id: int) -> list[Assignment]:
    """The cohort's assignments in their order, with their tasks: three queries."""
    return list(
        db.session.scalars(
            select(Assignment)
            .where(Assignment.cohort_id == cohort_id)
            .options(selectinload(Assignment.parts).selectinload(AssignmentTask.task))
            .order_by(Assignment.position, Assignment.id)
        )
    )


def find(cohort: Cohort, assignment_id: int) -> Assignment:
    """Raises NotFound for another cohort's."""
    found = db.session.get(Assignment, assignment_id)
    if found is None or found.cohort_id != cohort.id:
        raise NotFound("There is no such assignment in this cohort.")
    return found


def assignable(user: User) -> list[Any]:
    """The tasks that may be assigned, as (id, kind, title): what is published."""
    tasks = Task.__table__.c
    return list(
        db.session.execute(
            select(tasks.id, tasks.kind, tasks.title)
            .where(tasks.status == "published", tasks.kind.not_in(UNASSIGNED))
            .order_by(tasks.kind, tasks.position, tasks.title)
        )
    )


def titles(task_ids: Iterable[int]) -> dict[int, str]:
    """By id, of those that there are."""
    tasks = Task.__table__.c
    found = db.session.execute(select(tasks.id, tasks.title).where(tasks.id.in_(list(task_ids))))
    return {row.id: row.title for row in found}


def create(
    user: User, cohort: Cohort, fields: dict[str, Any], task_ids: dict[int, float]
) -> Assignment:
    """A new assignment of these tasks (id → points). Raises Invalid naming the fields. Commits."""
    count, last = db.session.execute(
        select(func.count(), func.max(Assignment.position)).where(Assignment.cohort_id == cohort.id)
    ).one()
    if count >= MOST_ASSIGNMENTS:
        raise Invalid.field("title", f"A cohort has at most {MOST_ASSIGNMENTS} assignments.")
    given = _checked(fields, None)
    parts = _parts(task_ids)
    made = Assignment(cohort_id=cohort.id, position=(last or 0) + 1, **given, parts=parts)
    db.session.commit()
    db.session.add(made)
    db.session.flush()
    audit.note(
        user,
        "assignment.create",
        f"cohort:{cohort.id}",
        assignment=made.id,
        **_told(given),
        tasks=sorted(task_ids),
    )
    _tell(cohort)
    db.session.commit()
    return made


def update(
    user: User, cohort: Cohort, assignment: Assignment, fields: dict[str, Any],
    task_ids: dict[int, float] | None = None, still: Callable[[], object] | None = None,
) -> Assignment:  # fmt: skip
    """Change fields and, where given, its tasks, as long as it is `still` what its editor has read (see
    `hold`). Raises Invalid. Commits; grades follow by themselves."""
    hold(assignment, still)
    try:
        given = _checked(fields, assignment)
        changed = _change(assignment, given, task_ids)
    except Invalid:
        db.session.rollback()
        raise
    if changed:
        audit.note(
            user,
            "assignment.change",
            f"cohort:{cohort.id}",
            assignment=assignment.id,
            **_told(changed),
        )
        _tell(cohort)
    db.session.commit()
    return assignment


def _change(
    assignment: Assignment, given: dict[str, Any], task_ids: dict[int, float] | None
) -> dict[str, Any]:
    """What is another now, by name."""
    changed = {name: value for name, value in given.items() if getattr(assignment, name) != value}
    for name, value in changed.items():
        setattr(assignment, name, value)
    if task_ids is not None:
        had = {part.task_id: part for part in assignment.parts}
        if {task_id: part.points for task_id, part in had.items()} != task_ids:
            fresh = _parts(task_ids, known=set(had))
            for part in fresh:
                if part.task_id in had:
                    had[part.task_id].points = part.points
                    had[part.task_id].position = part.position
            assignment.parts = [had.get(part.task_id, part) for part in fresh]
            changed["tasks"] = sorted(task_ids)
    return changed


def remove(user: User, cohort: Cohort, assignment: Assignment) -> None:
    """It goes, with its extensions and overrides; what was handed in stays. Commits."""
    audit.note(
        user,
        "assignment.delete",
        f"cohort:{cohort.id}",
        assignment=assignment.id,
        title=assignment.title,
    )
    db.session.delete(assignment)
    _tell(cohort)
    db.session.commit()


def order(user: User, cohort: Cohort, ids: list[int]) -> None:
    """Put the assignments in this order; those that are not named stay behind them. Commits."""
    places = {assignment_id: place for place, assignment_id in enumerate(ids)}
    for one in of(cohort.id):
        one.position = places.get(one.id, len(ids) + one.position)
    audit.note(user, "assignment.order", f"cohort:{cohort.id}", order=ids)
    db.session.commit()


def extend(
    actor: User, cohort: Cohort, assignment: Assignment, user_id: int, due_at: datetime, reason: str
) -> None:
    """Give one learner until `due_at`. Raises NotFound for who is not in the cohort, Invalid. Commits."""
    access.member_of(cohort.id, user_id)
    if assignment.due_at is None:
        raise Invalid.field("due_at", "This assignment has no deadline to extend.")
    if due_at > LATEST:
        raise Invalid.field("due_at", FAR)
    if due_at <= assignment.due_at:
        raise Invalid.field("due_at", "An extension ends after the deadline of all.")
    reason = " ".join(reason.split())[:300]
    known = db.session.get(Extension, (assignment.id, user_id))
    if known is None:
        known = Extension(assignment_id=assignment.id, user_id=user_id)
        db.session.add(known)
    known.due_at, known.reason = due_at, reason
    audit.note(
        actor,
        "assignment.extend",
        f"cohort:{cohort.id}",
        assignment=assignment.id,
        user_id=user_id,
        due_at=rfc3339(due_at),
        reason=reason,
    )
    _tell(cohort, user_id)
    db.session.commit()


def end_extension(actor: User, cohort: Cohort, assignment: Assignment, user_id: int) -> None:
    """The deadline of all holds for this learner again. Commits."""
    gone = db.session.execute(
        delete(Extension).where(
            Extension.assignment_id == assignment.id, Extension.user_id == user_id
        )
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotFound("This learner has no extension.")
    audit.note(
        actor,
        "assignment.unextend",
        f"cohort:{cohort.id}",
        assignment=assignment.id,
        user_id=user_id,
    )
    _tell(cohort, user_id)
    db.session.commit()


def extensions_of(
    assignment_ids: list[int], user_ids: list[int] | None = None
) -> dict[Any, datetime]:
    """(assignment id, user id) → the learner's own deadline."""
    query = select(Extension.assignment_id, Extension.user_id, Extension.due_at).where(
        Extension.assignment_id.in_(assignment_ids)
    )
    if user_ids is not None:
        query = query.where(Extension.user_id.in_(user_ids))
    return {(row[0], row[1]): row[2] for row in db.session.execute(query)}


def _tell(cohort: Cohort, user_id: int | None = None) -> None:
    """Grades follow: in the caller's transaction."""
    signals.grades_changing.send(Cohort, cohort_id=cohort.id, user_id=user_id)


def _parts(task_ids: dict[int, float], known: set[int] = frozenset()) -> list[AssignmentTask]:  # type: ignore[assignment]
    """The rows of these tasks. Published ones only, but for those that were in it before."""
    if not task_ids:
        raise Invalid.field("tasks", "Choose at least one task.")
    if len(task_ids) > MOST_TASKS:
        raise Invalid.field("tasks", f"An assignment has at most {MOST_TASKS} tasks.")
    if any(not math.isfinite(points) or not 0 <= points <= 1000 for points in task_ids.values()):
        raise Invalid.field("tasks", "A task’s points are a number from 0 to 1,000.")
    tasks = Task.__table__.c
    there = {
        row.id
        for row in db.session.execute(
            select(tasks.id, tasks.status, tasks.kind).where(tasks.id.in_(task_ids))
        )
        if row.id in known or (row.status == "published" and row.kind not in UNASSIGNED)
    }
    if missing := sorted(set(task_ids) - there):
        raise Invalid.field("tasks", f"There is no published task {missing[0]}.")
    return [
        AssignmentTask(task_id=task_id, points=points, position=place)
        for place, (task_id, points) in enumerate(task_ids.items())
    ]


def _checked(fields: dict[str, Any], known: Assignment | None) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    clean = dict(fields)
    if "title" in clean:
        clean["title"] = " ".join(str(clean["title"] or "").split())
        if not 1 <= len(clean["title"]) <= 128:
            errors["title"] = ["A title has 1 to 128 characters."]
    if len(clean.get("note") or "") > 10_000:
        errors["note"] = ["Use at most 10,000 characters."]
    for name, most, words in (
        ("late_percent", 100, "From 0 to 100 percent."),
        ("late_days", 365, "From 0 to 365 days."),
        ("weight", 1000, "From 0 to 1,000."),
    ):
        value = clean.get(name)
        if name in clean and (value is None or not math.isfinite(value) or not 0 <= value <= most):
            errors[name] = [words]
    if clean.get("counts", "best") not in ("best", "last"):
        errors["counts"] = ["Choose the best or the last attempt."]
    opens = clean.get("opens_at", known.opens_at if known else None)
    due = clean.get("due_at", known.due_at if known else None)
    for name, at in (("opens_at", opens), ("due_at", due)):
        if at is not None and not EARLIEST <= at <= LATEST:
            errors[name] = [FAR]
    if opens is not None and due is not None and due <= opens:
        errors["due_at"] = ["It has to be due after it opens."]
    if errors:
        raise Invalid("Some of the values are not right.", errors)
    return clean


def _told(fields: dict[str, Any]) -> dict[str, Any]:
    """As the audit log keeps them."""
    return {
        name: rfc3339(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if name != "note"
    }
