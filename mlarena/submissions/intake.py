"""The one way in: store what was handed in, commit the row, then tell the queue."""

from __future__ import annotations

from typing import Any, BinaryIO

from sqlalchemy import case
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, NotFound
from mlarena.core.storage import storage
from mlarena.submissions import dispatch
from mlarena.submissions.models import Progress, Submission, Task


def accept(
    user: User,
    task: Task,
    payload: dict[str, Any],
    artifact: BinaryIO | None = None,
    largest: int | None = None,
    digest: str | None = None,
) -> Submission:
    """Take one submission in: artifact, progress and the `queued` row in one transaction.

    `payload` is small and JSON-able; `artifact` is the file, read to the end, of at most `largest`
    bytes (None: the installation's limit). What comes in `payload` alone, such as code, is told from
    other content by its `digest` (SHA-256). Raises NotFound for a task that is not published,
    TooLarge, and Conflict when the same content of the same learner is being evaluated at this
    moment. Whatever is raised, nothing is stored.
    """
    if task.status != "published":
        raise NotFound("There is no such task.")
    user_id, task_id, now = user.id, task.id, utcnow()
    # Reads are over: the transaction below begins with a write (SQLite cannot upgrade one).
    db.session.commit()
    try:
        sha256 = digest
        if artifact is not None:
            blob = storage().put(artifact, largest or settings().max_upload_bytes)
            sha256 = blob.sha256
            payload = payload | {"sha256": sha256, "size": blob.size}
        submission = Submission(
            user_id=user_id,
            task_id=task_id,
            attempt_no=_count_attempt(user_id, task_id),
            payload=payload,
            blob_sha256=sha256,
            queued_at=now,
            dispatched_at=now,
        )
        db.session.add(submission)
        db.session.commit()
        # Who asks for it next has both at hand, and no verdict is there yet: nothing to be read.
        for name, value in (("user", user), ("task", task), ("verdict", None)):
            set_committed_value(submission, name, value)
    except IntegrityError:
        db.session.rollback()
        what = "code" if artifact is None else "file"
        raise Conflict(
            f"This very {what} of yours is being evaluated right now. "
            "Its verdict arrives in a moment."
        ) from None
    except BaseException:
        db.session.rollback()
        raise
    dispatch.enqueue(submission.id, submission.dispatches, task.queue(payload))
    return submission


def _count_attempt(user_id: int, task_id: int) -> int:
    """One more attempt; its number. The row lock makes two submits at once take two numbers."""
    counted = insert(Progress).values(
        user_id=user_id, task_id=task_id, status="submitted", attempts=1
    )
    counted = counted.on_conflict_do_update(
        index_elements=[Progress.user_id, Progress.task_id],
        set_={
            "attempts": Progress.attempts + 1,
            "status": case((Progress.status == "completed", "completed"), else_="submitted"),
        },
    )
    number: int = db.session.execute(counted.returning(Progress.attempts)).scalar_one()
    return number
