"""Who of an LMS is who here. A platform's word makes an account, and never takes one over."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mlarena.accounts import names
from mlarena.accounts.models import User
from mlarena.accounts.service import TAKEN
from mlarena.cohorts.roster import NO_PASSWORD, plain_name
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, Forbidden, Invalid
from mlarena.lti import platforms
from mlarena.lti.models import Identity, Platform

NOT_OPENED = (
    "Your account here is one that this LMS may not open: it was entered by somebody with fewer rights. "
    "Log in here instead."
)


def known(platform: Platform, sub: str) -> User | None:
    """Whose account this is. Raises Forbidden for one that this platform may not open (any more)."""
    found = db.session.scalar(
        select(User)
        .join(Identity, Identity.user_id == User.id)
        .where(Identity.platform_id == platform.id, Identity.sub == sub)
    )
    if found is not None and not platforms.may_open(platform, found):
        raise Forbidden(NOT_OPENED)
    return found


def link(platform: Platform, sub: str, user: User) -> None:
    """From now on `sub` is this user, who has just proved to be it. Raises Forbidden. Commits."""
    if not platforms.may_open(platform, user):
        raise Forbidden(NOT_OPENED)
    db.session.commit()
    db.session.execute(
        insert(Identity)
        .values(platform_id=platform.id, sub=sub, user_id=user.id)
        .on_conflict_do_update(index_elements=["platform_id", "sub"], set_={"user_id": user.id})
    )
    db.session.commit()


def make(platform: Platform, sub: str, email: str, full_name: str) -> User:
    """A learner's account without a password, and `sub` is it; one is set by “Forgot password?”.

    Raises Invalid for an address that is none, Conflict for one that has an account. Commits.
    """
    try:
        email = names.clean_email(email)
    except ValueError as wrong:
        raise Invalid.field("email", str(wrong)) from None
    try:
        full_name = names.clean_full_name(full_name)
    except ValueError:
        full_name = ""
    name = plain_name(email)
    db.session.commit()
    while True:
        user = User(
            username=name,
            username_key=names.username_key(name),
            email=email,
            email_key=names.email_key(email),
            full_name=full_name,
            password_hash=NO_PASSWORD,
        )
        db.session.add(user)
        try:
            db.session.flush()
            db.session.add(Identity(platform_id=platform.id, sub=sub, user_id=user.id))
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            if db.session.scalar(select(User.id).where(User.email_key == names.email_key(email))):
                raise Conflict(TAKEN["email"], {"email": [TAKEN["email"]]}) from None
            if db.session.scalar(
                select(Identity.id).where(Identity.platform_id == platform.id, Identity.sub == sub)
            ):
                raise Conflict("Your account was made just now. Open the link again.") from None
            name = f"{plain_name(email)[:56]}-{secrets.randbelow(10**6):06}"
            continue
        return user
