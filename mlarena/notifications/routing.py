"""From what happened to who is told how: the list, bursts, channels; in batches, what is live first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, literal, select, update
from sqlalchemy.orm.attributes import set_committed_value

from mlarena.accounts.models import User
from mlarena.core import wake
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.live import presence, publish
from mlarena.notifications import delivery
from mlarena.notifications.audiences import audience
from mlarena.notifications.channels import Channel, Letter, Store, channels
from mlarena.notifications.choices import Wishes, wishes
from mlarena.notifications.kinds import KINDS
from mlarena.notifications.models import Broadcast, Delivery, Notification
from mlarena.notifications.service import WRITTEN

log = structlog.get_logger(__name__)

BATCH = 200
# Of the same kind, so soon after one that is still unread: one burst.
BURST = timedelta(minutes=10)
# One turn at what is for very many; then whatever came meanwhile has its turn. Between batches the house
# rests for a multiple of the time that one took: it shares database and process with verdicts.
TURN_SECONDS = 1.0
REST = 3.0


def route_all() -> int:
    """Route whatever waits, what is live first; for one turn. How many. Idempotent, any number may run."""
    done, until = 0, time.monotonic() + TURN_SECONDS
    while time.monotonic() < until:
        began = time.monotonic()
        routed = route(bulk=False)
        done += routed
        if routed:
            continue
        stored = delivery.deliver_stored()
        spread_one = spread()
        routed = route(bulk=True)
        done += routed
        if not stored and not spread_one and not routed:
            return done
        time.sleep(REST * (time.monotonic() - began))
    wake.wake(WRITTEN)
    return done


def route(bulk: bool, limit: int = BATCH, directly: bool = True) -> int:
    """One batch. A write takes it, so two never route the same; killed, it was never taken. Commits.

    What takes long to read is read before: on SQLite whoever writes keeps everybody else waiting.
    `directly`: what is live, and due at once by a channel that is a store, is put there along with it.
    """
    now = utcnow()
    rows = _waiting(bulk, limit)
    if not rows:
        db.session.rollback()
        return 0
    wanted = wishes({row.user_id for row in rows})
    out = _send_out(rows, wanted, now)
    stores = {} if bulk or not directly else _letters(out, rows)
    try:
        for store, letters in stores.items():
            store.put(letters)
    except Exception:  # one letter stops nobody else's: each by itself
        db.session.rollback()
        log.warning("letters are put one by one", exc_info=True)
        return route(bulk, limit, directly=False)
    if not _take(rows, now):
        db.session.rollback()
        return route(bulk, limit, directly)
    _settle(rows, wanted)
    held = [one for one in out if not (one.at_once and one.channel in stores)]
    if held:
        db.session.execute(insert(Delivery), [one.row() for one in held])
    db.session.commit()
    for store in stores:
        store.wake()
    _tell(rows, wanted, now, bulk)
    for channel in {one.channel for one in held if one.at_once}:
        if isinstance(channel, Store):
            mine = {one.user_id for one in held if one.at_once and one.channel is channel}
            delivery.store(channel, sorted(mine))
    return len(rows)


def _waiting(bulk: bool, limit: int) -> list[Notification]:
    """The oldest that nobody has routed, and, where rows can be locked, that nobody is at."""
    query = (
        select(Notification)
        .where(Notification.routed_at.is_(None), Notification.bulk.is_(bulk))
        .order_by(Notification.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _take(rows: Sequence[Notification], now: datetime) -> bool:
    """They are ours. False where somebody else has taken one meanwhile."""
    taken = db.session.scalars(
        update(Notification)
        .where(Notification.id.in_([row.id for row in rows]), Notification.routed_at.is_(None))
        .values(routed_at=now)
        .returning(Notification.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(taken) == len(rows)


def spread() -> bool:
    """Write the next stretch of the oldest broadcast that is not done. Whether there was one. Commits."""
    row = db.session.scalars(
        select(Broadcast).where(Broadcast.done_at.is_(None)).order_by(Broadcast.id).limit(1)
    ).first()
    if row is None:
        db.session.rollback()
        return False
    people = audience(row.audience).subquery()
    person = people.c[0]
    following = select(person).where(person > row.reached).order_by(person).limit(BATCH).subquery()
    last = db.session.scalar(select(func.max(following.c[0])))
    db.session.commit()
    values: dict[str, Any] = {"reached": last} if last is not None else {"done_at": utcnow()}
    # A write first; of two that come here the second finds that somebody has gone on.
    moved = db.session.execute(
        update(Broadcast)
        .where(Broadcast.id == row.id, Broadcast.reached == row.reached)
        .where(Broadcast.done_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount == 1 and last is not None:  # type: ignore[attr-defined]
        fields = {"kind": row.kind, "about": row.about, "title": row.title, "text": row.text}
        more: dict[str, Any] = {"link": row.link, "bulk": True, "shown": False}
        constant = fields | more
        at = literal(row.created_at, Notification.created_at.type)
        stretch = (
            select(person, *map(literal, constant.values()), at)
            .where(person > row.reached, person <= last)
            .distinct()
        )  # fmt: skip
        db.session.execute(
            insert(Notification)
            .from_select(["user_id", *constant, "created_at"], stretch)
            .on_conflict_do_nothing(index_elements=["user_id", "kind", "about"])
        )
    db.session.commit()
    return True


def _settle(rows: Sequence[Notification], wanted: dict[int, Wishes]) -> None:
    """Which stand in the list, and which are part of a burst."""
    # Asked for within the write: what was read meanwhile is the head of nothing any more.
    heads = _open_heads(rows)
    shown: dict[int | None, list[int]] = {}
    for row in rows:
        wish, kind = wanted.get(row.user_id), KINDS.get(row.kind)
        if wish is None or not wish.in_page(row.kind):
            continue
        head = None
        if kind is not None and kind.bursts and row.read_at is None:
            known = heads.get((row.user_id, row.kind))
            if known is not None and row.created_at - known[1] <= BURST:
                head = known[0]
            else:
                heads[row.user_id, row.kind] = (row.id, row.created_at)
        shown.setdefault(head, []).append(row.id)
        set_committed_value(row, "shown", True)
        set_committed_value(row, "burst_id", head)
    # A statement for all that stand for themselves and one for each burst, not one for each row.
    for head, ids in shown.items():
        db.session.execute(
            update(Notification)
            .where(Notification.id.in_(ids))
            .values(shown=True, burst_id=head)
            .execution_options(synchronize_session=False)
        )


def _open_heads(rows: Sequence[Notification]) -> dict[tuple[int, str], tuple[int, datetime]]:
    """By user and kind the latest that is unread and stands for itself."""
    kinds = {row.kind for row in rows if row.kind in KINDS and KINDS[row.kind].bursts}
    if not kinds:
        return {}
    found = db.session.execute(
        select(Notification.user_id, Notification.kind, Notification.id, Notification.created_at)
        .where(Notification.user_id.in_({row.user_id for row in rows if row.kind in kinds}))
        .where(Notification.read_at.is_(None), Notification.shown)
        .where(Notification.burst_id.is_(None), Notification.kind.in_(kinds))
        .order_by(Notification.id)
    )
    return {(one.user_id, one.kind): (one.id, one.created_at) for one in found}


@dataclass(frozen=True)
class Out:
    """One notification by one channel."""

    channel: Channel
    user_id: int
    notification_id: int
    due: datetime
    at_once: bool

    def row(self) -> dict[str, Any]:
        return {
            "notification_id": self.notification_id,
            "channel": self.channel.name,
            "user_id": self.user_id,
            "due_at": self.due,
            "tries": 0,
        }


def _send_out(rows: Sequence[Notification], wanted: dict[int, Wishes], now: datetime) -> list[Out]:
    """Which go out by which channels, and when."""
    out = []
    for channel in channels().values():
        mine = [
            row
            for row in rows
            if row.user_id in wanted and wanted[row.user_id].by(channel, row.kind)
        ]
        reached = channel.reaches({row.user_id for row in mine}) if mine else set()
        for row in mine:
            if row.user_id in reached and row.read_at is None:
                due = wanted[row.user_id].due(channel, now)
                out.append(Out(channel, row.user_id, row.id, due, due <= now))
    return out


def _letters(out: Sequence[Out], rows: Sequence[Notification]) -> dict[Store, list[Letter]]:
    """What is due at once by each of the channels that are stores."""
    due = [one for one in out if one.at_once and isinstance(one.channel, Store)]
    if not due:
        return {}
    ids = {one.user_id for one in due}
    users = {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(ids)))}
    notices = {row.id: row for row in rows}
    told: dict[Store, dict[int, list[Notification]]] = {}
    for one in due:
        assert isinstance(one.channel, Store)  # noqa: S101 – chosen above
        mine = told.setdefault(one.channel, {}).setdefault(one.user_id, [])
        mine.append(notices[one.notification_id])
    return {
        store: [(users[user_id], mine) for user_id, mine in theirs.items() if user_id in users]
        for store, theirs in told.items()
    }


def _tell(
    rows: Sequence[Notification], wanted: dict[int, Wishes], now: datetime, bulk: bool
) -> None:
    """Open pages hear of it. Of very many only those are asked about who have a page open."""
    shown = [row for row in rows if row.shown and row.read_at is None]
    people = {row.user_id for row in shown}
    if bulk:
        people = presence.online(people)
    if not people:
        return
    counts = _unread(people)
    for row in shown:
        if row.user_id in people:
            kind = KINDS.get(row.kind)
            more = {
                "unread": counts.get(row.user_id, 0),
                "quiet": wanted[row.user_id].quiet(now) or not (kind and kind.live),
            }
            publish.publish("notification", row.json() | more, publish.user_room(row.user_id))


def _unread(user_ids: set[int]) -> dict[int, int]:
    rows = db.session.execute(
        select(Notification.user_id, func.count())
        .where(Notification.user_id.in_(user_ids), Notification.read_at.is_(None))
        .where(Notification.shown, Notification.burst_id.is_(None))
        .group_by(Notification.user_id)
    )
    return dict(rows.all())
