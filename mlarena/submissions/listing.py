"""Which submissions a person may see, and lists of them in a constant number of queries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.submissions.models import Submission


def submissions_query(
    *, user_id: int | None = None, task_id: int | None = None, status: str | None = None
) -> Select[Any]:
    """Newest first, with task and verdict loaded along."""
    query = select(Submission).options(
        joinedload(Submission.task), joinedload(Submission.verdict), joinedload(Submission.user)
    )
    if user_id is not None:
        query = query.where(Submission.user_id == user_id)
    if task_id is not None:
        query = query.where(Submission.task_id == task_id)
    if status is not None:
        query = query.where(Submission.status == status)
    return query.order_by(Submission.id.desc())


def visible(submission_id: int, viewer: User) -> Submission:
    """One submission of the viewer's own, or any for an instructor; raises NotFound."""
    submission = db.session.scalar(submissions_query().where(Submission.id == submission_id))
    if submission is None or not (
        submission.user_id == viewer.id or viewer.is_at_least("instructor")
    ):
        raise NotFound("There is no such submission.")
    return submission
