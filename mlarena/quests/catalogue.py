"""The published quests, read once and kept until one changes.

Every page of the wing lists the same few rows with their long texts. They are kept per process under a
stamp that is a row in the database: a change of a quest, a level or a data set writes a new stamp in its
own transaction, so every process notices with one lookup by key, and nothing needs telling.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from mlarena.core.db import db
from mlarena.core.installation import Note
from mlarena.quests.models import Dataset, Quest
from mlarena.rewards.models import Level

STAMP = "catalogue"

_STAMPED = select(Note.value).where(Note.name == STAMP)

_kept: tuple[str, dict[int, Quest]] | None = None


def published() -> dict[int, Quest]:
    """Published quests by id, in the order of the path, with level and data set. Not to be changed.

    They belong to no session: reading them costs one lookup of the stamp.
    """
    global _kept
    stamp = db.session.scalar(_STAMPED)
    if _kept is not None and _kept[0] == stamp:
        return _kept[1]
    quests = _read()
    if stamp is not None:
        _kept = (stamp, quests)
    return quests


def _read() -> dict[int, Quest]:
    query = (
        select(Quest)
        .join(Level)
        .where(Quest.status == "published")
        .order_by(Level.order, Quest.position, Quest.id)
    )
    with Session(db.engine, expire_on_commit=False) as session:
        return {quest.id: quest for quest in session.scalars(query)}


@event.listens_for(db.session, "before_flush")
def _stamp(session: Session, _context: Any, _instances: Any) -> None:
    changed = [
        *session.new,
        *session.deleted,
        *(row for row in session.dirty if session.is_modified(row)),
    ]
    if any(isinstance(row, (Quest, Level, Dataset)) for row in changed):
        session.merge(Note(name=STAMP, value=uuid.uuid4().hex))
