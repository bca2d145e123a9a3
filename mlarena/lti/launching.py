"""What a launch does: find who it is and what it opens, let them in, note that their grade is wanted."""

from __future__ import annotations

from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.cohorts import access
from mlarena.cohorts import service as cohorts
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, Forbidden, NotFound
from mlarena.lti import dispatch, linking, people
from mlarena.lti.claims import Launch
from mlarena.lti.models import Link, Platform, Score

GONE = "What this link opened is not there any more. Ask your instructor."


def person(platform: Platform, launch: Launch) -> User | None:
    """Who it is: somebody known, or a new account. None where the person has to be asked: there is an account
    with their address, which a platform's word does not open, or they have none."""
    found = people.known(platform, launch.sub)
    if found is not None or not launch.email:
        return found
    try:
        return people.make(platform, launch.sub, launch.email, launch.name)
    except Conflict as taken:
        if "email" in taken.errors:
            return None
        raise
    except ValueError:
        return None


def enter(platform: Platform, launch: Launch, user: User) -> str:
    """The path that the launch leads to. Raises Problems in words for who comes. Commits."""
    link = linking.note(platform, launch)
    teaches = launch.teaches and user.is_at_least("instructor")
    if not link.target:
        if not teaches:
            raise NotFound("Your instructor has not chosen yet what this link opens.")
        linking.leave_to(link, user)
        return f"/teach/lti/links/{link.id}"
    path = _path(link, user)
    if link.cohort is not None and launch.learns:
        if link.cohort.archived_at is not None and not access.is_member(link.cohort.id, user):
            raise Conflict("This cohort has been put away. Nobody joins it any more.")
        if not access.leads(link.cohort.id, user):
            cohorts.enter(link.cohort, user.id)
    if link.target != "task" and not (
        access.is_member(link.cohort_id or 0, user) or access.leads(link.cohort_id or 0, user)
    ):
        raise Forbidden(
            "You are neither a learner of this cohort nor lead it. "
            "Whoever leads it can make you a co-instructor."
        )
    if launch.learns and link.takes_scores:
        want_score(link, user, launch.sub)
    return path


def _path(link: Link, user: User) -> str:
    if link.target == "task":
        if link.task is None or link.task.status != "published":
            raise NotFound(
                GONE
                if link.task is None
                else "The task of this link is not open. Ask your instructor."
            )
        return f"/{link.task.wing}s/{link.task.id}"
    if link.cohort is None or (link.target == "assignment" and link.assignment is None):
        raise NotFound(GONE)
    desk = "/teach" if access.leads(link.cohort.id, user) else ""
    return f"{desk}/cohorts/{link.cohort.id}"


def want_score(link: Link, user: User, sub: str) -> None:
    """What they have by now is sent too, and whatever they get. Commits."""
    known = db.session.scalar(
        select(Score).where(Score.link_id == link.id, Score.user_id == user.id)
    )
    if known is None:
        db.session.commit()
        db.session.execute(
            insert(Score)
            .values(
                link_id=link.id, user_id=user.id, sub=sub, asked=1, seen=0, status="none",
                attempts=0, said="", due_at=utcnow(),
            )
            .on_conflict_do_nothing()
        )  # fmt: skip
    else:
        known.sub, known.asked = sub, Score.asked + 1
    db.session.commit()
    dispatch.enqueue_keeping()
