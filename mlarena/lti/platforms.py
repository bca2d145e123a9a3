"""What instructors do with an LMS: enter it, change it, turn it off. Every verb notes itself, and commits."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.core import outgoing
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Forbidden, Invalid, Malformed, NotFound
from mlarena.lti.models import Link, Platform, Score

MOST = 20
MOST_DEPLOYMENTS = 200
FIELDS = (
    *("name", "issuer", "client_id", "deployments", "auth_url", "token_url", "keys_url"),
    "audience",
)
NONE = "There is no such LMS of yours."


def mine(viewer: User) -> Select[Platform]:
    """One's own; an admin's view is everybody's."""
    query = select(Platform).order_by(Platform.id)
    return query if viewer.is_at_least("admin") else query.where(Platform.owner_id == viewer.id)


def find(platform_id: int, viewer: User) -> Platform:
    """Raises NotFound for what is somebody else's."""
    found = db.session.get(Platform, platform_id, populate_existing=True)
    if found is None or not (found.owner_id == viewer.id or viewer.is_at_least("admin")):
        raise NotFound(NONE)
    return found


def of_login(issuer: str, client_id: str) -> Platform:
    """Which platform begins a login. Raises Malformed, or Forbidden for one that is not known here."""
    if not issuer:
        raise Malformed("This address is opened by an LMS: it has to say which one it is (iss).")
    query = select(Platform).where(Platform.issuer == issuer)
    if client_id:
        query = query.where(Platform.client_id == client_id)
    found = db.session.scalars(query.limit(2)).all()
    if len(found) != 1:
        raise Forbidden(
            "This LMS is entered here more than once: it has to say its client id."
            if found
            else "Your LMS is not entered here, or not with this client id."
        )
    return living(found[0])


def living(platform: Platform | None) -> Platform:
    """The platform, if it may open anything now. Raises Forbidden."""
    if platform is None or not platform.is_on:
        raise Forbidden("Your LMS is not connected to this arena any more.")
    if platform.owner is None or not platform.owner.is_at_least("instructor"):
        raise Forbidden("Whoever had connected your LMS to this arena teaches here no more.")
    return platform


def may_open(platform: Platform, user: User) -> bool:
    """Whose accounts a platform opens: it says who somebody is, and nobody checks it. So one that an
    instructor has entered opens learners' accounts and their own; an admin's also other instructors';
    an admin's account is opened by none but their own."""
    owner = platform.owner
    if owner is None or user.role == "learner" or user.id == owner.id:
        return True
    return user.role == "instructor" and owner.is_at_least("admin")


def create(actor: User, fields: dict[str, Any]) -> Platform:
    """Raises Invalid naming the fields at fault, or Conflict."""
    held = select(func.count()).select_from(Platform).where(Platform.owner_id == actor.id)
    if (db.session.scalar(held) or 0) >= MOST:
        raise Conflict(f"You have entered {MOST} LMSs. Delete one that you no longer use.")
    made = Platform(owner_id=actor.id, **_checked(fields))
    db.session.commit()
    db.session.add(made)
    _flush()
    audit.note(actor, "lms.create", f"lms:{made.id}", issuer=made.issuer)
    db.session.commit()
    return made


def change(actor: User, platform: Platform, fields: dict[str, Any]) -> None:
    """Raises Invalid, or Conflict. The keys are read again."""
    for name, value in _checked(fields).items():
        setattr(platform, name, value)
    platform.keys = platform.keys_at = None
    audit.note(actor, "lms.change", f"lms:{platform.id}", issuer=platform.issuer)
    _flush()
    db.session.commit()


def turn(actor: User, platform: Platform, on: bool) -> None:
    """Off: nobody comes in by it, and no score goes out. They wait."""
    platform.is_on = on
    audit.note(actor, f"lms.{'on' if on else 'off'}", f"lms:{platform.id}")
    db.session.commit()


def remove(actor: User, platform: Platform) -> None:
    """With its links and what it is owed. People's accounts and their work stay."""
    audit.note(actor, "lms.delete", f"lms:{platform.id}", issuer=platform.issuer)
    db.session.delete(platform)
    db.session.commit()


def retry(actor: User, platform: Platform) -> int:
    """What was given up, and what waits for its next attempt, is tried at once; how many."""
    again = db.session.execute(
        update(Score)
        .where(
            Score.link_id.in_(select(Link.id).where(Link.platform_id == platform.id)),
            Score.status.in_(("dead", "waiting")),
        )
        .values(status="waiting", attempts=0, due_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    platform.failures, platform.rest_until = 0, None
    count: int = again.rowcount  # type: ignore[attr-defined]
    audit.note(actor, "lms.retry", f"lms:{platform.id}", scores=count)
    db.session.commit()
    return count


def _flush() -> None:
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(
            "This issuer with this client id is entered already.",
            {"client_id": ["It is entered already, by you or by somebody else."]},
        ) from None


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Raises Invalid naming every field at fault. Where an address leads is looked at when it is asked."""
    errors: dict[str, list[str]] = {}
    clean: dict[str, Any] = {name: str(fields.get(name) or "").strip() for name in FIELDS}
    for name, most in (("name", 64), ("issuer", 255), ("client_id", 255), ("audience", 2000)):
        if len(clean[name]) > most or not clean[name].isprintable():
            errors[name] = [f"Use at most {most} printable characters."]
        elif not clean[name] and name != "audience":
            errors[name] = ["This cannot be empty."]
    for name in ("auth_url", "token_url", "keys_url"):
        try:
            check_address(clean[name])
        except outgoing.Refused as refused:
            errors[name] = [str(refused)]
    ids = list(dict.fromkeys(clean["deployments"].split()))
    if len(ids) > MOST_DEPLOYMENTS or any(len(one) > 255 or not one.isprintable() for one in ids):
        errors["deployments"] = [f"At most {MOST_DEPLOYMENTS} ids, of 255 characters each."]
    if errors:
        raise Invalid("Some of the values are not right.", errors)
    return {**clean, "deployments": ids}


def check_address(url: str) -> str:
    """An address of an LMS: https, and where this is no production also http, for a trial on one's own
    machine. Raises Refused."""
    if outgoing.read_address(url).scheme != "https" and settings().production:
        raise outgoing.Refused("The address must begin with https://.")
    return url


def check_return(url: str) -> str:
    """Where a browser is to take an answer that we sign: https, always. Its host also goes into the page's
    policy, so it has to be a plain one. Raises Refused."""
    target = outgoing.read_address(url)
    if target.scheme != "https":
        raise outgoing.Refused("The address must begin with https://.")
    if not re.fullmatch(r"[A-Za-z0-9.-]+", target.host):
        raise outgoing.Refused("That is no web address.")
    return url


def origin(url: str) -> str:
    """Of an address that check_return has passed."""
    target = outgoing.read_address(url)
    return f"https://{target.host}:{target.port}"
