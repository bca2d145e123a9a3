"""People whom an import brings: accounts without a password for those whose address is not known here."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from mlarena.accounts import names
from mlarena.accounts.models import User
from mlarena.cohorts.roster import NO_PASSWORD
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert

_SOME = 500


@dataclass
class People:
    """`new` are rows to be made; `there` counts those who have an account by that address."""

    new: list[dict[str, Any]] = field(default_factory=list)
    there: int = 0
    problems: list[str] = field(default_factory=list)


def plan(given: list[dict[str, str]]) -> People:
    """`given` have email, username and full_name, as somebody else's system had them."""
    found = People()
    rows: dict[str, dict[str, Any]] = {}
    for one in given:
        try:
            email = names.clean_email(one["email"])
        except ValueError as wrong:
            found.problems.append(f"{one['email'][:80] or one['username'][:80]}: {wrong}")
            continue
        rows.setdefault(names.email_key(email), {**one, "email": email})
    known = _known(User.email_key, list(rows))
    found.there = len(known)
    fresh = {key: row for key, row in rows.items() if key not in known}
    wished = {key: _username(row) for key, row in fresh.items()}
    taken = _known(User.username_key, [names.username_key(name) for name in wished.values()])
    for key, row in fresh.items():
        name = wished[key]
        while names.username_key(name) in taken:
            name = f"{wished[key][:56]}-{secrets.randbelow(10**6):06}"
        taken.add(names.username_key(name))
        found.new.append(
            {"email": row["email"], "username": name, "full_name": _full_name(row["full_name"])}
        )
    return found


def make(people: People) -> int:
    """The accounts; who sets a password by “Forgot password?” has it. How many. Commits."""
    now = utcnow()
    rows = [
        {
            **person,
            "username_key": names.username_key(person["username"]),
            "email_key": names.email_key(person["email"]),
            "password_hash": NO_PASSWORD,
            "role": "learner",
            "timezone": "UTC",
            "kaggle_username": "",
            "listed": True,
            "credentials_version": 1,
            "created_at": now,
        }
        for person in people.new
    ]
    made = 0
    for start in range(0, len(rows), _SOME):
        fresh = insert(User).values(rows[start : start + _SOME]).on_conflict_do_nothing()
        made += len(db.session.execute(fresh.returning(User.id)).all())
    db.session.commit()
    return made


def _username(row: dict[str, Any]) -> str:
    for wish in (row["username"], row["email"].partition("@")[0]):
        try:
            return names.clean_username(re.sub(r"\s+", "-", wish.strip())[:60])
        except ValueError:
            continue
    return f"learner-{secrets.randbelow(10**6):06}"


def _full_name(name: str) -> str:
    try:
        return names.clean_full_name(name[: names.LONGEST_FULL_NAME])
    except ValueError:
        return ""


def _known(column: Any, keys: list[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(keys), _SOME):
        some = keys[start : start + _SOME]
        found |= set(db.session.scalars(select(column).where(column.in_(some))))
    return found
