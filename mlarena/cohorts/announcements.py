"""Words to a cohort, or to everybody: drafts, published to those they are for, changed, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.cohorts import access, notices
from mlarena.cohorts.models import Announcement, Cohort, CohortMember, CohortStaff
from mlarena.core.clock import utcnow
from mlarena.core.db import db, hold
from mlarena.core.errors import Conflict, Invalid, NotFound

EVERYONE = "everyone"


def read_by(user: User) -> Select[Announcement]:
    """What has been said to `user`, the latest first."""
    mine = exists().where(
        CohortMember.cohort_id == Announcement.cohort_id,
        CohortMember.user_id == user.id,
        CohortMember.left_at.is_(None),
    )
    return (
        select(Announcement)
        .where(Announcement.published_at.is_not(None))
        .where(or_(Announcement.cohort_id.is_(None), mine))
        .order_by(Announcement.published_at.desc(), Announcement.id.desc())
    )


def written_by(user: User) -> ColumnElement[bool]:
    """What `user` may write: what is for everybody, and what is for a cohort that they lead."""
    if user.is_at_least("admin"):
        return true()
    led = exists().where(
        CohortStaff.cohort_id == Announcement.cohort_id, CohortStaff.user_id == user.id
    )
    return or_(Announcement.cohort_id.is_(None), led)


def find(announcement_id: int, user: User) -> Announcement:
    """For who may write it; raises NotFound for everybody else."""
    query = select(Announcement).where(Announcement.id == announcement_id, written_by(user))
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no such announcement.")
    return found


def of(cohort_id: int, limit: int = 5, drafts: bool = False) -> list[Announcement]:
    """A cohort's own, the latest first."""
    query = select(Announcement).where(Announcement.cohort_id == cohort_id)
    if not drafts:
        query = query.where(Announcement.published_at.is_not(None))
    latest = func.coalesce(Announcement.published_at, Announcement.created_at)
    return list(
        db.session.scalars(query.order_by(latest.desc(), Announcement.id.desc()).limit(limit))
    )


def audience_of(actor: User, name: str) -> Cohort | None:
    """The cohort that a form names, None for everybody. Raises Invalid."""
    if name == EVERYONE:
        return None
    try:
        return access.led(int(name) if name.isdecimal() else 0, actor)
    except (NotFound, OverflowError):
        raise Invalid.field("audience", "You lead no such cohort.") from None


def draft(actor: User, cohort: Cohort | None, title: str, body: str) -> Announcement:
    """One that nobody reads yet. Raises Invalid. Commits."""
    words = _checked(title, body)
    said = Announcement(cohort_id=cohort.id if cohort else None, by_id=actor.id, **words)
    db.session.add(said)
    db.session.flush()
    _note(actor, said, "draft")
    db.session.commit()
    return said


def announce(actor: User, cohort: Cohort | None, title: str, body: str) -> Announcement:
    """Say something to the cohort (None: to everybody). Raises Invalid. Commits; who is meant is told."""
    words = _checked(title, body)
    said = Announcement(cohort_id=cohort.id if cohort else None, by_id=actor.id, **words)
    db.session.add(said)
    db.session.flush()
    _publish(actor, said)
    db.session.commit()
    return said


def change(
    actor: User,
    said: Announcement,
    cohort: Cohort | None,
    title: str,
    body: str,
    still: Callable[[], object] | None = None,
) -> Announcement:
    """Other words, as long as it is `still` what its editor has read (see `hold`). Who has been told is not
    told again. Raises Invalid, and Conflict for another audience of one that is published. Commits."""
    words = _checked(title, body)
    cohort_id = cohort.id if cohort else None
    hold(said, still)
    if (cohort_id, words) == (said.cohort_id, {"title": said.title, "body": said.body}):
        db.session.commit()
        return said
    if said.published_at is not None:
        if cohort_id != said.cohort_id:
            db.session.rollback()
            raise Conflict(
                "It has been published to others. Withdraw it first, or write a new one."
            )
        said.edited_at = utcnow()
    said.title, said.body, said.cohort_id = words["title"], words["body"], cohort_id
    _note(actor, said, "edit")
    db.session.commit()
    return said


def publish(actor: User, said: Announcement) -> None:
    """From now on everybody whom it is for reads it, and is told. Commits."""
    hold(said)
    if said.published_at is None:
        _publish(actor, said)
    db.session.commit()


def _publish(actor: User, said: Announcement) -> None:
    said.published_at, said.edited_at = utcnow(), None
    cohort = db.session.get_one(Cohort, said.cohort_id) if said.cohort_id else None
    notices.tell_announced(cohort, said)
    _note(actor, said, "announce")


def withdraw(actor: User, said: Announcement) -> None:
    """A draft again: it goes from every list, and who has not been told is not. Commits."""
    hold(said)
    if said.published_at is not None:
        said.published_at = None
        notices.take_back_announced(said.id)
        _note(actor, said, "unannounce")
    db.session.commit()


def remove(actor: User, said: Announcement) -> None:
    """Away for good. Commits."""
    if said.published_at is not None:
        notices.take_back_announced(said.id)
    _note(actor, said, "delete_announcement")
    db.session.delete(said)
    db.session.commit()


def _checked(title: str, body: str) -> dict[str, str]:
    title = " ".join(title.split())
    if not 1 <= len(title) <= 128:
        raise Invalid.field("title", "A headline has 1 to 128 characters.")
    if len(body) > 10_000:
        raise Invalid.field("body", "Use at most 10,000 characters.")
    return {"title": title, "body": body}


def _note(actor: User, said: Announcement, verb: str) -> None:
    """Under the cohort where there is one: its instructors read what was done to it."""
    if said.cohort_id is not None:
        audit.note(actor, f"cohort.{verb}", f"cohort:{said.cohort_id}", title=said.title)
    else:
        audit.note(actor, f"everyone.{verb}", f"announcement:{said.id}", title=said.title)


def shown(said: Announcement) -> dict[str, Any]:
    return {"id": said.id, "title": said.title, "body": said.body}
