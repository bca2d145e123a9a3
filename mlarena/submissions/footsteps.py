"""A learner's first steps with a task, before anything is handed in: opened, begun."""

from __future__ import annotations

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.submissions.models import FirstView, Progress, Task

log = structlog.get_logger(__name__)


def view(user: User | None, task: Task, begun: bool) -> None:
    """Note that a learner has opened the task's page, the first time. Who has `begun` is noted already.

    Writes once a learner and task, and never keeps the page from its reader. Commits.
    """
    if user is None or begun or user.role != "learner" or task.status != "published":
        return
    key = {"user_id": user.id, "task_id": task.id}
    try:
        if db.session.scalar(select(FirstView.at).filter_by(**key)) is not None:
            return
        db.session.commit()  # the reading is over: SQLite cannot upgrade it
        noted = insert(FirstView).values(**key, at=utcnow())
        db.session.execute(noted.on_conflict_do_nothing())
        db.session.commit()
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("a first view was not noted", error=type(error).__name__)


def start(user_id: int, task_id: int) -> None:
    """Note that the learner has begun, unless they are further already. Commits."""
    db.session.commit()
    db.session.execute(
        insert(Progress)
        .values(user_id=user_id, task_id=task_id, status="started", attempts=0)
        .on_conflict_do_nothing()
    )
    db.session.commit()
