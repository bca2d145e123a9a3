"""The one way in: store what was handed in, commit the row, then tell the queue."""

from __future__ import annotations

from typing import Any, BinaryIO

import structlog
from sqlalchemy import case, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db, insert, made_once
from mlarena.core.errors import Conflict, Forbidden, NotFound
from mlarena.core.storage import storage
from mlarena.submissions import dispatch, outbox, signals
from mlarena.submissions.models import Progress, Submission, Task
from mlarena.submissions.queues import HOUSE
from mlarena.submissions.times import require_open

log = structlog.get_logger(__name__)


def accept(
    user: User,
    task: Task,
    payload: dict[str, Any],
    artifact: BinaryIO | None = None,
    largest: int | None = None,
    digest: str | None = None,
    most_attempts: int | None = None,
) -> Submission:
    """Take one submission in: artifact, progress and the `queued` row in one transaction.

    `payload` is small and JSON-able; `artifact` is the file, read to the end, of at most `largest`
    bytes (None: the installation's limit). What comes in `payload` alone, such as code, is told from
    other content by its `digest` (SHA-256). `most_attempts` is how many the task takes of one learner,
    ever. Raises NotFound for a task that is not published, TooLarge, Forbidden when all attempts are
    used or the task itself refuses, and Conflict when the same content of the same learner is being
    evaluated at this moment or the task has closed. Whatever is raised, nothing is stored.
    """
    if task.status != "published":
        raise NotFound("There is no such task.")
    require_open(user, task)
    user_id, task_id, now = user.id, task.id, utcnow()
    # Reads are over: the transaction below begins with a write (SQLite cannot upgrade one).
    db.session.commit()
    try:
        task.admit(user_id)
        sha256 = digest
        if artifact is not None:
            blob = storage().put(artifact, largest or settings().max_upload_bytes)
            sha256 = blob.sha256
            payload = payload | {"sha256": sha256, "size": blob.size}
        attempt_no = _count_attempt(user_id, task_id)
        if most_attempts is not None:
            _require_attempts_left(user_id, task_id, most_attempts)
        submission = Submission(
            user_id=user_id,
            task_id=task_id,
            task_version=task.version,
            attempt_no=attempt_no,
            payload=payload,
            blob_sha256=sha256,
            queued_at=now,
            dispatched_at=now,
        )
        db.session.add(submission)
        db.session.flush()
        outbox.queued(submission, task, now)
        signals.accepted.send(Submission, submission=submission)
        db.session.commit()
        # Who asks for it next has both at hand, and no verdict is there yet: nothing to be read.
        for name, value in (("user", user), ("task", task), ("verdict", None)):
            set_committed_value(submission, name, value)
    except IntegrityError:
        db.session.rollback()
        if db.session.scalar(select(Task.id).where(Task.id == task_id)) is None:
            raise NotFound("There is no such task.") from None  # deleted at this very moment
        what = "file" if artifact is not None else next(iter(payload))
        raise Conflict(
            f"You have handed in the very same {what} a moment ago. "
            "It is being evaluated right now; the verdict arrives in a moment."
        ) from None
    except BaseException:
        db.session.rollback()
        raise
    log.info("submission accepted", submission_id=submission.id, task_id=task_id)
    dispatch.enqueue(submission.id, submission.dispatches, task.queue(payload))
    return submission


def accept_house(task: Task, house: str, payload: dict[str, Any], digest: str) -> bool:
    """Take in what the house itself hands in for this version of `task` under the name `house`.

    Once, however often it is called, and by however many at once; again where the platform failed at
    it. Says whether it was taken in. Commits.
    """
    now = utcnow()
    db.session.execute(
        delete(Submission)
        .where(Submission.task_id == task.id, Submission.house == house)
        .where(Submission.attempt_no == task.version, Submission.status == "error")
        .execution_options(synchronize_session=False)
    )
    fresh = insert(Submission).values(
        house=house,
        task_id=task.id,
        task_version=task.version,
        attempt_no=task.version,
        payload=payload,
        blob_sha256=digest,
        queued_at=now,
        dispatched_at=now,
    )
    taken = db.session.scalar(fresh.on_conflict_do_nothing().returning(Submission.id))
    db.session.commit()
    if taken is not None:
        dispatch.enqueue(taken, 0, HOUSE)
    return taken is not None


@made_once
def _counting() -> Any:
    progress: Any = Progress.__table__
    counted = insert(progress).values(status="submitted", attempts=1)
    counted = counted.on_conflict_do_update(
        index_elements=[progress.c.user_id, progress.c.task_id],
        set_={
            "attempts": progress.c.attempts + 1,
            "status": case((progress.c.status == "completed", "completed"), else_="submitted"),
        },
    )
    return counted.returning(progress.c.attempts)


def _count_attempt(user_id: int, task_id: int) -> int:
    """One more attempt; its number. The row lock makes two submits at once take two numbers."""
    number: int = db.session.execute(
        _counting(), {"user_id": user_id, "task_id": task_id}
    ).scalar_one()
    return number


def attempts_used(user_id: int, task_id: int) -> int:
    """How many attempts count: all but those that the platform itself has failed."""
    counted = select(func.count()).select_from(Submission)
    mine = Submission.user_id == user_id, Submission.task_id == task_id
    return db.session.scalar(counted.where(*mine, Submission.status != "error")) or 0


def _require_attempts_left(user_id: int, task_id: int, most: int) -> None:
    """Asked under the lock that the counting took: of two last attempts at once one is let in."""
    if attempts_used(user_id, task_id) >= most:
        times = "one attempt" if most == 1 else f"{most} attempts"
        raise Forbidden(f"This task takes {times}, and you have used them.")
