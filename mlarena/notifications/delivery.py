"""Sending what is due by a channel: one message to a user, however much there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, or_, select, update

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.notifications.channels import Later, Letter, Sender, Store, Unreachable, channels
from mlarena.notifications.choices import wishes
from mlarena.notifications.models import Delivery, Notification

log = structlog.get_logger(__name__)

PEOPLE = 50
# Who sends may take so long over one message before somebody else takes it over.
LEASE = timedelta(seconds=90)
# A failed try is repeated after 1, 2, 4, … minutes, and at last no more.
MOST_TRIES = 8


def deliver(name: str, people: int = PEOPLE) -> int:
    """Send what is due by that channel, who has waited longest first; to how many. Any number may run.

    At least once: whoever is killed between a message and the note that it went out sends it again.
    """
    channel, sent = channels()[name], 0
    assert isinstance(channel, Sender)  # noqa: S101 – what is stored goes by `deliver_stored`
    for user_id in _waiting(name, people):
        try:
            sent += _deliver_to(channel, user_id)
        except Later as later:
            _again(name, user_id, later.seconds)
            if later.everyone:
                break
    return sent


def deliver_stored(people: int = PEOPLE) -> int:
    """Put what is due, and nobody has put yet, into the channels that are stores: what waited for the end of
    quiet hours or for another try, or was left by somebody who was killed. To how many."""
    stores = [one for one in channels().values() if isinstance(one, Store)]
    return sum(store(one, _waiting(one.name, people)) for one in stores)


def store(channel: Store, user_ids: Sequence[int]) -> int:
    """What is due to all of these in one transaction; if that fails each in their own, so that what cannot
    be sent to one stops nobody else's."""
    if not user_ids:
        return 0
    try:
        stored = _put(channel, user_ids)
        db.session.commit()
    except Exception:
        db.session.rollback()
        if len(user_ids) > 1:
            return sum(store(channel, [one]) for one in user_ids)
        log.exception("a notification could not be sent", channel=channel.name, user=user_ids[0])
        ids = _take(channel.name, user_ids, utcnow()).get(user_ids[0], [])
        db.session.commit()
        _failed(channel.name, ids)
        return 0
    channel.wake()
    return stored


def due(name: str) -> datetime | None:
    """When the next delivery by that channel is due; None if none waits."""
    return db.session.scalar(select(func.min(Delivery.due_at)).where(Delivery.channel == name))


def _waiting(name: str, people: int) -> list[int]:
    now = utcnow()
    found = db.session.scalars(
        select(Delivery.user_id)
        .where(Delivery.channel == name, Delivery.due_at <= now, _free(now))
        .group_by(Delivery.user_id)
        .order_by(func.min(Delivery.due_at), Delivery.user_id)
        .limit(people)
    ).all()
    db.session.commit()
    return list(found)


def _deliver_to(channel: Sender, user_id: int) -> bool:
    now = utcnow()
    taken = _take(channel.name, [user_id], now).get(user_id, [])
    db.session.commit()
    if not taken:
        return False  # somebody else has it
    user, wish = db.session.get(User, user_id), wishes([user_id]).get(user_id)
    if user is None or wish is None or user_id not in channel.reaches([user_id]):
        _drop(channel.name, user_id)
        return False
    if wish.quiet(now):  # they have changed their hours, or their zone, since
        _put_off(channel.name, taken, wish.due(channel, now))
        return False
    notices = list(
        db.session.scalars(
            select(Notification).where(Notification.id.in_(taken)).order_by(Notification.id)
        )
    )
    # What was read meanwhile, or is no longer wanted, needs no telling.
    news = [one for one in notices if one.read_at is None and wish.by(channel, one.kind)]
    db.session.commit()
    try:
        if news:
            channel.send(user, news)
    except Later:
        raise
    except Unreachable:
        _drop(channel.name, user_id)
        return False
    except Exception:
        log.exception("a notification could not be sent", channel=channel.name, user=user_id)
        _failed(channel.name, taken)
        return False
    db.session.execute(_of(delete(Delivery), channel.name, taken))
    db.session.commit()
    return bool(news)


def _put(channel: Store, user_ids: Sequence[int]) -> int:
    now = utcnow()
    taken = _take(channel.name, user_ids, now)
    if not taken:
        return 0
    users = {one.id: one for one in db.session.scalars(select(User).where(User.id.in_(taken)))}
    wanted, reached = wishes(taken), channel.reaches(taken)
    notices: dict[int, list[Notification]] = {}
    ids = [number for numbers in taken.values() for number in numbers]
    asked = select(Notification).where(Notification.id.in_(ids)).order_by(Notification.id)
    for one in db.session.scalars(asked.execution_options(populate_existing=True)):
        notices.setdefault(one.user_id, []).append(one)
    letters: list[Letter] = []
    for user_id, numbers in taken.items():
        user, wish = users.get(user_id), wanted.get(user_id)
        if user is None or wish is None or user_id not in reached:
            db.session.execute(_all_of(delete(Delivery), channel.name, user_id))
        elif wish.quiet(now):
            put_off = {"due_at": wish.due(channel, now), "taken_until": None, "tries": 0}
            db.session.execute(_of(update(Delivery), channel.name, numbers).values(**put_off))
            ids = [number for number in ids if number not in numbers]
        else:
            mine = notices.get(user_id, [])
            news = [one for one in mine if one.read_at is None and wish.by(channel, one.kind)]
            letters += [(user, news)] if news else []
    channel.put(letters)
    db.session.execute(_of(delete(Delivery), channel.name, ids))
    return len(letters)


def _take(name: str, user_ids: Sequence[int], now: datetime) -> dict[int, list[int]]:
    """What is due to each of these is ours for a while; somebody else's is not among it."""
    rows = db.session.execute(
        update(Delivery)
        .where(Delivery.channel == name, Delivery.user_id.in_(user_ids))
        .where(Delivery.due_at <= now, _free(now))
        .values(taken_until=now + LEASE, tries=Delivery.tries + 1)
        .returning(Delivery.user_id, Delivery.notification_id)
        .execution_options(synchronize_session=False)
    ).all()
    taken: dict[int, list[int]] = {}
    for user_id, notification_id in rows:
        taken.setdefault(user_id, []).append(notification_id)
    return taken


def _free(now: datetime) -> Any:
    return or_(Delivery.taken_until.is_(None), Delivery.taken_until < now)


def _of(statement: Any, name: str, ids: Sequence[int]) -> Any:
    return statement.where(Delivery.channel == name, Delivery.notification_id.in_(ids))


def _all_of(statement: Any, name: str, user_id: int) -> Any:
    return statement.where(Delivery.channel == name, Delivery.user_id == user_id)


def _again(name: str, user_id: int, seconds: float) -> None:
    """It was no failure of ours: not counted as a try."""
    db.session.rollback()
    db.session.execute(
        update(Delivery)
        .where(Delivery.channel == name, Delivery.user_id == user_id)
        .where(Delivery.taken_until.is_not(None))
        .values(
            due_at=utcnow() + timedelta(seconds=seconds),
            taken_until=None,
            tries=Delivery.tries - 1,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _put_off(name: str, ids: Sequence[int], until: datetime) -> None:
    values = {"due_at": until, "taken_until": None, "tries": 0}
    db.session.execute(_of(update(Delivery), name, ids).values(**values))
    db.session.commit()


def _failed(name: str, ids: Sequence[int]) -> None:
    db.session.rollback()
    given_up = _of(delete(Delivery), name, ids).where(Delivery.tries >= MOST_TRIES)
    gone = db.session.execute(given_up).rowcount  # type: ignore[attr-defined]
    if gone:
        log.error("notifications were given up", channel=name, notifications=gone)
    tries = db.session.scalar(_of(select(func.max(Delivery.tries)), name, ids))
    if tries is not None:
        pause = timedelta(minutes=2 ** (tries - 1))
        db.session.execute(
            _of(update(Delivery), name, ids).values(due_at=utcnow() + pause, taken_until=None)
        )
    db.session.commit()


def _drop(name: str, user_id: int) -> None:
    db.session.rollback()
    db.session.execute(_all_of(delete(Delivery), name, user_id))
    db.session.commit()
