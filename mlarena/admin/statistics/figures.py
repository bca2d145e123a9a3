"""The figures of one task, of everybody or of a cohort: a constant number of aggregates along indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    cast,
    extract,
    func,
    literal,
    select,
    true,
    union,
)

from mlarena.challenges.models import Case, ChallengeVersion
from mlarena.cohorts.models import CohortMember
from mlarena.competitions.models import Member
from mlarena.core.db import db
from mlarena.submissions.models import FirstView, Progress, Submission, Task, VerdictRow

BINS = 20
# Zones are apart by quarters of an hour.
QUARTER = 900
# From here on attempts are counted together.
ATTEMPTS = (1, 2, 3, 4, 5, 6, 11, 21)
# So many of the latest verdicts tell which cases are hard.
LATEST = 500
SHOWN_CASES = 20
WITH_CASES = ("sql", "coding", "knowledge")


@dataclass(frozen=True)
class Funnel:
    """Learners: who opened the page, began (ran, took the data or a hint, registered), handed in, passed."""

    viewed: int = 0
    started: int = 0
    submitted: int = 0
    passed: int = 0

    @property
    def steps(self) -> list[tuple[str, int]]:
        return [
            ("Opened it", self.viewed),
            ("Began", self.started),
            ("Handed in", self.submitted),
            ("Passed", self.passed),
        ]


@dataclass(frozen=True)
class Hard:
    """A case, or a question, and how many of the latest attempts at this version it took."""

    name: str
    passed: int
    of: int

    @property
    def missed(self) -> float:
        return 1 - self.passed / self.of


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
        attempts=attempts_until_pass(Submission.task_id == task.id, who),
        edges=edges,
        counts=counts,
        hours=hours(Submission.task_id == task.id, who, zone),
        hard=_hard(task, who),
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
    return Funnel(_count(union(begun, entered, seen)), started, row[1], row[2])


def _count(query: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def attempts_until_pass(which: ColumnElement[bool], who: Any) -> list[tuple[str, int]]:
    """How many attempts first passes took; one for each learner and task that `which` takes."""
    firsts = (
        select(func.min(Submission.attempt_no).label("number"))
        .where(which, Submission.user_id.is_not(None), _among(Submission.user_id, who))
        .where(Submission.passed.is_(True))
        .group_by(Submission.user_id, Submission.task_id)
        .subquery()
    )
    rows = db.session.execute(select(firsts.c.number, func.count()).group_by(firsts.c.number))
    counted = dict.fromkeys(ATTEMPTS, 0)
    for number, count in rows:
        counted[max(low for low in ATTEMPTS if low <= number)] += count
    words = {
        low: str(low) if high == low + 1 else f"{low}–{high - 1}"
        for low, high in pairwise(ATTEMPTS)
    } | {ATTEMPTS[-1]: f"{ATTEMPTS[-1]} and more"}
    last = max((low for low, count in counted.items() if count), default=0)
    return [(words[low], count) for low, count in counted.items() if low <= last]


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
    if db.engine.dialect.name == "sqlite":
        seconds: Any = cast(func.strftime("%s", Submission.queued_at), Integer)
    else:
        seconds = cast(func.floor(extract("epoch", Submission.queued_at)), Integer)
    quarter = (seconds - seconds % literal(QUARTER)).label("quarter")
    rows = db.session.execute(
        select(quarter, func.count())
        .where(which, Submission.user_id.is_not(None), _among(Submission.user_id, who))
        .group_by(quarter)
    )
    return by_hour([(at, count) for at, count in rows], zone)


def by_hour(counted: Iterable[tuple[int, int]], zone: str) -> list[int]:
    """(seconds since 1970, how many) by the hour that clocks in `zone` showed then."""
    clock, found = ZoneInfo(zone), Counter[int]()
    for at, count in counted:
        found[datetime.fromtimestamp(at, UTC).astimezone(clock).hour] += count
    return [found[hour] for hour in range(24)]


def _hard(task: Task, who: Any) -> list[Hard]:
    """The cases of what is asked now, the hardest first, by the latest attempts at it."""
    if task.kind not in WITH_CASES:
        return []
    latest = (
        select(Submission.id)
        .where(Submission.task_id == task.id, Submission.user_id.is_not(None))
        .where(Submission.status == "scored", Submission.task_version == task.version)
        .where(_among(Submission.user_id, who))
        .order_by(Submission.id.desc())
        .limit(LATEST)
        .subquery()
    )
    told = select(VerdictRow.cases).join(latest, latest.c.id == VerdictRow.submission_id).subquery()
    each: Any
    if db.engine.dialect.name == "sqlite":
        each = func.json_each(told.c.cases).table_valued("value", name="one")
        number = cast(func.json_extract(each.c.value, "$.test_case_id"), Integer)
        passed = func.json_extract(each.c.value, "$.passed") == 1
    else:
        each = func.jsonb_array_elements(told.c.cases).table_valued("value", name="one")
        number = cast(func.jsonb_extract_path_text(each.c.value, "test_case_id"), Integer)
        passed = func.jsonb_extract_path_text(each.c.value, "passed") == "true"
    rows = db.session.execute(
        select(number, func.count().filter(passed), func.count())
        .select_from(told.join(each, true()))
        .group_by(number)
    ).all()
    names = _names(task)
    found = [Hard(names[row[0]], row[1], row[2]) for row in rows if row[0] in names]
    return sorted(found, key=lambda each: (-each.missed, each.name))[:SHOWN_CASES]


def _names(task: Task) -> dict[int, str]:
    """What the cases are called, by their ids: hidden ones too, for this is an instructor's page."""
    rows = db.session.execute(
        select(Case.id, Case.position, Case.content, Case.is_visible)
        .join(ChallengeVersion, ChallengeVersion.id == Case.version_id)
        .where(ChallengeVersion.challenge_id == task.id, ChallengeVersion.number == task.version)
        .order_by(Case.position)
    ).all()
    word = "Question" if task.kind == "knowledge" else "Case"
    first = min((row.position for row in rows), default=1)
    return {
        row.id: f"{word} {row.position - first + 1}"
        + (
            f": {said}"
            if (said := row.content.get("name") or row.content.get("prompt", ""))
            else ""
        )
        for row in rows
    }
