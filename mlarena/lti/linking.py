"""What a resource link opens: chosen in the LMS (deep linking), or here, by who leads the cohort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Select, or_, select, true, update

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.cohorts import access, assignments
from mlarena.cohorts.assignments import UNASSIGNED
from mlarena.cohorts.models import Assignment, Cohort
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Invalid, NotFound
from mlarena.lti.claims import Launch
from mlarena.lti.models import Link, Platform, Score
from mlarena.submissions.models import Task

NONE = "There is no such link of yours."


@dataclass(frozen=True)
class Choice:
    """A cohort, an assignment of it, or a task: by itself, or of a cohort, whose terms then hold."""

    target: str
    title: str
    cohort_id: int | None = None
    assignment_id: int | None = None
    task_id: int | None = None

    @property
    def name(self) -> str:
        """As forms send it: "cohort:3", "assignment:3:7", "task:5", "task:5:3"."""
        ids = {
            "cohort": (self.cohort_id,),
            "assignment": (self.cohort_id, self.assignment_id),
            "task": (self.task_id, self.cohort_id),
        }[self.target]
        return ":".join([self.target, *(str(one) for one in ids if one)])


def choose(user: User, name: str) -> Choice:
    """What `name` is, if this user may have a link open it. Raises Invalid, or NotFound."""
    target, *rest = name.split(":")
    if not all(one.isascii() and one.isdecimal() and len(one) < 10 for one in rest):
        raise Invalid.field("choice", "Choose a cohort, an assignment or a task.")
    ids = [int(one) for one in rest]
    match target, ids:
        case "cohort", [cohort_id]:
            cohort = access.led(cohort_id, user)
            return Choice("cohort", cohort.title, cohort_id)
        case "assignment", [cohort_id, assignment_id]:
            found = assignments.find(access.led(cohort_id, user), assignment_id)
            return Choice("assignment", found.title, cohort_id, assignment_id)
        case "task", [task_id, *cohort_ids] if len(cohort_ids) < 2:
            if cohort_ids:
                access.led(cohort_ids[0], user)
            task = db.session.get(Task, task_id)
            if task is None or task.status != "published" or task.kind in UNASSIGNED:
                raise NotFound("There is no published task like this.")
            return Choice("task", task.title, next(iter(cohort_ids), None), None, task_id)
    raise Invalid.field("choice", "Choose a cohort, an assignment or a task.")


def offered(user: User, cohort_id: int | None) -> list[Choice]:
    """What can be chosen within a cohort that `user` leads, or without one: every published task."""
    found: list[Choice] = []
    if cohort_id is not None:
        found.append(Choice("cohort", access.led(cohort_id, user).title, cohort_id))
        found += [
            Choice("assignment", one.title, cohort_id, one.id)
            for one in db.session.scalars(
                select(Assignment)
                .where(Assignment.cohort_id == cohort_id)
                .order_by(Assignment.position, Assignment.id)
            )
        ]
    tasks = assignments.assignable(user)
    return found + [Choice("task", row.title, cohort_id, None, row.id) for row in tasks]


def name_of(link: Link) -> str:
    """What it opens now, as forms send it; "" for nothing, or what is gone."""
    if not link.target:
        return ""
    return Choice(link.target, "", link.cohort_id, link.assignment_id, link.task_id).name


def led(user: User) -> list[Cohort]:
    query = select(Cohort).where(access.led_by(user), Cohort.archived_at.is_(None))
    return list(db.session.scalars(query.order_by(Cohort.id.desc()).limit(200)))


# The word that a deep link carries through the LMS.


def seal(platform: Platform, context_id: str, by: User, choice: Choice) -> str:
    """Signed: whoever can write a link's parameters in the LMS must not choose a cohort by them. It holds in
    the course where it was made, so a copy of the course opens nobody's cohort of last year."""
    return _serializer().dumps([platform.id, context_id, by.id, choice.name])


def _chosen(platform: Platform, launch: Launch) -> tuple[User, Choice] | None:
    """Who has chosen what; None for a word that is not ours, of another course, or does not hold any more."""
    try:
        platform_id, context_id, by_id, name = _serializer().loads(launch.chosen)
    except (BadData, ValueError, TypeError):
        return None
    if platform_id != platform.id or context_id != launch.context_id:
        return None
    by = db.session.get(User, by_id)
    if by is None or not by.is_at_least("instructor"):
        return None
    try:
        return by, choose(by, name)
    except (Invalid, NotFound):
        return None


def _serializer() -> Any:
    return URLSafeSerializer(current_app.secret_key or "", salt="mlarena lti link")


# Links.


def note(platform: Platform, launch: Launch) -> Link:
    """The link of this launch, as the LMS names it now. A new one opens what it was chosen for. Commits."""
    named = (Link.platform_id == platform.id, Link.deployment_id == launch.deployment_id)
    query = select(Link).where(*named, Link.resource_link_id == launch.resource_link_id)
    told: dict[str, Any] = {
        "context_id": launch.context_id,
        "context_title": launch.context_title,
        "title": launch.title,
        "used_at": utcnow(),
    }
    if launch.line_item or launch.line_items:
        told |= {"line_items": launch.line_items}
    if launch.line_item:
        told |= {"line_item": launch.line_item}
    ids = {
        "platform_id": platform.id,
        "deployment_id": launch.deployment_id,
        "resource_link_id": launch.resource_link_id,
    }
    blank = {"target": "", "line_item": "", "line_items": "", "created_at": utcnow()}
    db.session.commit()
    db.session.execute(
        insert(Link)
        .values(**{**blank, **ids, **told})
        .on_conflict_do_update(index_elements=list(ids), set_=told)
    )
    db.session.commit()
    found = db.session.scalars(query.execution_options(populate_existing=True)).one()
    if not found.target and launch.chosen and (chosen := _chosen(platform, launch)):
        _bind(found, *chosen)
        db.session.commit()
    return found


def mine(viewer: User) -> Select[Link]:
    """The links that `viewer` may change: of their LMS, kept by them, or of a cohort that they lead."""
    whose: Any = or_(
        Link.kept_by == viewer.id,
        Link.platform_id.in_(select(Platform.id).where(Platform.owner_id == viewer.id)),
        Link.cohort_id.in_(select(Cohort.id).where(access.led_by(viewer))),
    )
    return select(Link).where(true() if viewer.is_at_least("admin") else whose)


def find(link_id: int, viewer: User) -> Link:
    """Raises NotFound for what is somebody else's."""
    found = db.session.scalar(mine(viewer).where(Link.id == link_id))
    if found is None:
        raise NotFound(NONE)
    return found


def leave_to(link: Link, user: User) -> None:
    """The first instructor who comes by a link that opens nothing may choose what it opens. Commits."""
    if link.kept_by is None:
        link.kept_by = user.id
        db.session.commit()


def bind(actor: User, link: Link, name: str) -> Choice:
    """From now on it opens this. Its scores are computed anew. Raises Invalid, or NotFound. Commits."""
    choice = choose(actor, name)
    _bind(link, actor, choice)
    audit.note(actor, "lms.bind", f"lms:{link.platform_id}", link=link.id, choice=choice.name)
    db.session.execute(update(Score).where(Score.link_id == link.id).values(asked=Score.asked + 1))
    db.session.commit()
    return choice


def _bind(link: Link, by: User, choice: Choice) -> None:
    link.target, link.kept_by = choice.target, by.id
    link.cohort_id, link.assignment_id = choice.cohort_id, choice.assignment_id
    link.task_id = choice.task_id
