"""From what happened to who is told how: the list, bursts, channels; in batches, what is live first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import set_committed_value

from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.live import presence, publish
from mlarena.notifications import delivery, wake
from mlarena.notifications.audiences import audience
from mlarena.notifications.channels import Store, channels
from mlarena.notifications.choices import Wishes, wishes
from mlarena.notifications.kinds import KINDS
from mlarena.notifications.models import Broadcast, Delivery, Notification

BATCH = 200
# Of the same kind, so soon after one that is still unread: one burst.
BURST = timedelta(minutes=10)
# One turn at what is for very many; then whatever came meanwhile has its turn. Between batches the house
# rests for a multiple of the time that one took: it shares database and process with verdicts.
TURN_SECONDS = 1.0
REST = 3.0


def route_all() -> int:
    """Route whatever waits, what is live first; for one turn. How many. Idempotent, any number may run."""
    wake.answered()
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
    wake.ask()
    return done


def route(bulk: bool, limit: int = BATCH) -> int:
    """One batch. A write takes it, so two never route the same; killed, it was never taken. Commits."""
    now = utcnow()
    one = aliased(Notification)
    there = select(one.id).where(one.routed_at.is_(None), one.bulk.is_(bulk)).limit(1)
    if db.session.scalar(there) is None:  # mostly: and a write keeps every other waiting
        db.session.rollback()
        return 0
    waiting = (
        select(one.id)
        .where(one.routed_at.is_(None), one.bulk.is_(bulk))
        .order_by(one.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = sorted(
        db.session.scalars(
            update(Notification)
            .where(Notification.id.in_(waiting), Notification.routed_at.is_(None))
            .values(routed_at=now)
            .returning(Notification)
            .execution_options(synchronize_session=False)
        ),
        key=lambda row: row.id,
    )
    if not rows:
        db.session.rollback()
        return 0
    wanted = wishes({row.user_id for row in rows})
    _settle(rows, wanted)
    at_once = _send_out(rows, wanted, now)
    db.session.commit()
    _tell(rows, wanted, now, bulk)
    for channel, user_ids in at_once:
        delivery.store(channel, user_ids)
    return len(rows)


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


def _send_out(
    rows: Sequence[Notification], wanted: dict[int, Wishes], now: datetime
) -> list[tuple[Store, list[int]]]:
    """The deliveries of a batch; by channels that are stores, whose are due at once."""
    at_once: list[tuple[Store, list[int]]] = []
    out = []
    for channel in channels().values():
        due_now: set[int] = set()
        mine = [
            row
            for row in rows
            if row.user_id in wanted and wanted[row.user_id].by(channel, row.kind)
        ]
        reached = channel.reaches({row.user_id for row in mine}) if mine else set()
        for row in mine:
            if row.user_id not in reached or row.read_at is not None:
                continue
            due = wanted[row.user_id].due(channel, now)
            if due <= now:
                due_now.add(row.user_id)
            out.append(
                {"notification_id": row.id, "channel": channel.name, "user_id": row.user_id,
                 "due_at": due, "tries": 0}
            )  # fmt: skip
        if due_now and isinstance(channel, Store):
            at_once.append((channel, sorted(due_now)))
    if out:
        db.session.execute(insert(Delivery), out)
    return at_once


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
