"""What an instructor should look at today: a few constant queries, over the cohorts that they lead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import url_for
from sqlalchemy import and_, func, select

from mlarena.accounts.models import User
from mlarena.admin import rejudges
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.cohorts import access
from mlarena.cohorts.models import Assignment, AssignmentTask, Cohort, CohortMember
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts.names import waiting_names
from mlarena.reports import service as reports
from mlarena.submissions.models import STUCK_AFTER, Progress, Submission, Task
from mlarena.submissions.rejudging.models import Rejudge

FAULTS_OF = timedelta(days=14)
MOST_COUNTED = 1000
# A task few pass: of at least so many who tried, less than this share.
TRIED, PASSED = 5, 0.3
SHOWN = 8
AHEAD = timedelta(days=7)


@dataclass(frozen=True)
class Notice:
    """One line: what it is about (a word for its icon's colour), what to read, where to go."""

    tone: str
    word: str
    text: str
    url: str


def notices(viewer: User) -> list[Notice]:
    """What needs attention, the gravest first."""
    return [
        *_faults(),
        *_reported(),
        *_undecided(viewer),
        *_weak_cases(),
        *_few_pass(viewer),
        *_stuck(viewer),
        *_unmapped(),
    ]


def deadlines(viewer: User) -> list[Any]:
    """What is due in the cohorts they lead in the next days: (assignment, cohort id, cohort title)."""
    now = utcnow()
    return list(
        db.session.execute(
            select(Assignment, Cohort.id, Cohort.title)
            .join(Cohort, Cohort.id == Assignment.cohort_id)
            .where(access.led_by(viewer), Cohort.archived_at.is_(None))
            .where(Assignment.due_at > now, Assignment.due_at < now + AHEAD)
            .order_by(Assignment.due_at)
            .limit(SHOWN)
        )
    )


def _faults() -> list[Notice]:
    since = utcnow() - FAULTS_OF
    some = (
        select(Submission.id)
        .where(Submission.status == "error", Submission.user_id.is_not(None))
        .where(Submission.queued_at > since)
        .limit(MOST_COUNTED)
    )
    count = db.session.scalar(select(func.count()).select_from(some.subquery())) or 0
    if not count:
        return []
    many = f"{count:,} submissions were" if count > 1 else "One submission was"
    return [
        Notice(
            "danger",
            "Evaluations failed",
            f"{many} not evaluated in the last two weeks, by the arena’s own fault.",
            url_for("submissions_log.index", state="error"),
        )
    ]


def _reported() -> list[Notice]:
    count = reports.count_open(MOST_COUNTED)
    if not count:
        return []
    many = f"{count:,} reports of problems wait" if count > 1 else "A report of a problem waits"
    return [Notice("warning", "Reported", f"{many} for a reply.", url_for("reports_desk.index"))]


def _undecided(viewer: User) -> list[Notice]:
    found = db.session.scalars(
        select(Rejudge)
        .where(Rejudge.status == "judged", rejudges.listed(viewer))
        .order_by(Rejudge.id)
        .limit(SHOWN)
    )
    return [
        Notice(
            "warning",
            "Judged again",
            f"“{one.title}” waits for your decision.",
            url_for("rejudges.show", rejudge_id=one.id),
        )
        for one in found
    ]


def _weak_cases() -> list[Notice]:
    rows = db.session.execute(
        select(Task.__table__.c.id, Task.__table__.c.title, ChallengeVersion.warnings)
        .join(Challenge.__table__, Challenge.__table__.c.id == Task.__table__.c.id)
        .join(
            ChallengeVersion,
            and_(
                ChallengeVersion.challenge_id == Task.__table__.c.id,
                ChallengeVersion.number == Task.__table__.c.version,
            ),
        )
        .where(Task.__table__.c.status == "published")
        .order_by(Task.__table__.c.id)
    )
    weak = [(task_id, title, warnings) for task_id, title, warnings in rows if warnings]
    return [
        Notice(
            "warning",
            "Weak cases",
            f"“{title}”: {warnings[0]}",
            url_for("writing.edit", challenge_id=task_id),
        )
        for task_id, title, warnings in weak[:SHOWN]
    ]


def _assigned(viewer: User) -> Any:
    """Progress of the members of the cohorts one leads, on what is assigned there."""
    return (
        select(Progress.task_id)
        .join(CohortMember, CohortMember.user_id == Progress.user_id)
        .join(Cohort, Cohort.id == CohortMember.cohort_id)
        .join(Assignment, Assignment.cohort_id == Cohort.id)
        .join(
            AssignmentTask,
            and_(
                AssignmentTask.assignment_id == Assignment.id,
                AssignmentTask.task_id == Progress.task_id,
            ),
        )
        .join(Task.__table__, Task.__table__.c.id == Progress.task_id)
        .where(access.led_by(viewer), Cohort.archived_at.is_(None))
        .where(CohortMember.left_at.is_(None), Progress.attempts > 0)
    )


def _few_pass(viewer: User) -> list[Notice]:
    passed = func.count().filter(Progress.status == "completed")
    rows = db.session.execute(
        _assigned(viewer)
        .with_only_columns(Cohort.id, Cohort.title, Task.__table__.c.title, passed, func.count())
        .where(Task.__table__.c.kind != "competition")
        .group_by(Cohort.id, Cohort.title, Task.__table__.c.id, Task.__table__.c.title)
        .having(func.count() >= TRIED, passed < PASSED * func.count())
        .order_by(passed * 1.0 / func.count())
        .limit(SHOWN)
    )
    return [
        Notice(
            "warning",
            "Few pass",
            f"“{task}”: {done} of {tried} who tried, in {cohort}.",
            url_for("cohort_grades.progress", cohort_id=cohort_id),
        )
        for cohort_id, cohort, task, done, tried in rows
    ]


def _stuck(viewer: User) -> list[Notice]:
    rows = db.session.execute(
        _assigned(viewer)
        .join(User, User.id == Progress.user_id)
        .with_only_columns(
            Cohort.id, User.id, User.username, Task.__table__.c.title, Progress.attempts
        )
        .where(Progress.status != "completed", Progress.attempts >= STUCK_AFTER)
        .where(Task.__table__.c.kind != "competition")
        .distinct()
        .order_by(Progress.attempts.desc(), User.id)
        .limit(SHOWN)
    )
    return [
        Notice(
            "info",
            "Stuck",
            f"{name} has tried “{task}” {attempts} times.",
            url_for("cohort_grades.learner", cohort_id=cohort_id, user_id=user_id),
        )
        for cohort_id, user_id, name, task, attempts in rows
    ]


def _unmapped() -> list[Notice]:
    found = waiting_names()
    if not found:
        return []
    some = ", ".join(alias.name for alias in found[:5])
    return [
        Notice(
            "info",
            "Unmapped teams",
            f"{len(found)} team names of outside sources mean no team here yet: {some}.",
            url_for("forecasting.waiting"),
        )
    ]
