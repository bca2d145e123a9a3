"""Learners by tasks: how far everybody has come, a page of learners at a time, in a constant number of
queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, func, select

from mlarena.cohorts.models import Assignment, AssignmentTask, CohortMember
from mlarena.cohorts.people import Learner
from mlarena.core.db import db
from mlarena.submissions.models import Progress, Task


@dataclass(frozen=True)
class Column:
    """A task of the cohort. `passed` and `tried` count its members now."""

    task_id: int
    kind: str
    title: str
    passed: int
    tried: int


@dataclass(frozen=True)
class Line:
    """A learner; a mark for each task: "passed", "tried", "started" or "", with attempts and best score."""

    learner: Learner
    marks: tuple[tuple[str, int, float | None], ...]

    @property
    def passed(self) -> int:
        return sum(state == "passed" for state, _, _ in self.marks)


def assigned(cohort_id: int) -> dict[int, Row[tuple[int, str, str]]]:
    """The cohort's tasks (id, kind, title) by their ids, in the order of its assignments."""
    tasks = Task.__table__.c
    rows = db.session.execute(
        select(AssignmentTask.task_id, tasks.kind, tasks.title)
        .join(Assignment, Assignment.id == AssignmentTask.assignment_id)
        .join(Task.__table__, tasks.id == AssignmentTask.task_id)
        .where(Assignment.cohort_id == cohort_id)
        .order_by(Assignment.position, Assignment.id, AssignmentTask.position)
    )
    return {row.task_id: row for row in rows}


def columns(cohort_id: int) -> list[Column]:
    """The cohort's tasks in the order of its assignments, each once."""
    found = assigned(cohort_id)
    counted = _counts(cohort_id, list(found))
    return [
        Column(task_id, row.kind, row.title, *counted.get(task_id, (0, 0)))
        for task_id, row in found.items()
    ]


def lines(learners: Sequence[Learner], tasks: Sequence[Column]) -> list[Line]:
    """What each of these learners has done of these tasks: one query."""
    rows = db.session.execute(
        select(
            Progress.user_id,
            Progress.task_id,
            Progress.status,
            Progress.attempts,
            Progress.best_score,
        )
        .where(Progress.user_id.in_([learner.user_id for learner in learners]))
        .where(Progress.task_id.in_([task.task_id for task in tasks]))
    )
    done = {(row[0], row[1]): (_state(row[2], row[4]), row[3], row[4]) for row in rows}
    nothing: tuple[str, int, float | None] = ("", 0, None)
    return [
        Line(
            learner,
            tuple(done.get((learner.user_id, task.task_id), nothing) for task in tasks),
        )
        for learner in learners
    ]


def _state(status: str, best: float | None) -> str:
    if status == "completed":
        return "passed"
    return "started" if status == "started" else "tried"


def _counts(cohort_id: int, task_ids: list[int]) -> dict[int, tuple[int, int]]:
    rows: Any = db.session.execute(
        select(
            Progress.task_id,
            func.count().filter(Progress.status == "completed"),
            func.count().filter(Progress.attempts > 0),
        )
        .join(
            CohortMember,
            and_(CohortMember.user_id == Progress.user_id, CohortMember.cohort_id == cohort_id),
        )
        .where(CohortMember.left_at.is_(None), Progress.task_id.in_(task_ids))
        .group_by(Progress.task_id)
    )
    return {task_id: (passed, tried) for task_id, passed, tried in rows}
