"""New passwords: by the old one, or by a mailed link that is good for an hour and for one use."""

from __future__ import annotations

from flask import current_app, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select

from mlarena.accounts import letters, names, service
from mlarena.accounts.identity import public_url
from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.core.errors import Invalid, Unavailable

SECONDS = 3600
STALE = "This link has expired or has been used. Ask for a new one."


def request_password_reset(email: str) -> None:
    """Mail a link to the user of this address, if there is one; the caller cannot tell.

    Raises Invalid for what is no address, Unavailable where no link can be made.
    """
    address = names.clean({"email": names.clean_email}, {"email": email})["email"]
    try:
        public_url("/")
    except LookupError:
        raise Unavailable(
            "Passwords cannot be reset here yet: the operator has not set PUBLIC_URL."
        ) from None
    user = db.session.scalar(select(User).where(User.email_key == names.email_key(address)))
    letter = letters.write_reset(user, _link(user)) if user else None
    letters.post(letter)


def holder(token: str) -> User | None:
    """Whose link this is, or None if it is stale: too old, used, or never ours."""
    try:
        user_id, version = _signer().loads(token, max_age=SECONDS)
    except (BadSignature, ValueError, TypeError):
        return None
    user = db.session.get(User, user_id)
    return user if user and user.credentials_version == version else None


def change_password(user: User, current: str, new: str) -> None:
    """A new password for who knows the old one. A letter says so, in case it was somebody else."""
    service.change_password(user, current, new)
    letters.post(letters.write_changed(user))


def reset_password(token: str, new: str) -> User:
    """Set a new password by a mailed link. It ends every login, and the link with them."""
    user = holder(token)
    if user is None:
        raise Invalid.field("token", STALE)
    service.set_password(user, new)
    letters.post(letters.write_changed(user))
    return user


def _link(user: User) -> str:
    # The version changes with the password, so the link works once.
    token = _signer().dumps([user.id, user.credentials_version])
    return public_url(url_for("accounts.reset", token=token))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="mlarena password reset")
