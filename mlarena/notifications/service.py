"""The verbs: tell somebody something, tell very many, and what has been read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from mlarena.accounts.models import User
from mlarena.core import wake
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert, made_once
from mlarena.core.errors import NotFound
from mlarena.live import publish
from mlarena.notifications.audiences import audience
from mlarena.notifications.channels import Store, channels
from mlarena.notifications.kinds import KINDS
from mlarena.notifications.models import Broadcast, Notification

# What wakes who routes: something was written.
WRITTEN = "mlarena:notices:written"
# The bell does not count further: it says "99+".
MOST_COUNTED = 100
# What told of it is long over by then, so nothing is told a second time.
RETAINED_READ = timedelta(days=90)
RETAINED = timedelta(days=365)
PRUNED_AT_ONCE = 500
# Rows of one statement: SQLite takes 32,766 parameters.
WRITTEN_AT_ONCE = 500


@dataclass(frozen=True)
class About:
    """What a notification is about. `about` is told once to a user for each kind ("submission:7")."""

    about: str
    title: str
    text: str = ""
    link: str = ""

    def fields(self) -> dict[str, str]:
        """As the tables hold them."""
        return asdict(self) | {"title": self.title[:200], "text": self.text[:500]}


def notify(user: User | int, kind: str, about: About) -> None:
    """Tell `user` something, once however often it is called. In the caller's transaction, which it never
    commits; what follows (the list, open pages, channels) begins by itself after the commit."""
    notify_all([user if isinstance(user, int) else user.id], kind, about)


def notify_all(user_ids: Collection[int], kind: str, about: About) -> None:
    """The same to some: as many as one can name. For whole audiences there is `broadcast`."""
    notify_each([(user_id, about) for user_id in sorted(set(user_ids))], kind)


def notify_each(told: Sequence[tuple[int, About]], kind: str, bulk: bool = False) -> None:
    """The same with words of their own for each. `bulk`: they are very many, what is live goes first."""
    if kind not in KINDS:
        raise ValueError(f"there is no kind of notification called {kind}")
    more = {"kind": kind, "created_at": utcnow(), "bulk": bulk, "shown": False}
    rows = [{"user_id": user_id, **about.fields(), **more} for user_id, about in told]
    for begin in range(0, len(rows), WRITTEN_AT_ONCE):
        some = rows[begin : begin + WRITTEN_AT_ONCE]
        db.session.execute(_new(), some if len(some) > 1 else some[0])
    if rows:
        wake.after_commit(WRITTEN)


@made_once
def _new() -> Any:
    """Of the table: a verdict waits for it."""
    once = ["user_id", "kind", "about"]
    return insert(Notification.__table__).on_conflict_do_nothing(index_elements=once)


def broadcast(kind: str, about: About, to: str) -> None:
    """Tell an audience ("cohort:7", see audiences.py), in stretches that let everything else go first. Once
    for each kind and `about`. In the caller's transaction."""
    if kind not in KINDS:
        raise ValueError(f"there is no kind of notification called {kind}")
    row = {"kind": kind, **about.fields(), "audience": to, "reached": 0}
    db.session.execute(
        insert(Broadcast)
        .values(**row, created_at=utcnow())
        .on_conflict_do_nothing(index_elements=["kind", "about"])
    )
    wake.after_commit(WRITTEN)


def take_back(kind: str, about: str) -> None:
    """What was broadcast is no longer so: who has not been told is not, and nobody's list has it any more.
    In the caller's transaction."""
    row = db.session.scalars(
        delete(Broadcast)
        .where(Broadcast.kind == kind, Broadcast.about == about)
        .returning(Broadcast)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        return
    # By user, because that is how the key of the table begins.
    people = audience(row.audience).subquery()
    told = (
        Notification.user_id.in_(select(people.c[0])),
        Notification.kind == kind,
        Notification.about == about,
    )
    for channel in channels().values():
        if isinstance(channel, Store):
            channel.withdraw(select(Notification.id).where(*told))
    db.session.execute(
        delete(Notification).where(*told).execution_options(synchronize_session=False)
    )


def heads(user_id: int | BindParameter[int], unread: bool = False) -> Select[Any]:
    """The user's list, newest first: a burst is one of them."""
    query = select(Notification).where(*_are_heads(Notification, user_id, unread))
    return query.order_by(Notification.id.desc())


def _are_heads(of: Any, user_id: int | BindParameter[int], unread: bool) -> list[Any]:
    """The conditions on a row `of` the model, or of its table's columns."""
    stands = [of.user_id == user_id, of.shown, of.burst_id.is_(None)]
    return [*stands, of.read_at.is_(None)] if unread else stands


def bursts(head_ids: Collection[int]) -> dict[int, list[Notification]]:
    """By the first of them what else belongs to a burst, newest first: one query."""
    found: dict[int, list[Notification]] = {}
    rows = db.session.scalars(
        select(Notification)
        .where(Notification.burst_id.in_(head_ids))
        .order_by(Notification.id.desc())
    )
    for row in rows:
        found.setdefault(row.burst_id or 0, []).append(row)
    return found


# How many the bell counts, up to MOST_COUNTED: asked with every page of somebody signed in, so built once,
# and of the table itself: a model's columns take the mapper's way.
_columns: Any = Notification.__table__.c
UNREAD = select(func.count()).select_from(
    select(_columns.id)
    .where(*_are_heads(_columns, bindparam("user_id", type_=Integer), unread=True))
    .limit(MOST_COUNTED)
    .subquery()
)


def unread(user_id: int) -> int:
    """How many the bell counts, up to MOST_COUNTED."""
    return db.session.scalar(UNREAD, {"user_id": user_id}) or 0


def mark_read(user_id: int, notification_id: int) -> None:
    """One is read, with all of its burst. Raises NotFound for somebody else's. Commits; open pages follow."""
    mine = and_(Notification.id == notification_id, Notification.user_id == user_id)
    if db.session.scalar(select(Notification.id).where(mine, Notification.shown)) is None:
        raise NotFound("There is no such notification.")
    burst = or_(Notification.id == notification_id, Notification.burst_id == notification_id)
    _read(user_id, burst)


def mark_all_read(user_id: int, up_to: int | None = None) -> None:
    """All that there is, or all up to the newest that its reader has seen. Commits; open pages follow."""
    if up_to is None:
        _read(user_id, Notification.id > 0)
    else:  # the rest of a burst may be newer than the first of it, which stands in the list
        _read(user_id, or_(Notification.id <= up_to, Notification.burst_id <= up_to))


def seen(user_id: int, kind: str, about: str) -> None:
    """The user looks at the very thing: what tells of it is read. Commits if there was something."""
    it = and_(Notification.kind == kind, Notification.about == about)
    # Asked first: the page is looked at often, and seldom is there anything to write.
    mine = select(Notification.id).where(Notification.user_id == user_id, it)
    if db.session.scalar(mine.where(Notification.read_at.is_(None))) is not None:
        _read(user_id, it)


def _read(user_id: int, which: Any) -> None:
    changed = db.session.execute(
        update(Notification)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None), which)
        .values(read_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if changed.rowcount:  # type: ignore[attr-defined]
        publish.publish("unread", {"unread": unread(user_id)}, publish.user_room(user_id))


def prune() -> int:
    """Take away what is old: read for RETAINED_READ, or written RETAINED ago. In batches; commits each."""
    gone = 0
    for old in (
        Notification.read_at < utcnow() - RETAINED_READ,
        and_(Notification.read_at.is_(None), Notification.created_at < utcnow() - RETAINED),
    ):
        while True:
            some = (
                select(Notification.id).where(old).order_by(Notification.id).limit(PRUNED_AT_ONCE)
            )
            taken = db.session.execute(
                delete(Notification)
                .where(Notification.id.in_(some))
                .execution_options(synchronize_session=False)
            ).rowcount  # type: ignore[attr-defined]
            db.session.commit()
            gone += taken
            if taken < PRUNED_AT_ONCE:
                break
    return gone
