"""Taking challenges away: out of the lists, or for good.

What has been handed in is judged whatever becomes of its challenge: it carries the number of its version,
and a challenge with submissions is never deleted.
"""

from __future__ import annotations

from sqlalchemy import delete, exists, select

from mlarena.boards.models import BoardEntry
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.core.db import db, hold
from mlarena.core.storage import storage
from mlarena.submissions.models import Submission


def archive(challenge: Challenge) -> None:
    """Nobody finds it any more, nothing more is taken in; what is on its way is judged. Commits."""
    db.session.commit()  # reads are over: SQLite cannot upgrade a transaction that began with one
    challenge.status, challenge.scheduled = "archived", False
    db.session.commit()


def has_submissions(challenge: Challenge) -> bool:
    """Whether anybody has handed something in."""
    handed_in = exists().where(Submission.task_id == challenge.id)
    return bool(db.session.scalar(select(handed_in)))


def remove(challenge: Challenge) -> str:
    """Delete it; archive it where anybody has handed something in. Which of both, in a word. Commits."""
    _lock(challenge)
    if has_submissions(challenge):
        archive(challenge)
        return "archived"
    blobs = [version.prepared for version in challenge.versions if version.prepared]
    shared = set(
        db.session.scalars(
            select(ChallengeVersion.prepared).where(
                ChallengeVersion.prepared.in_(blobs),
                ChallengeVersion.challenge_id != challenge.id,
            )
        )
    )
    db.session.execute(delete(BoardEntry).where(BoardEntry.board == challenge.board()))
    db.session.delete(challenge)
    db.session.commit()
    for blob in set(blobs) - shared:
        storage().delete(blob)
    db.session.commit()
    return "deleted"


def _lock(challenge: Challenge) -> None:
    """A submission either is in before we look, or finds no challenge any more.

    On PostgreSQL its foreign key waits for our row lock; on SQLite the write makes us the only writer.
    """
    hold(challenge, alone=True)
