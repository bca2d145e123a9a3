"""The verbs of the feed: something happened, what is new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from blinker import Signal
from sqlalchemy import Select, and_, delete, or_, select, update
from sqlalchemy.orm import contains_eager

from mlarena.accounts.models import User
from mlarena.activity.models import PublicEvent
from mlarena.core import wake
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db, insert
from mlarena.live import publish

# What wakes who tells open pages: something happened.
HAPPENED = "mlarena:activity:happened"
SHOWN = 12
TOLD_AT_ONCE = 100
RETAINED = timedelta(days=90)

# events: list[PublicEvent], with their users – told to open pages just now, after the commit
told = Signal()

# What each kind says, and its picture. The name stands before it, if there is one.
KINDS = {
    "solve": ("solved", "circle-check"),
    "best": ("has a new best on", "trending-up"),
    "badge": ("earned", "award"),
    "end": ("has ended", "trophy"),
}


@dataclass(frozen=True)
class Line:
    """An event as it is shown; `name` is "" where nobody did it."""

    event: PublicEvent
    name: str

    @property
    def words(self) -> str:
        return KINDS[self.event.kind][0]

    @property
    def icon(self) -> str:
        return KINDS[self.event.kind][1]

    def shown(self) -> dict[str, Any]:
        event = self.event
        return {
            "id": event.id,
            "kind": event.kind,
            "username": self.name or None,
            "words": self.words,
            "title": event.title,
            "link": event.link,
            "icon": self.icon,
            "at": rfc3339(event.at),
        }


def note(
    kind: str,
    about: str,
    title: str,
    link: str,
    user_id: int | None = None,
    since: datetime | None = None,
) -> None:
    """Something happened; once for each `about`, but a newer best takes the place of an older one. In the
    caller's transaction, which it never commits; open pages follow by themselves after the commit. What
    has been so for long (`since`) takes its place in the list, and is no news to open pages."""
    words = {"title": title[:200], "link": link, "at": since or utcnow()}
    row = insert(PublicEvent).values(
        kind=kind, about=about, user_id=user_id, told_at=since and utcnow(), **words
    )
    if kind == "best":
        again = row.on_conflict_do_update(
            index_elements=["about"], set_={"at": words["at"], "told_at": None}
        )
    else:
        again = row.on_conflict_do_nothing(index_elements=["about"])
    db.session.execute(again)
    wake.after_commit(HAPPENED)


def take_back(about: str) -> None:
    """It did not happen after all. In the caller's transaction; pages follow when they are read again."""
    db.session.execute(
        delete(PublicEvent)
        .where(PublicEvent.about == about)
        .execution_options(synchronize_session=False)
    )


def public() -> Select[Any]:
    """What anybody may see, the newest first."""
    return (
        select(PublicEvent)
        .outerjoin(PublicEvent.user)
        .where(or_(PublicEvent.user_id.is_(None), and_(User.listed, User.activity_shown)))
        .options(contains_eager(PublicEvent.user))
        .order_by(PublicEvent.at.desc(), PublicEvent.id.desc())
    )


def latest(most: int = SHOWN) -> list[Line]:
    return [line(event) for event in db.session.scalars(public().limit(most))]


def line(event: PublicEvent) -> Line:
    return Line(event, event.user.username if event.user else "")


def tell() -> int:
    """Tell open pages what is new; how many. Commits. A hint: who misses one reads the page again."""
    now = utcnow()
    some = select(PublicEvent.id).where(PublicEvent.told_at.is_(None))
    ids = db.session.scalars(
        update(PublicEvent)
        .where(PublicEvent.id.in_(some.order_by(PublicEvent.id).limit(TOLD_AT_ONCE)))
        .where(PublicEvent.told_at.is_(None))
        .values(told_at=now)
        .returning(PublicEvent.id)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.commit()
    if not ids:
        return 0
    events = list(db.session.scalars(public().where(PublicEvent.id.in_(ids))))[::-1]
    for event in events:
        publish.publish("activity", line(event).shown(), publish.feed_room("all"))
    told.send(PublicEvent, events=events)
    if len(ids) == TOLD_AT_ONCE:
        wake.wake(HAPPENED)
    return len(ids)


def prune() -> int:
    """Take away what is old. Commits."""
    gone = db.session.execute(
        delete(PublicEvent)
        .where(PublicEvent.at < utcnow() - RETAINED)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(gone)
