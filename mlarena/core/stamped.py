"""Rows that every page reads and that seldom change: read once, and kept until one of them changes.

They are kept per process under a stamp that is a row in the database: a change of one of them writes a new
stamp in its own transaction, so every process notices with one lookup by key (one a request, however often
it is asked), and nothing needs telling.
Changes have to go through the session (not a bulk UPDATE), which is what notices them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from flask import g, has_request_context
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from mlarena.core.db import Base, db
from mlarena.core.installation import Note

Kept = TypeVar("Kept")


class Stamped(Generic[Kept]):
    """What `read` makes of the rows of `models`. It gets a session of its own, whose rows belong to none."""

    def __init__(
        self, name: str, models: tuple[type[Base], ...], read: Callable[[Session], Kept]
    ) -> None:
        self._name, self._models, self._read = name, models, read
        # By the table: an entity's columns take the mapper's way, which is longer than the lookup.
        notes = Note.__table__
        self._stamped = select(notes.c.value).where(notes.c.name == name)
        self._kept: tuple[str, Kept] | None = None
        event.listen(db.session, "before_flush", self._stamp)

    def get(self) -> Kept:
        """What it is now, at the cost of one lookup. Not to be changed: it is shared."""
        if has_request_context() and self._name in _seen():
            known: Kept = _seen()[self._name]
            return known
        found = self._found()
        if has_request_context():
            _seen()[self._name] = found
        return found

    def _found(self) -> Kept:
        stamp = db.session.scalar(self._stamped)
        if self._kept is not None and self._kept[0] == stamp:
            return self._kept[1]
        with Session(db.engine, expire_on_commit=False) as session:
            found = self._read(session)
        if stamp is not None:
            self._kept = (stamp, found)
        return found

    def _stamp(self, session: Session, _context: Any, _instances: Any) -> None:
        changed = [
            *session.new,
            *session.deleted,
            *(row for row in session.dirty if session.is_modified(row)),
        ]
        if any(isinstance(row, self._models) for row in changed):
            session.merge(Note(name=self._name, value=uuid.uuid4().hex))
            if has_request_context():
                _seen().pop(self._name, None)


def _seen() -> dict[str, Any]:
    """What this request has looked up already, by name."""
    seen: dict[str, Any] = g.setdefault("stamped", {})
    return seen
