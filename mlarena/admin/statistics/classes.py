"""The figures of a cohort: its tasks side by side, and its day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, literal, null, select, union_all

from mlarena.admin.statistics import figures
from mlarena.admin.statistics.figures import Funnel
from mlarena.cohorts import matrix
from mlarena.cohorts.models import Cohort, CohortMember
from mlarena.competitions.models import Member
from mlarena.core.db import db
from mlarena.submissions.models import FirstView, Progress, Submission, Task


@dataclass(frozen=True)
class Row:
    """A task of the cohort, how far its learners came, and how much of it they have at the mean."""

    task_id: int
    title: str
    has_a_bar: bool
    funnel: Funnel
    mean_attempts: float | None
    mean_best: float | None


@dataclass(frozen=True)
class ClassFigures:
    learners: int
    tasks: list[Row]
    attempts: list[tuple[str, int]]
    hours: list[int]
    # How much learners have passed of what is assigned and has a bar: ("none", 3), ("up to 20 %", 7), …
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
    tasks, who = matrix.assigned(cohort.id), figures.people(cohort.id)
    learners = (
        db.session.scalar(
            select(func.count())
            .select_from(CohortMember)
            .where(CohortMember.cohort_id == cohort.id, CohortMember.left_at.is_(None))
        )
        or 0
    )
    found: dict[str, list[Any]] = defaultdict(list)
    barred = [number for number, task in tasks.items() if Task.class_of(task.kind).has_a_bar]
    if tasks:
        for row in db.session.execute(_counted(list(tasks), barred, who)):
            found[row.what].append(row)
    counted: dict[int, list[Any]] = defaultdict(list)
    for row in found["task"]:
        counted[row.key].append(row)
    only_seen = {row.key: row.n for row in found["seen"]}
    entered = {row.key: row.n for row in found["entered"]}
    return ClassFigures(
        learners,
        [
            _row(
                *(task_id, task.title, task_id in barred, counted[task_id]),
                *(only_seen.get(task_id, 0), entered.get(task_id, 0)),
            )
            for task_id, task in tasks.items()
        ],
        figures.attempts_until_pass(
            (row.passed_on, row.n) for row in found["task"] if row.passed_on is not None
        ),
        figures.hours(Submission.task_id.in_(tasks), who, cohort.timezone),
        _shares([row.passed for row in found["learner"]], len(barred), learners),
    )


def _counted(task_ids: list[int], barred: list[int], who: Any) -> Any:
    """Rows of four kinds, `what`. Progress is read once and counted twice: by task and the attempt that
    passed, and by learner, of the `barred` tasks; what was only looked at, or entered, is counted by task."""
    mine = (
        select(
            Progress.user_id,
            Progress.task_id,
            Progress.passed_on,
            Progress.attempts,
            Progress.best_score,
            case(  # a prize completes a competition: that is no pass
                (and_(Progress.status == "completed", Progress.task_id.in_(barred)), 1), else_=0
            ).label("passed"),
        )
        .where(Progress.task_id.in_(task_ids), Progress.user_id.in_(who))
        .cte("mine")
        .c
    )
    nothing = [null().label(name) for name in ("passed_on", "submitted", "passed", "attempts")]
    by_task = select(
        literal("task").label("what"),
        mine.task_id.label("key"),
        func.count().label("n"),
        mine.passed_on.label("passed_on"),
        func.count().filter(mine.attempts > 0).label("submitted"),
        func.sum(mine.passed).label("passed"),
        func.sum(mine.attempts).label("attempts"),
        func.count(mine.best_score).label("scored"),
        func.sum(mine.best_score).label("best"),
    ).group_by(mine.task_id, mine.passed_on)
    begun = and_(mine.user_id == FirstView.user_id, mine.task_id == FirstView.task_id)
    in_it = and_(Member.user_id == FirstView.user_id, Member.competition_id == FirstView.task_id)
    only_seen = (
        select(literal("seen"), FirstView.task_id, func.count(), *nothing, null(), null())
        .where(FirstView.task_id.in_(task_ids), FirstView.user_id.in_(who))
        .where(~select(mine.user_id).where(begun).exists())
        .where(~select(Member.user_id).where(in_it).exists())
        .group_by(FirstView.task_id)
    )
    handed_in = and_(mine.user_id == Member.user_id, mine.task_id == Member.competition_id)
    entered = (
        select(literal("entered"), Member.competition_id, func.count(), *nothing, null(), null())
        .where(Member.competition_id.in_(task_ids), Member.user_id.in_(who))
        .where(~select(mine.user_id).where(handed_in).exists())
        .group_by(Member.competition_id)
    )
    by_learner = select(
        *(literal("learner"), mine.user_id, func.count(), null(), null(), func.sum(mine.passed)),
        *(null(), null(), null()),
    ).group_by(mine.user_id)
    return union_all(by_task, only_seen, entered, by_learner)


def _row(
    task_id: int, title: str, has_a_bar: bool, counted: list[Any], seen: int, entered: int
) -> Row:
    """Of one task, from how many learners passed it on which attempt, or not; how many have only seen it,
    or entered it."""

    def total(name: str) -> float:
        return sum(getattr(row, name) or 0 for row in counted)

    begun, submitted = entered + int(total("n")), int(total("submitted"))
    scored = total("scored")
    return Row(
        task_id,
        title,
        has_a_bar,
        Funnel(seen + begun, begun, submitted, int(total("passed")) if has_a_bar else None),
        float(total("attempts")) / submitted if submitted else None,
        total("best") / scored if scored else None,
    )


def _shares(passed: list[int], tasks: int, learners: int) -> list[tuple[str, int]]:
    """How many learners have passed which part of the tasks, from what each who has begun has passed."""
    if not tasks:
        return []
    found = dict.fromkeys((word for _, word in SHARES), 0)
    for number in passed:
        found[next(word for most, word in SHARES if 100 * number / tasks <= most)] += 1
    found[SHARES[0][1]] += learners - len(passed)
    return list(found.items())
