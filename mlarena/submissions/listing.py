"""Which submissions a person may see, and lists of them in a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.submissions.models import Submission, Task


def submissions_query(
    *, user_id: int | None = None, task_id: int | None = None, status: str | None = None
) -> Select[Any]:
    """People's submissions, newest first, with task and verdict loaded along.

    The tasks by a statement of their own: joined, with the tables of every kind behind them, SQLite would
    put all tasks together first.
    """
    query = select(Submission).options(
        selectinload(Submission.task), joinedload(Submission.verdict), joinedload(Submission.user)
    )
    if user_id is not None:
        query = query.where(Submission.user_id == user_id)
    else:
        query = query.where(Submission.user_id.is_not(None))
    if task_id is not None:
        query = query.where(Submission.task_id == task_id)
    if status is not None:
        query = query.where(Submission.status == status)
    if user_id is not None and task_id is not None:
        # The same order, along the index of one's attempts at a task.
        return query.order_by(Submission.attempt_no.desc())
    return query.order_by(Submission.id.desc())


@dataclass(frozen=True)
class Line:
    """One line of a table of submissions."""

    id: int
    attempt_no: int
    title: str
    queued_at: datetime
    status: str
    passed: bool | None
    score: float | None
    xp_awarded: int
    kind: str

    @property
    def standing(self) -> str:
        """Its state as the pages draw it."""
        if self.status != "scored" or not Task.class_of(self.kind).has_a_bar:
            return self.status
        return "passed" if self.passed else "missed"

    @property
    def of_hundred(self) -> bool:
        return Task.class_of(self.kind).of_hundred


def lines(user_id: int, limit: int, offset: int = 0) -> list[Line]:
    """The user's latest submissions, for a table: reports and the tasks' texts stay where they are."""
    tasks = Task.__table__.c
    rows = db.session.execute(
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
        )
        .join(Task.__table__, tasks.id == Submission.task_id)
        .where(Submission.user_id == user_id)
        .order_by(Submission.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [Line(*row) for row in rows]


def visible(submission_id: int, viewer: User) -> Submission:
    """One submission of the viewer's own or their team's, or any for an instructor; raises NotFound."""
    submission = db.session.scalar(submissions_query().where(Submission.id == submission_id))
    if submission is None or not (
        submission.user_id == viewer.id
        or viewer.is_at_least("instructor")
        or submission.task.shares(submission, viewer)
    ):
        raise NotFound("There is no such submission.")
    return submission
