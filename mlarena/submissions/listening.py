"""What accounts tell the spine: a learner has left, and what they uploaded goes too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from mlarena.accounts import signals
from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.core.storage import storage
from mlarena.submissions.models import Submission

# Where a session keeps the uploads of a user who is being deleted: after the commit nobody knows them.
LEFT_BEHIND = "uploads of a leaving user"


def connect() -> None:
    signals.user_deleting.connect(_remember_uploads, User)
    signals.user_deleted.connect(_delete_uploads, User)


def _remember_uploads(_sender: Any, user: User) -> None:
    """Their artifacts, but for those that somebody else handed in byte for byte too."""
    other = aliased(Submission)
    shared = select(other.id).where(
        other.blob_sha256 == Submission.blob_sha256, other.user_id != user.id
    )
    uploads = db.session.scalars(
        select(Submission.blob_sha256)
        .where(Submission.user_id == user.id, Submission.blob_sha256.is_not(None))
        .where(~shared.exists())
        .distinct()
    )
    db.session.info[LEFT_BEHIND] = (user.id, uploads.all())


def _delete_uploads(_sender: Any, user_id: int) -> None:
    """After the commit: a deletion that was undone must not have cost a file."""
    leaving, uploads = db.session.info.pop(LEFT_BEHIND, (None, []))
    if leaving == user_id:
        for sha256 in uploads:
            storage().delete(sha256)
        db.session.commit()
