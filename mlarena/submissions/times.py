"""When tasks open and close: published by the clock at a time, and nothing taken in from another on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select, update

from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, db
from mlarena.core.errors import Conflict, Invalid
from mlarena.submissions.models import Task
from mlarena.submissions.signals import opened

TIMES = ("opens_at", "closes_at")


def require_order(opens_at: datetime | None, closes_at: datetime | None) -> None:
    """Raises Invalid for a task that would close before it opens."""
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise Invalid.field("closes_at", "It would close before it opens.")


def require_open(user: User, task: Task) -> None:
    """Raises Conflict, in the words of the user's own clocks, for a task that has closed."""
    if task.is_over and task.closes_at is not None:
        at = task.closes_at.astimezone(ZoneInfo(user.timezone))
        raise Conflict(
            f"“{task.title}” closed on {at:%d %b %Y at %H:%M}: nothing more can be handed in."
        )


def state_after(
    status: str, scheduled: bool, opens_at: datetime | None, publish: bool | None
) -> tuple[str, bool]:
    """(status, scheduled) after an edit. `publish`: True publishes it, at `opens_at` where that is to come,
    False takes it back, None leaves it as it is."""
    if publish:
        later = opens_at is not None and opens_at > utcnow()
        return ("draft", True) if later else ("published", False)
    if publish is False:
        return ("draft" if status == "published" else status), False
    return status, scheduled and opens_at is not None


class Coming(NamedTuple):
    """What learners are told of a task that the clock will publish."""

    title: str
    opens_at: datetime


def found_or_coming(kind: type[Task]) -> ColumnElement[bool]:
    """What learners find of this kind, or read that it will come."""
    return or_(kind.status == "published", kind.scheduled)


def coming(tasks: Iterable[Task]) -> list[Coming]:
    """What is scheduled of these, the next first."""
    told = [Coming(task.title, task.opens_at) for task in tasks if task.scheduled and task.opens_at]
    return sorted(told, key=lambda one: (one.opens_at, one.title))


def shown(task: Task) -> dict[str, Any]:
    """As the API writes them."""
    return {name: rfc3339(getattr(task, name)) for name in TIMES}


def publish_due() -> int:
    """Publish what was scheduled for now or before; how many. Safe to call at any time. Commits."""
    now, done = utcnow(), 0
    due = select(Task.id).where(Task.scheduled, Task.opens_at <= now)
    tasks = Base.metadata.tables[Task.__tablename__]
    for number in db.session.scalars(due).all():
        db.session.commit()
        # The lock first: an editor who saves at this moment comes before us or after.
        locked = update(tasks).where(tasks.c.id == number).values(version=tasks.c.version)
        db.session.execute(locked)
        task = db.session.get(Task, number, populate_existing=True)
        if task is None or not task.scheduled or task.opens_at is None or task.opens_at > now:
            db.session.rollback()
            continue
        task.status, task.scheduled, task.opens_at = "published", False, None
        task.released()
        db.session.commit()
        opened.send(type(task), task=task)
        done += 1
    return done
