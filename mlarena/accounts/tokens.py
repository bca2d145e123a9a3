"""Personal tokens: made by a person for a script, shown once, kept only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import joinedload

from mlarena.accounts import names
from mlarena.accounts.models import PersonalToken, User
from mlarena.accounts.signals import login_ended
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Conflict, NotFound, Unauthorized

PREFIX = "mla_"
MOST_TOKENS = 50
# A busy script must not turn every read into a write.
NOTED_EVERY = timedelta(minutes=1)

EXPIRED = "This personal token has expired. Make a new one in your settings."
UNKNOWN = "This personal token is unknown or has been revoked. Make a new one in your settings."


def issue(user: User, name: str, lasts: timedelta | None = None) -> tuple[PersonalToken, str]:
    """A new token and its text, which is not kept. Raises Invalid, or Conflict at 50 tokens."""
    name = names.clean({"name": names.clean_label}, {"name": name})["name"]
    user_id, now = user.id, utcnow()
    held = select(func.count()).select_from(living(user).order_by(None).subquery())
    if (db.session.scalar(held) or 0) >= MOST_TOKENS:
        raise Conflict(f"You have {MOST_TOKENS} tokens. Revoke one that you no longer use.")
    text = PREFIX + secrets.token_urlsafe(32)
    token = PersonalToken(
        user_id=user_id,
        name=name,
        token_hash=_hash(text),
        created_at=now,
        expires_at=now + lasts if lasts else None,
    )
    db.session.add(token)
    db.session.commit()
    return token, text


def revoke(user: User, token_id: int) -> None:
    """Raises NotFound unless this is a living token of the user's own."""
    user_id = user.id
    ended = db.session.execute(
        update(PersonalToken)
        .where(
            PersonalToken.id == token_id,
            PersonalToken.user_id == user_id,
            PersonalToken.revoked_at.is_(None),
        )
        .values(revoked_at=utcnow())
        .returning(PersonalToken.id)
    ).all()
    db.session.commit()
    if not ended:
        raise NotFound("You have no such token.")
    login_ended.send(User, user_id=user_id)


def living(user: User) -> Select[PersonalToken]:
    """The user's tokens that still work, newest first."""
    return (
        select(PersonalToken)
        .where(
            PersonalToken.user_id == user.id,
            PersonalToken.revoked_at.is_(None),
            or_(PersonalToken.expires_at.is_(None), PersonalToken.expires_at > utcnow()),
        )
        .order_by(PersonalToken.created_at.desc(), PersonalToken.id.desc())
    )


def who(text: str) -> tuple[User, int]:
    """Whose token this is, and its id. Raises Unauthorized, whose message says what is wrong."""
    now = utcnow()
    token = db.session.scalar(
        select(PersonalToken)
        .options(joinedload(PersonalToken.user))
        .where(PersonalToken.token_hash == _hash(text), PersonalToken.revoked_at.is_(None))
    )
    if token is None:
        raise Unauthorized(UNKNOWN)
    if token.expires_at and token.expires_at <= now:
        raise Unauthorized(EXPIRED)
    if token.last_used_at is None or token.last_used_at <= now - NOTED_EVERY:
        token.last_used_at = now
        db.session.commit()
    return token.user, token.id


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
