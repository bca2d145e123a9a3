"""The verbs of calendar addresses: make one, end it, whose it is."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from mlarena.accounts.models import User
from mlarena.calendars.models import CalendarLink
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import NotFound


def renew(user: User) -> str:
    """A new secret, shown this once; the one before ends. Commits."""
    secret = secrets.token_urlsafe(32)
    values = {"secret_hash": _hash(secret), "created_at": utcnow()}
    row = insert(CalendarLink).values(user_id=user.id, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=values))
    db.session.commit()
    return secret


def revoke(user: User) -> None:
    """Whoever has the address reads nothing any more. Commits."""
    db.session.execute(delete(CalendarLink).where(CalendarLink.user_id == user.id))
    db.session.commit()


def link_of(user: User) -> CalendarLink | None:
    return db.session.get(CalendarLink, user.id)


def reader(secret: str) -> User:
    """Whose calendar this is. Raises NotFound for a secret that is none, or none any more."""
    link = db.session.scalar(
        select(CalendarLink)
        .where(CalendarLink.secret_hash == _hash(secret))
        .options(joinedload(CalendarLink.user))
    )
    if link is None:
        raise NotFound("There is no such calendar. Its address may have been renewed.")
    return link.user


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
