"""Accounts as an admin writes them: a new one, whose owner chooses the password, and a known one changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from mlarena.accounts import audit, recovery, service
from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.core.errors import Unavailable


def save(
    admin: User, user: User, fields: dict[str, Any], still: Callable[[], object] | None = None
) -> User:
    """Make it, or change a known one that is `still` what the admin has read (see `hold`). A name to log in
    by is never changed. Raises Invalid naming the fields, Conflict. Commits."""
    if user.id is None:
        return _create(admin, fields)
    given = {name: value for name, value in fields.items() if name != "username"}
    before = user.role
    changed = service.administer(user, given, still)
    told: dict[str, Any] = {"changed": sorted(changed)}
    if "role" in changed:
        told |= {"before": before, "after": user.role}
    audit.note(admin, "user.update", f"user:{user.id}", **told)
    db.session.commit()
    return user


def _create(admin: User, fields: dict[str, Any]) -> User:
    """Nobody knows its first password: its owner chooses one by the link that is mailed."""
    made = service.create_user(**fields, password=secrets.token_urlsafe(32))
    audit.note(admin, "user.create", f"user:{made.id}", username=made.username, role=made.role)
    db.session.commit()
    try:
        recovery.request_password_reset(made.email)
    except Unavailable:  # no link can be made here: the page has said what they do then
        db.session.rollback()
    return made
