"""Who may be found by whom."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_, select

from mlarena.accounts.models import User
from mlarena.accounts.names import username_key
from mlarena.core.db import db

LAST_CHARACTER = "\U0010ffff"


def visible_to(viewer: Any) -> Select[Any]:
    """Everybody who is listed; instructors see all, and each sees themselves. `viewer` may be None."""
    if viewer is None:
        return select(User).where(User.listed)
    if viewer.is_at_least("instructor"):
        return select(User)
    return select(User).where(or_(User.listed, User.id == viewer.id))


def named(beginning: str, viewer: Any, limit: int) -> list[User]:
    """The first few whose user name begins so, in alphabetical order.

    A stretch of the index of `username_key`, which both databases keep in the order of the characters'
    numbers: LIKE would not use it on SQLite, nor in the order of a language on PostgreSQL.
    """
    key = username_key(beginning)
    if not key:
        return []
    found = (
        visible_to(viewer)
        .where(User.username_key >= key, User.username_key < key + LAST_CHARACTER)
        .order_by(User.username_key)
        .limit(limit)
    )
    return list(db.session.scalars(found))
