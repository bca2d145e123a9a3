"""A cohort's own verbs: make one, join it, leave it, lead it together."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, func, select

from mlarena.accounts import audit, names
from mlarena.accounts import service as accounts
from mlarena.accounts.models import User
from mlarena.cohorts import access, signals
from mlarena.cohorts.models import NAMES, Cohort, CohortMember, CohortStaff
from mlarena.core.clock import utcnow
from mlarena.core.db import db, hold, insert
from mlarena.core.errors import Conflict, Invalid, NotFound
from mlarena.live import publish

# No letters that look alike; 31⁸ codes behind a door with a rate limit.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 8
FIELDS = ("title", "description", "timezone", "names", "drop_lowest")
MOST_DROPPED = 20


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def create(user: User, fields: dict[str, Any]) -> Cohort:
    """A new cohort, led by `user`. Raises Invalid naming the fields at fault. Commits."""
    cohort = Cohort(**_checked(fields), join_code=new_code(), created_by=user.id)
    db.session.commit()
    db.session.add(cohort)
    db.session.flush()
    db.session.add(CohortStaff(cohort_id=cohort.id, user_id=user.id))
    audit.note(user, "cohort.create", f"cohort:{cohort.id}", title=cohort.title)
    db.session.commit()
    return cohort


def update(
    user: User, cohort: Cohort, fields: dict[str, Any], still: Callable[[], object] | None = None
) -> Cohort:
    """Change some of FIELDS, as long as it is `still` what its editor has read (see `hold`). Raises Invalid.
    Commits."""
    given = _checked(fields)
    hold(cohort, still)
    changed = {name: value for name, value in given.items() if getattr(cohort, name) != value}
    for name, value in changed.items():
        setattr(cohort, name, value)
    if changed:
        told = {name: value for name, value in changed.items() if name != "description"}
        audit.note(user, "cohort.change", _about(cohort), **told)
        signals.grades_changing.send(Cohort, cohort_id=cohort.id, user_id=None)
    db.session.commit()
    if "names" in changed:
        publish.board_changed(_about(cohort))
    return cohort


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    clean = dict(fields)
    if "title" in clean:
        clean["title"] = " ".join(str(clean["title"]).split())
        if not 1 <= len(clean["title"]) <= 128:
            errors["title"] = ["A title has 1 to 128 characters."]
    if len(clean.get("description", "")) > 20_000:
        errors["description"] = ["Use at most 20,000 characters."]
    if clean.get("names", "usernames") not in NAMES:
        errors["names"] = ["Choose user names or nicknames."]
    if not 0 <= (clean.get("drop_lowest") or 0) <= MOST_DROPPED:
        errors["drop_lowest"] = [f"From 0 to {MOST_DROPPED}."]
    if "timezone" in clean and clean["timezone"] not in names.timezones():
        errors["timezone"] = ["Use the name of a time zone, such as Europe/Berlin."]
    if errors:
        raise Invalid("Some of the values are not right.", errors)
    return clean


def archive(user: User, cohort: Cohort, archived: bool = True) -> None:
    """Put it away, or bring it back. Nobody joins an archived one; everybody may still read it. Commits."""
    cohort.archived_at = utcnow() if archived else None
    audit.note(user, "cohort.archive" if archived else "cohort.reopen", _about(cohort))
    db.session.commit()


def set_code(user: User, cohort: Cohort, open_: bool) -> None:
    """A new join code, or none at all; the old one ends at once. Commits."""
    cohort.join_code = new_code() if open_ else None
    audit.note(user, "cohort.code", _about(cohort), open=open_)
    db.session.commit()


def by_code(code: str) -> Cohort:
    """The cohort that this code opens; raises NotFound, the same for a wrong and an ended one."""
    typed = code.strip().lower()
    fits = len(typed) == CODE_LENGTH and set(typed) <= set(ALPHABET)
    cohort = db.session.scalar(select(Cohort).where(Cohort.join_code == typed)) if fits else None
    if cohort is None or cohort.archived_at is not None:
        raise NotFound("No cohort has this code. Ask for it once more, letter by letter.")
    return cohort


def join(user: User, code: str, nickname: str = "") -> Cohort:
    """Become a member, or come back. Raises NotFound (no such code) or Invalid (nickname). Commits."""
    nickname = _nickname(nickname)
    cohort = by_code(code)
    enter(cohort, user.id, nickname)
    return cohort


def enter(cohort: Cohort, user_id: int, nickname: str = "") -> None:
    """Make them a member, or bring them back. Whether they may, the caller has asked. Commits."""
    db.session.commit()
    fresh = insert(CohortMember).values(
        cohort_id=cohort.id, user_id=user_id, nickname=nickname, joined_at=utcnow()
    )
    again: dict[str, Any] = {"left_at": None}
    if nickname:
        again["nickname"] = nickname
    db.session.execute(
        fresh.on_conflict_do_update(index_elements=["cohort_id", "user_id"], set_=again)
    )
    db.session.commit()
    publish.board_changed(_about(cohort))


def rename(user: User, cohort_id: int, nickname: str) -> None:
    """A member's nickname on the cohort's board. Commits."""
    access.member_of(cohort_id, user.id).nickname = _nickname(nickname)
    db.session.commit()
    publish.board_changed(f"cohort:{cohort_id}")


def _nickname(raw: str) -> str:
    try:
        nickname = names.clean_full_name(raw)
    except ValueError as wrong:
        raise Invalid.field("nickname", str(wrong)) from None
    if len(nickname) > 40:
        raise Invalid.field("nickname", "Use at most 40 characters.")
    return nickname


def leave(user: User, cohort_id: int) -> None:
    """The member goes; what they did stays theirs. Commits."""
    access.member_of(cohort_id, user.id).left_at = utcnow()
    db.session.commit()
    publish.board_changed(f"cohort:{cohort_id}")


def remove(actor: User, cohort: Cohort, user_id: int) -> None:
    """Take a learner out. Their row stays, for when they come back. Commits."""
    member = access.member_of(cohort.id, user_id)
    member.left_at = utcnow()
    audit.note(actor, "cohort.remove_learner", _about(cohort), user_id=user_id)
    db.session.commit()
    publish.board_changed(_about(cohort))


def bring_back(actor: User, cohort: Cohort, user_id: int) -> None:
    """A learner who had left is in again. Commits."""
    member = db.session.get(CohortMember, (cohort.id, user_id))
    if member is None:
        raise NotFound("There is no such learner in this cohort.")
    member.left_at = None
    audit.note(actor, "cohort.return_learner", _about(cohort), user_id=user_id)
    db.session.commit()
    publish.board_changed(_about(cohort))


def add_staff(actor: User, cohort: Cohort, identifier: str) -> User:
    """Make another instructor lead it too, by user name or e-mail. Raises Invalid. Commits."""
    person = accounts.find(identifier.strip())
    if person is None or not person.is_at_least("instructor"):
        raise Invalid.field("instructor", "There is no instructor of this name or e-mail address.")
    db.session.commit()
    db.session.execute(
        insert(CohortStaff)
        .values(cohort_id=cohort.id, user_id=person.id, added_at=utcnow())
        .on_conflict_do_nothing()
    )
    audit.note(actor, "cohort.add_instructor", _about(cohort), user_id=person.id)
    db.session.commit()
    return person


def remove_staff(actor: User, cohort: Cohort, user_id: int) -> None:
    """One instructor less; raises Conflict for the last one. Commits."""
    count = select(func.count()).select_from(CohortStaff).where(CohortStaff.cohort_id == cohort.id)
    if (db.session.scalar(count) or 0) < 2:
        raise Conflict("This is the only instructor. Add another one first.")
    gone = db.session.execute(
        delete(CohortStaff).where(
            CohortStaff.cohort_id == cohort.id, CohortStaff.user_id == user_id
        )
    )
    if gone.rowcount:  # type: ignore[attr-defined]
        audit.note(actor, "cohort.remove_instructor", _about(cohort), user_id=user_id)
    db.session.commit()


def _about(cohort: Cohort) -> str:
    return f"cohort:{cohort.id}"
