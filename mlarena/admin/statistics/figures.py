"""The figures of one task, of everybody or of a cohort: a constant number of aggregates along indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    cast,
    func,
    literal,
    select,
    true,
    union,
)

from mlarena.admin.statistics import hard
from mlarena.admin.statistics.hard import Hard
from mlarena.cohorts.models import CohortMember
from mlarena.competitions.models import Member
from mlarena.core.db import db
from mlarena.submissions.models import FirstView, Progress, Submission, Task

BINS = 20
# Zones are apart by quarters of an hour.
QUARTER = 900
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# From here on attempts are counted together.
ATTEMPTS = (1, 2, 3, 4, 5, 6, 11, 21)


@dataclass(frozen=True)
class Funnel:
    """Learners: who opened the page, began (ran, took the data or a hint, registered), handed in, passed:
    None where there is no bar to pass."""

    viewed: int = 0
    started: int = 0
    submitted: int = 0
    passed: int | None = 0

    @property
    def steps(self) -> list[tuple[str, int]]:
        found = [
            ("Opened it", self.viewed),
            ("Began", self.started),
            ("Handed in", self.submitted),
        ]
        return found if self.passed is None else [*found, ("Passed", self.passed)]


@dataclass(frozen=True)
class Figures:
    funnel: Funnel
    # ("1", 17), …, ("6–10", 2): attempts that a first pass took, and how many learners
    attempts: list[tuple[str, int]]
    # of learners' best scores
    edges: list[float]
    counts: list[int]
    # handed in by hour of the day
    hours: list[int]
    hard: list[Hard]


def people(cohort_id: int | None) -> Any:
    """The user ids of a cohort's learners as a subquery; None: everybody."""
    if cohort_id is None:
        return None
    return select(CohortMember.user_id).where(
        CohortMember.cohort_id == cohort_id, CohortMember.left_at.is_(None)
    )


def of_task(task: Task, cohort_id: int | None, zone: str) -> Figures:
    """All of one task."""
    who = people(cohort_id)
    edges, counts = _scores(task.id, who)
    return Figures(
        funnel=_funnel(task, who),
        attempts=attempts_until_pass(_passes(task.id, who)),
        edges=edges,
        counts=counts,
        hours=hours(Submission.task_id == task.id, who, zone),
        hard=hard.of_task(task, _among(Submission.user_id, who)),
    )


def _among(column: Any, who: Any) -> ColumnElement[bool]:
    return true() if who is None else column.in_(who)


def _funnel(task: Task, who: Any) -> Funnel:
    row = db.session.execute(
        select(
            func.count(),
            func.count().filter(Progress.attempts > 0),
            func.count().filter(Progress.status == "completed"),
        ).where(Progress.task_id == task.id, _among(Progress.user_id, who))
    ).one()
    begun = select(Progress.user_id).where(
        Progress.task_id == task.id, _among(Progress.user_id, who)
    )
    entered = select(Member.user_id).where(
        Member.competition_id == task.id, _among(Member.user_id, who)
    )
    seen = select(FirstView.user_id).where(
        FirstView.task_id == task.id, _among(FirstView.user_id, who)
    )
    started = row[0]
    if task.kind == "competition":
        started = _count(union(begun, entered))
    passed = row[2] if task.has_a_bar else None
    return Funnel(_count(union(begun, entered, seen)), started, row[1], passed)


def _count(query: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def attempts_until_pass(counted: Iterable[tuple[int, int]]) -> list[tuple[str, int]]:
    """How many attempts first passes took, from (`passed_on`, how many learners)."""
    found = dict.fromkeys(ATTEMPTS, 0)
    for number, count in counted:
        found[max(low for low in ATTEMPTS if low <= number)] += count
    words = {
        low: str(low) if high == low + 1 else f"{low}–{high - 1}"
        for low, high in pairwise(ATTEMPTS)
    } | {ATTEMPTS[-1]: f"{ATTEMPTS[-1]} and more"}
    last = max((low for low, count in found.items() if count), default=0)
    return [(words[low], count) for low, count in found.items() if low <= last]


def _passes(task_id: int, who: Any) -> list[tuple[int, int]]:
    query = select(Progress.passed_on, func.count()).where(
        Progress.task_id == task_id, Progress.passed_on.is_not(None), _among(Progress.user_id, who)
    )
    rows = db.session.execute(query.group_by(Progress.passed_on))
    return [(number, count) for number, count in rows if number is not None]


def _scores(task_id: int, who: Any) -> tuple[list[float], list[int]]:
    """Learners' best scores in equal bins between the least and the greatest."""
    mine = Progress.task_id == task_id, Progress.best_score.is_not(None)
    among = _among(Progress.user_id, who)
    low, high = db.session.execute(
        select(func.min(Progress.best_score), func.max(Progress.best_score)).where(*mine, among)
    ).one()
    if low is None or high is None:
        return [], []
    width = (high - low) / BINS
    edges = [low + width * step for step in range(BINS)] + [high]
    if width == 0:
        edges = [low, high]
    last = len(edges) - 2
    counts = db.session.execute(
        select(
            *[
                func.count().filter(
                    and_(
                        Progress.best_score >= edges[step],
                        true() if step == last else Progress.best_score < edges[step + 1],
                    )
                )
                for step in range(last + 1)
            ]
        ).where(*mine, among)
    ).one()
    return edges, list(counts)


def hours(which: ColumnElement[bool], who: Any, zone: str) -> list[int]:
    """How much was handed in at each hour of the day, by the clocks of `zone` at that time."""
    quarter: Any
    if db.engine.dialect.name == "sqlite":
        seconds = cast(func.strftime("%s", Submission.queued_at), Integer)
        quarter = seconds - seconds % literal(QUARTER)
    else:
        quarter = func.date_bin(timedelta(seconds=QUARTER), Submission.queued_at, EPOCH)
    quarter = quarter.label("quarter")
    rows = db.session.execute(
        select(quarter, func.count())
        .where(which, Submission.user_id.is_not(None), _among(Submission.user_id, who))
        .group_by(quarter)
    )
    return by_hour(
        (
            (at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC), count)
            for at, count in rows
        ),
        zone,
    )


def by_hour(counted: Iterable[tuple[datetime, int]], zone: str) -> list[int]:
    """(when, how many) by the hour that clocks in `zone` showed then."""
    clock, found = ZoneInfo(zone), Counter[int]()
    for at, count in counted:
        found[at.astimezone(clock).hour] += count
    return [found[hour] for hour in range(24)]
