"""The submissions log: everybody's, filtered by anything, a page at a time without counting the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from mlarena.accounts.models import User
from mlarena.accounts.names import email_key, username_key
from mlarena.cohorts.models import CohortMember
from mlarena.core.api import LARGEST_ID
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.submissions.listing import Line
from mlarena.submissions.models import Submission, Task

STATES = {
    "queued": "In the queue",
    "running": "Being scored",
    "passed": "Passed",
    "missed": "Not there yet",
    "failed": "Failed",
    "error": "Our fault",
}
KINDS = {
    "quest": "Quests",
    "sql": "SQL challenges",
    "coding": "Python challenges",
    "knowledge": "Quizzes",
    "competition": "Competitions",
}


@dataclass(frozen=True)
class Wanted:
    """What the log is asked for. `person` is a user name or an e-mail address, `task` an id or words of a
    title, `since` and `until` are days in the asker's zone, `before` the id to go on from."""

    person: str = ""
    task: str = ""
    kind: str = ""
    state: str = ""
    cohort: int | None = None
    since: date | None = None
    until: date | None = None
    before: int | None = None

    @classmethod
    def of(cls, given: Any) -> Wanted:
        """From an address; what makes no sense there is not asked for."""

        def day(name: str) -> date | None:
            try:
                return date.fromisoformat(given.get(name, ""))
            except ValueError:
                return None

        def number(name: str) -> int | None:
            value: int | None = given.get(name, type=int)
            return value if value and 0 < value <= LARGEST_ID else None

        def words(name: str) -> str:
            return str(given.get(name, "")).replace("\0", "").strip()[:128]

        return cls(
            person=words("person"),
            task=words("task"),
            kind=words("kind") if words("kind") in KINDS else "",
            state=words("state") if words("state") in STATES else "",
            cohort=number("cohort"),
            since=day("since"),
            until=day("until"),
            before=number("before"),
        )

    def asked(self) -> dict[str, Any]:
        """As the address has it, without where one is."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in vars(self).items()
            if value and name != "before"
        }


@dataclass(frozen=True)
class LogLine(Line):
    """A line of everybody's log."""

    user_id: int = 0
    username: str = ""
    execution_ms: float | None = None
    claims: int = 0


def lines(wanted: Wanted, zone: str, limit: int) -> tuple[list[LogLine], int | None]:
    """The newest `limit` of what is wanted, and the id to go on from; None where that is all."""
    tasks = Task.__table__.c
    query = (
        select(
            Submission.id,
            Submission.attempt_no,
            tasks.title,
            Submission.queued_at,
            Submission.status,
            Submission.passed,
            Submission.score,
            Submission.xp_awarded,
            tasks.kind,
            User.id.label("user_id"),
            User.username,
            Submission.execution_ms,
            Submission.claims,
        )
        .join(Task.__table__, tasks.id == Submission.task_id)
        .join(User, User.id == Submission.user_id)
        .order_by(Submission.id.desc())
        .limit(limit + 1)
    )
    query = _filtered(query, wanted, zone)
    rows = db.session.execute(query).all()
    found = [LogLine(*row) for row in rows[:limit]]
    return found, found[-1].id if len(rows) > limit else None


HEADER = (
    *("id", "user_id", "username", "task", "kind", "attempt", "status", "passed", "score"),
    *("xp", "execution_ms", "handed_in"),
)
BATCH = 1000


def rows(wanted: Wanted, zone: str) -> Iterator[tuple[Any, ...]]:
    """All of what is wanted, the newest first, as HEADER names it: some at a time, and never all at once."""
    further = wanted.before
    while True:
        found, further = lines(replace(wanted, before=further), zone, BATCH)
        for line in found:
            yield (
                *(line.id, line.user_id, line.username, line.title, line.kind, line.attempt_no),
                *(line.status, line.passed, line.score, line.xp_awarded, line.execution_ms),
                rfc3339(line.queued_at),
            )
        db.session.rollback()  # no transaction stays open for as long as somebody downloads
        if further is None:
            return


def _filtered(query: Any, wanted: Wanted, zone: str) -> Any:
    tasks = Task.__table__.c
    if wanted.before:
        query = query.where(Submission.id < wanted.before)
    if wanted.person:
        key = or_(
            User.username_key == username_key(wanted.person),
            User.email_key == email_key(wanted.person),
        )
        # Ids first: the log is then read along that person's own index.
        people = db.session.scalars(select(User.id).where(key)).all()
        query = query.where(Submission.user_id.in_(people))
    if wanted.task.isdecimal() and int(wanted.task) <= LARGEST_ID:
        query = query.where(Submission.task_id == int(wanted.task))
    elif wanted.task:
        titled = select(tasks.id).where(tasks.title.icontains(wanted.task, autoescape=True))
        query = query.where(Submission.task_id.in_(db.session.scalars(titled).all()))
    if wanted.kind:
        query = query.where(tasks.kind == wanted.kind)
    if wanted.cohort:
        members = select(CohortMember.user_id).where(CohortMember.cohort_id == wanted.cohort)
        query = query.where(Submission.user_id.in_(members))
    if wanted.state in ("passed", "missed"):
        passed = Submission.passed.is_(wanted.state == "passed")
        query = query.where(Submission.status == "scored", passed)
    elif wanted.state:
        query = query.where(Submission.status == wanted.state)
    if wanted.since:
        query = query.where(Submission.queued_at >= _midnight(wanted.since, zone))
    if wanted.until:
        query = query.where(
            Submission.queued_at < _midnight(wanted.until + timedelta(days=1), zone)
        )
    return query


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone))
