"""The figures of a cohort: its tasks side by side, and its day."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from mlarena.admin.statistics import figures
from mlarena.admin.statistics.figures import Funnel
from mlarena.cohorts import matrix
from mlarena.cohorts.models import Cohort, CohortMember
from mlarena.core.db import db
from mlarena.submissions.models import FirstView, Progress, Submission


@dataclass(frozen=True)
class Row:
    """A task of the cohort, how far its learners came, and how much of it they have at the mean."""

    task_id: int
    title: str
    funnel: Funnel
    mean_attempts: float | None
    mean_best: float | None


@dataclass(frozen=True)
class ClassFigures:
    learners: int
    tasks: list[Row]
    attempts: list[tuple[str, int]]
    hours: list[int]
    # Of all that is assigned, how many tasks learners have passed: ("0 %", 3), ("1–20 %", 7), …
    passed: list[tuple[str, int]]


SHARES = (
    (0, "none"),
    (20, "up to 20 %"),
    (40, "up to 40 %"),
    (60, "up to 60 %"),
    (80, "up to 80 %"),
    (100, "up to all"),
)


def of_cohort(cohort: Cohort) -> ClassFigures:
    """All of a cohort's assigned tasks, each once. A constant number of queries."""
    columns = matrix.columns(cohort.id)
    task_ids = [column.task_id for column in columns]
    who = figures.people(cohort.id)
    learners = (
        db.session.scalar(
            select(func.count())
            .select_from(CohortMember)
            .where(CohortMember.cohort_id == cohort.id, CohortMember.left_at.is_(None))
        )
        or 0
    )
    counted = {
        row.task_id: row
        for row in db.session.execute(
            select(
                Progress.task_id,
                func.count().label("started"),
                func.count().filter(Progress.attempts > 0).label("submitted"),
                func.count().filter(Progress.status == "completed").label("passed"),
                func.avg(Progress.attempts).filter(Progress.attempts > 0).label("attempts"),
                func.avg(Progress.best_score).label("best"),
            )
            .where(Progress.task_id.in_(task_ids), Progress.user_id.in_(who))
            .group_by(Progress.task_id)
        )
    }
    begun = select(Progress.user_id).where(
        Progress.user_id == FirstView.user_id, Progress.task_id == FirstView.task_id
    )
    only_seen = {
        row[0]: row[1]
        for row in db.session.execute(
            select(FirstView.task_id, func.count())
            .where(FirstView.task_id.in_(task_ids), FirstView.user_id.in_(who), ~begun.exists())
            .group_by(FirstView.task_id)
        )
    }
    rows = []
    for column in columns:
        row, seen = counted.get(column.task_id), only_seen.get(column.task_id, 0)
        funnel = (
            Funnel(seen + row.started, row.started, row.submitted, row.passed)
            if row
            else Funnel(seen)
        )
        rows.append(
            Row(
                column.task_id,
                column.title,
                funnel,
                float(row.attempts) if row and row.attempts is not None else None,
                row.best if row else None,
            )
        )
    which = Submission.task_id.in_(task_ids)
    return ClassFigures(
        learners,
        rows,
        figures.attempts_until_pass(which, who),
        figures.hours(which, who, cohort.timezone),
        _shares(task_ids, who, learners),
    )


def _shares(task_ids: list[int], who: object, learners: int) -> list[tuple[str, int]]:
    """How many learners have passed which part of the tasks."""
    if not task_ids:
        return []
    each = (
        select(func.count().label("passed"))
        .where(Progress.task_id.in_(task_ids), Progress.user_id.in_(who))  # type: ignore[arg-type]
        .where(Progress.status == "completed")
        .group_by(Progress.user_id)
        .subquery()
    )
    rows = db.session.execute(select(each.c.passed, func.count()).group_by(each.c.passed)).all()
    found = dict.fromkeys((word for _, word in SHARES), 0)
    for passed, count in rows:
        share = 100 * passed / len(task_ids)
        found[next(word for most, word in SHARES if share <= most)] += count
    found[SHARES[0][1]] += learners - sum(row[1] for row in rows)
    return list(found.items())
