"""Who has which grade, and how it was computed: the database's rows put through scoring/grades.py.

A page of learners costs the same few queries however many there are, and nothing computed is stored: a
rejudge, an extension or another weight is in the next reading.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.cohorts import access, assignments, signals
from mlarena.cohorts.models import Assignment, AssignmentTask, Cohort, GradeOverride
from mlarena.cohorts.people import Learner
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db
from mlarena.core.errors import Invalid
from mlarena.scoring import grades
from mlarena.submissions.models import Submission

# When it was handed in, its score, whether it passed, its number.
Judged = tuple[datetime, float, bool, int]


@dataclass(frozen=True)
class Plan:
    """How totals are made: the cohort's own way, or another one that is tried out."""

    weights: dict[int, float]
    drop: int

    @classmethod
    def of(cls, cohort: Cohort, given: Sequence[Assignment]) -> Plan:
        return cls({one.id: one.weight for one in given}, cohort.drop_lowest)


@dataclass(frozen=True)
class Cell:
    """One learner's grade of one assignment. `percent` None: it does not count yet, and `state` says why."""

    assignment: Assignment
    due: datetime | None
    extended: bool
    tasks: tuple[tuple[AssignmentTask, grades.TaskGrade], ...]
    computed: float
    percent: float | None
    override: GradeOverride | None
    state: str  # "not open", "not due", "missing", "graded", "overridden"

    @property
    def late(self) -> int:
        return max((grade.days_late for _, grade in self.tasks), default=0)

    @property
    def tried(self) -> int:
        return sum(grade.attempt is not None for _, grade in self.tasks)

    def shown(self) -> dict[str, Any]:
        return {
            "assignment_id": self.assignment.id,
            "title": self.assignment.title,
            "weight": self.assignment.weight,
            "due_at": rfc3339(self.due),
            "extended": self.extended,
            "state": self.state,
            "percent": rounded(self.percent),
            "computed": rounded(self.computed),
            "override": _shown_override(self.override),
            "tasks": [
                {
                    "task_id": part.task_id,
                    "title": part.task.title,
                    "points": part.points,
                    "attempts": grade.attempts,
                    "submitted_at": rfc3339(grade.attempt.at) if grade.attempt else None,
                    "submission_id": grade.attempt.number if grade.attempt else None,
                    "score_percent": rounded(100 * grade.attempt.credit) if grade.attempt else None,
                    "days_late": grade.days_late,
                    "percent": rounded(100 * grade.credit),
                }
                for part, grade in self.tasks
            ],
        }


@dataclass(frozen=True)
class Row:
    """A learner's line of the gradebook."""

    learner: Learner
    cells: tuple[Cell, ...]
    total: grades.Total

    def shown(self) -> dict[str, Any]:
        return {
            "user_id": self.learner.user_id,
            "username": self.learner.username,
            "full_name": self.learner.full_name,
            "total": rounded(self.total.percent),
            "dropped": sorted(self.total.dropped),
            "assignments": [cell.shown() for cell in self.cells],
        }


@dataclass
class Book:
    """A page of the gradebook."""

    assignments: list[Assignment]
    rows: list[Row] = field(default_factory=list)


def rounded(value: float | None) -> float | None:
    """Percents are told to a hundredth; what is computed with them is not rounded."""
    return None if value is None else round(value, 2)


def book(
    cohort: Cohort,
    learners: Sequence[Learner],
    given: list[Assignment] | None = None,
    at: datetime | None = None,
) -> Book:
    """The learners' grades as they stand at `at`: six queries, however many they are."""
    given = assignments.of(cohort.id) if given is None else given
    now = at or utcnow()
    user_ids = [learner.user_id for learner in learners]
    own_due = assignments.extensions_of([one.id for one in given], user_ids)
    said = _overrides([one.id for one in given], user_ids)
    handed_in = _attempts({part.task_id for one in given for part in one.parts}, user_ids)
    plan, found = Plan.of(cohort, given), Book(given)
    for learner in learners:
        cells = tuple(
            _cell(
                cohort,
                one,
                own_due.get((one.id, learner.user_id)),
                said.get((one.id, learner.user_id)),
                {part.task_id: handed_in[learner.user_id, part.task_id] for part in one.parts},
                now,
            )
            for one in given
        )
        found.rows.append(Row(learner, cells, total(cells, plan)))
    return found


def total(cells: Sequence[Cell], plan: Plan) -> grades.Total:
    items = [
        grades.Item(
            cell.assignment.id,
            plan.weights.get(cell.assignment.id, cell.assignment.weight),
            cell.percent,
        )
        for cell in cells
    ]
    return grades.total(items, plan.drop)


def _cell(
    cohort: Cohort,
    assignment: Assignment,
    own_due: datetime | None,
    override: GradeOverride | None,
    handed_in: dict[int, list[Judged]],
    now: datetime,
) -> Cell:
    due = own_due or assignment.due_at
    terms = grades.Terms(
        due=due,
        zone=cohort.timezone,
        late_percent=assignment.late_percent,
        late_days=assignment.late_days,
        counts="last" if assignment.counts == "last" else "best",
    )
    tasks = tuple(
        (
            part,
            grades.task_grade(
                [
                    grades.Attempt(at, _credit(part, score, passed, assignment.partial), number)
                    for at, score, passed, number in handed_in[part.task_id]
                ],
                terms,
                part.points,
            ),
        )
        for part in assignment.parts
    )
    computed = grades.assignment_percent([grade for _, grade in tasks])
    tried = any(grade.attempts for _, grade in tasks)
    percent: float | None = computed
    if override is not None:
        state, percent = "overridden", override.percent
    elif tried:
        state = "graded"
    elif not assignment.is_open(now):
        state, percent = "not open", None
    elif due is None or now <= due:
        state, percent = "not due", None
    else:
        state = "missing"
    return Cell(assignment, due, own_due is not None, tasks, computed, percent, override, state)


def _credit(part: AssignmentTask, score: float, passed: bool, partial: bool) -> float:
    credit = part.task.credit(score, passed)
    return credit if partial or credit >= 1 else 0.0


def _attempts(task_ids: set[int], user_ids: list[int]) -> dict[tuple[int, int], list[Judged]]:
    """Everything that was judged. What failed to load or was the platform's fault is no attempt here."""
    found: dict[tuple[int, int], list[Judged]] = defaultdict(list)
    if not task_ids or not user_ids:
        return found
    rows = db.session.execute(
        select(
            Submission.user_id,
            Submission.task_id,
            Submission.queued_at,
            Submission.score,
            Submission.passed,
            Submission.id,
        )
        .where(Submission.user_id.in_(user_ids), Submission.task_id.in_(task_ids))
        .where(Submission.status == "scored", Submission.score.is_not(None))
    )
    for user_id, task_id, at, score, passed, number in rows:
        if user_id is not None and score is not None:
            found[user_id, task_id].append((at, score, bool(passed), number))
    return found


def _overrides(
    assignment_ids: list[int], user_ids: list[int]
) -> dict[tuple[int, int], GradeOverride]:
    rows = db.session.scalars(
        select(GradeOverride)
        .where(GradeOverride.assignment_id.in_(assignment_ids))
        .where(GradeOverride.user_id.in_(user_ids))
        .order_by(GradeOverride.id)
    )
    latest = {(row.assignment_id, row.user_id): row for row in rows}
    return {key: row for key, row in latest.items() if row.percent is not None}


def trace(assignment_id: int, user_id: int) -> list[GradeOverride]:
    """Everything that was said of this grade, the latest first."""
    return list(
        db.session.scalars(
            select(GradeOverride)
            .where(GradeOverride.assignment_id == assignment_id)
            .where(GradeOverride.user_id == user_id)
            .order_by(GradeOverride.id.desc())
        )
    )


def override(
    actor: User,
    cohort: Cohort,
    assignment: Assignment,
    user_id: int,
    percent: float | None,
    reason: str,
) -> GradeOverride:
    """Say what a grade is, whatever was handed in; `percent` None: compute it again. Commits.

    Raises NotFound for who is not in the cohort (or has left it) and Invalid for the fields.
    """
    access.member_of(cohort.id, user_id)
    reason = " ".join(reason.split())
    if not 3 <= len(reason) <= 300:
        raise Invalid.field("reason", "Say why, in 3 to 300 characters: the learner reads it.")
    if percent is not None and not 0 <= percent <= 100:
        raise Invalid.field("percent", "A grade is from 0 to 100 percent.")
    said = GradeOverride(
        assignment_id=assignment.id,
        user_id=user_id,
        percent=percent,
        reason=reason,
        by_id=actor.id,
        by_name=actor.username,
    )
    db.session.add(said)
    audit.note(
        actor,
        "grade.override" if percent is not None else "grade.lift",
        f"cohort:{cohort.id}",
        assignment=assignment.id,
        user_id=user_id,
        percent=percent,
        reason=reason,
    )
    signals.grades_changing.send(Cohort, cohort_id=cohort.id, user_id=user_id)
    db.session.commit()
    return said


def _shown_override(row: GradeOverride | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "percent": row.percent,
        "reason": row.reason,
        "by": row.by_name,
        "at": rfc3339(row.created_at),
    }
