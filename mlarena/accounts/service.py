"""The verbs of an account: from registering to deleting it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from mlarena.accounts import names, passwords, signals
from mlarena.accounts.models import ROLES, PersonalToken, User
from mlarena.core.clock import utcnow
from mlarena.core.db import db, hold
from mlarena.core.errors import Conflict, Invalid, Unauthorized

RULES = {
    "username": names.clean_username,
    "email": names.clean_email,
    "full_name": names.clean_full_name,
    "timezone": names.clean_timezone,
    "kaggle_username": names.clean_kaggle_username,
}
# What one simply chooses, yes or no.
CHOICES = ("listed", "streak_shown", "activity_shown")
TAKEN = {
    "username": "This name is taken.",
    "email": "There is an account with this address. Log in, or reset its password.",
}


def register(
    username: str, email: str, password: str, full_name: str = "", timezone: str = "UTC"
) -> User:
    """A new learner. Raises Invalid naming the fields at fault, or Conflict if a name is taken."""
    return create_user(username, email, password, full_name=full_name, timezone=timezone)


def create_user(
    username: str,
    email: str,
    password: str,
    role: str = "learner",
    full_name: str = "",
    timezone: str = "UTC",
) -> User:
    """A new user of any role. Raises Invalid naming the fields at fault, or Conflict."""
    given = {
        "username": username,
        "email": email,
        "full_name": full_name,
        "timezone": timezone,
        "password": password,
        "role": role,
    }
    about = (username, email, email.partition("@")[0], full_name)
    checked = names.clean({**RULES, "password": _password(about), "role": _role}, given)
    user = User(
        username=checked["username"],
        username_key=names.username_key(checked["username"]),
        email=checked["email"],
        email_key=names.email_key(checked["email"]),
        full_name=checked["full_name"],
        timezone=checked["timezone"],
        password_hash=passwords.hash_password(checked["password"]),
        role=checked["role"],
    )
    # The database decides who was first; asking it before would only leave a gap for a race.
    username_key, email_key = user.username_key, user.email_key
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise _taken(username_key, email_key) from None
    return user


def find(identifier: str) -> User | None:
    """The user of this name or e-mail address, however it is spelt."""
    if not identifier.isprintable() or len(identifier) > names.LONGEST_EMAIL:
        return None
    if "@" in identifier:
        by_email = User.email_key == names.email_key(identifier.strip())
        return db.session.scalar(select(User).where(by_email))
    by_name = User.username_key == names.username_key(identifier.strip())
    return db.session.scalar(select(User).where(by_name))


def authenticate(identifier: str, password: str) -> User:
    """Who this is. Raises Unauthorized with the same words, after the same time, for every failure."""
    user = find(identifier)
    if not passwords.verify(user.password_hash if user else None, password) or user is None:
        raise Unauthorized("That name and password do not belong together.")
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
        db.session.commit()
    return user


def check_password(user: User, password: str, field: str) -> None:
    """Raises Invalid at `field` unless this is the user's own password."""
    if not passwords.verify(user.password_hash, password):
        raise Invalid.field(field, "That is not your current password.")


def change_password(user: User, current: str, new: str) -> None:
    """A new password. Every session and token made before stops working, this one too."""
    check_password(user, current, "current_password")
    set_password(user, new)


def set_password(user: User, new: str) -> None:
    """The new password without asking for the old one: for a reset, and for the operator."""
    about = (user.username, user.email, user.email.partition("@")[0], user.full_name)
    names.clean({"new_password": _password(about)}, {"new_password": new})
    user_id = user.id
    db.session.execute(
        update(User)
        .where(User.id == user_id)
        .values(
            password_hash=passwords.hash_password(new),
            credentials_version=User.credentials_version + 1,
        )
    )
    # Personal tokens carry no version, so they are ended by name.
    db.session.execute(
        update(PersonalToken)
        .where(PersonalToken.user_id == user_id, PersonalToken.revoked_at.is_(None))
        .values(revoked_at=utcnow())
    )
    db.session.commit()
    signals.login_ended.send(User, user_id=user_id)


def update_profile(user: User, **given: Any) -> User:
    """Change full_name, timezone, kaggle_username, listed, streak_shown or activity_shown.

    Raises Invalid naming the fields.
    """
    choices = {name: given.pop(name) for name in CHOICES if name in given}
    changes: dict[str, Any] = {**names.clean(RULES, given), **choices}
    fields = {name for name, value in changes.items() if getattr(user, name) != value}
    if not fields:
        return user
    for name in fields:
        setattr(user, name, changes[name])
    _announce_change(user, fields)
    return user


def administer(
    user: User, given: dict[str, Any], still: Callable[[], object] | None = None
) -> set[str]:
    """Change what an admin may write of somebody: full_name, email, timezone, role; which of them it was.

    Raises Invalid naming the fields, Conflict if nobody would be admin any more, or the address is taken.
    """
    rules = {name: RULES[name] for name in ("full_name", "email", "timezone")} | {"role": _role}
    changes = names.clean(rules, given)
    hold(user, still)
    fields = {name for name, value in changes.items() if getattr(user, name) != value}
    if "role" in fields:
        _keep_an_admin(user)
    for name in fields:
        setattr(user, name, changes[name])
    user.email_key = names.email_key(user.email)
    try:
        _announce_change(user, fields)
    except IntegrityError:
        db.session.rollback()
        raise Conflict(TAKEN["email"], {"email": [TAKEN["email"]]}) from None
    return fields


def set_role(user: User, role: str) -> User:
    """Raises Invalid for an unknown role, Conflict if nobody would be admin any more."""
    names.clean({"role": _role}, {"role": role})
    if role == user.role:
        return user
    if role != "admin":
        _keep_an_admin(user)
    user.role = role
    _announce_change(user, {"role"})
    return user


def delete_account(user: User, password: str) -> None:
    """The user and everything that hangs on it. Raises Invalid (password) or Conflict (last admin)."""
    check_password(user, password, "password")
    user_id = user.id
    _keep_an_admin(user)
    signals.user_deleting.send(User, user=user)
    db.session.execute(delete(User).where(User.id == user_id))
    db.session.commit()
    signals.user_deleted.send(User, user_id=user_id)


def _announce_change(user: User, fields: set[str]) -> None:
    user_id = user.id
    db.session.flush()
    signals.user_changing.send(User, user=user, fields=fields)
    db.session.commit()
    signals.user_changed.send(User, user_id=user_id, fields=fields)


def _keep_an_admin(user: User) -> None:
    """Raises Conflict if `user` is the only admin.

    The update changes nothing but locks the rows, so that two last admins cannot leave together.
    """
    if user.role != "admin":
        return
    admins = db.session.scalars(
        update(User).where(User.role == "admin").values(role="admin").returning(User.id)
    ).all()
    if set(admins) == {user.id}:
        db.session.rollback()
        raise Conflict("This is the only admin. Make somebody else an admin first.")


def _taken(username_key: str, email_key: str) -> Conflict:
    errors = {}
    if db.session.scalar(select(User.id).where(User.username_key == username_key)):
        errors["username"] = [TAKEN["username"]]
    if db.session.scalar(select(User.id).where(User.email_key == email_key)):
        errors["email"] = [TAKEN["email"]]
    return Conflict("There is an account like this already.", errors)


def _password(about: tuple[str, ...]) -> Any:
    def rule(password: str) -> str:
        passwords.check(password, about)
        return password

    return rule


def _role(role: str) -> str:
    if role not in ROLES:
        raise ValueError(f"A role is one of {', '.join(ROLES)}.")
    return role
