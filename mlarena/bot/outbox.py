"""What is on its way to Telegram: written here, sent by the bot process, in order within a chat.

At least once: a row stays open until Telegram has answered. What must be said once has a key.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, delete, or_, select, update

from mlarena.bot import hours, rates
from mlarena.bot.models import TelegramLink, TelegramMessage, TelegramTalk
from mlarena.bot.text import LONGEST, length, split
from mlarena.core import wake
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert

log = structlog.get_logger(__name__)

# What wakes the bot process: something is to be said. Without it that is found within a second.
WRITTEN = "mlarena:telegram:written"
# An answer goes before a notice, a notice before what goes to everybody.
ANSWER, NOTICE, BULK = 0, 1, 2

WINDOW = 400
LEASE = timedelta(seconds=40)
# Telegram away: again after so many seconds, and no longer than a day.
AGAIN = (1, 2, 5, 15, 60, 300)
STALE = timedelta(days=1)
LONGEST_WAIT = 1.0

Buttons = Sequence[Sequence[tuple[str, str]]]
Message = TelegramMessage
_FREE = Message.done_at.is_(None)


def say(chat_id: int, text: str, **more: Any) -> bool:
    """Put it on its way, see `put`. Commits."""
    said = put(chat_id, text, **more)
    db.session.commit()
    wake.wake(WRITTEN)
    return said


def put(
    chat_id: int,
    text: str,
    *,
    buttons: Buttons = (),
    ask_reply: str = "",
    reply_to: int | None = None,
    about: dict[str, Any] | None = None,
    key: str | None = None,
    priority: int = ANSWER,
    joinable: bool = False,
    user_id: int | None = None,
) -> bool:
    """Say it, in as many messages as it takes; the last has the buttons, each a row of (words, data), or
    asks for a reply. False where `key` was said before. In the caller's transaction."""
    parts = split(text)
    for number, part in enumerate(parts, 1):
        payload: dict[str, Any] = {"text": part}
        if number == len(parts):
            payload |= _markup(buttons, ask_reply)
        if reply_to is not None and number == 1:
            payload["reply_to"] = reply_to
        row = _row(chat_id, "sendMessage", payload, priority, user_id)
        row |= {"about": about or {}, "joinable": joinable and len(parts) == 1 and not buttons}
        row["key"] = key if number == 1 else None
        written = db.session.scalar(
            insert(Message).values(row).on_conflict_do_nothing().returning(Message.id)
        )
        if written is None:  # the first of them, which has the key
            return False
    return True


def edit(
    chat_id: int, message_id: int, text: str, buttons: Buttons = (), user_id: int | None = None
) -> None:
    """Put other words, and buttons, into a message of ours. Commits."""
    payload = {"text": split(text)[0], "message_id": message_id, **_markup(buttons, "")}
    db.session.execute(
        insert(Message).values(_row(chat_id, "editMessageText", payload, ANSWER, user_id))
    )
    db.session.commit()
    wake.wake(WRITTEN)


def _row(
    chat_id: int, method: str, payload: dict[str, Any], priority: int, user_id: int | None
) -> dict[str, Any]:
    now = utcnow()
    return {
        **{"chat_id": chat_id, "method": method, "payload": payload, "priority": priority},
        **{"user_id": user_id, "created_at": now, "due_at": now, "about": {}, "joinable": False},
        "attempts": 0,
    }


def _markup(buttons: Buttons, ask_reply: str) -> dict[str, Any]:
    if buttons:
        return {"buttons": [[list(one) for one in row] for row in buttons]}
    return {"ask_reply": ask_reply} if ask_reply else {}


@dataclass(frozen=True)
class Parcel:
    """One call: a message, several joined to one, or the last of several edits of the same."""

    ids: tuple[int, ...]
    chat_id: int
    method: str
    payload: dict[str, Any]
    attempts: int
    since: datetime
    begin: float = 0.0  # of this process' monotonic clock, in seconds: not called before

    @property
    def ticket(self) -> str:
        """What its place among the calls of a second is called: of this attempt alone."""
        return f"{self.ids[0]}:{self.attempts}"


# Of each call the number of the message that came of it.
Answered = Sequence[tuple[Parcel, int | None]]


def take(most: int, answered: Answered = ()) -> tuple[list[Parcel], float]:
    """Up to `most` calls that may be made in a moment, ours for a while; and the seconds to wait for more.
    What Telegram has `answered` is noted with them: one transaction for both, for others write here, too.

    Raises RedisError: nothing is sent that cannot be counted.
    """
    now = utcnow()
    known = {number for parcel, _ in answered for number in parcel.ids}
    by_chat, asleep = _waiting(now, known)
    wanted: list[Parcel] = []
    wait = LONGEST_WAIT
    for chat_id, rows in by_chat.items():
        if len(wanted) == most:
            wait = 0.0
            break
        parcel = _parcel(rows)
        ms = rates.ask(chat_id, parcel.ticket)
        if rates.granted(ms):
            wanted.append(replace(parcel, begin=time.monotonic() + ms / 1000))
            continue
        wait = min(wait, (-ms if ms < 0 else ms - rates.AHEAD_MS) / 1000)
        if ms < 0:
            break
    claimed: list[Parcel] = []
    try:
        _note(answered, now)
        hours.put_off(asleep, NOTICE, now)
        claimed = _claim(wanted, now)
        db.session.commit()
    finally:
        rates.over((one.chat_id, one.ticket, 0.0) for one in wanted if one not in claimed)
    return claimed, wait


def _waiting(
    now: datetime, answered: set[int]
) -> tuple[dict[int, list[Message]], dict[int, datetime]]:
    """What waits, by chat, without the chats of which a call is under way; `answered` are not. And whose
    notices wait for the end of their quiet hours, with when that is. Commits."""
    busy = set(
        db.session.scalars(
            select(Message.chat_id)
            .where(_FREE, Message.lease_until.is_not(None), Message.lease_until >= now)
            .where(Message.id.not_in(answered))
            .distinct()
        )
    )
    query = (
        select(Message).where(_FREE, Message.due_at <= now).order_by(Message.priority, Message.id)
    )
    rows = [
        row
        for row in db.session.scalars(query.limit(WINDOW))
        if row.chat_id not in busy and row.id not in answered
    ]
    asleep = hours.asleep([row for row in rows if row.priority >= NOTICE], now)
    by_chat: dict[int, list[Message]] = {}
    for row in rows:
        if row.priority < NOTICE or row.user_id not in asleep:
            by_chat.setdefault(row.chat_id, []).append(row)
    db.session.commit()
    return by_chat, asleep


def withdraw(keys: Select[Any]) -> None:
    """What has one of these keys, and is not under way, goes to nobody. In the caller's transaction."""
    db.session.execute(
        delete(Message)
        .where(Message.key.in_(keys), _FREE)
        .where(or_(Message.lease_until.is_(None), Message.lease_until < utcnow()))
        .execution_options(synchronize_session=False)
    )


def _parcel(rows: list[Message]) -> Parcel:
    """What stands first in a chat, with what goes along with it."""
    first, *rest = rows
    ids, payload, size = [first.id], first.payload, 0
    if first.joinable:
        size = length(payload["text"])
    for row in rest:
        if first.joinable and row.joinable:
            size += 2 + length(row.payload["text"])
            if size > LONGEST:
                break
            payload = payload | {"text": f"{payload['text']}\n\n{row.payload['text']}"}
            payload.pop("reply_to", None)  # what answers several replies to none
        elif first.method == row.method == "editMessageText" and (
            row.payload["message_id"] == payload["message_id"]
        ):
            payload = row.payload
        else:
            break
        ids.append(row.id)
    since = min(row.created_at for row in rows if row.id in ids)
    return Parcel(tuple(ids), first.chat_id, first.method, payload, first.attempts + 1, since)


def _claim(wanted: list[Parcel], now: datetime) -> list[Parcel]:
    """Those of which nobody else has taken any part."""
    if not wanted:
        return []
    ids = [one for parcel in wanted for one in parcel.ids]
    taken = set(
        db.session.scalars(
            update(Message)
            .where(Message.id.in_(ids), _FREE)
            .where(or_(Message.lease_until.is_(None), Message.lease_until < now))
            .values(lease_until=now + LEASE, attempts=Message.attempts + 1)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        )
    )
    return [parcel for parcel in wanted if taken.issuperset(parcel.ids)]


def sent(answered: Answered) -> None:
    """Telegram has them; what they said is not kept, only what a reply to each is about. Commits."""
    _note(answered, utcnow())
    db.session.commit()


def _note(answered: Answered, now: datetime) -> None:
    for parcel, number in answered:
        over = {"done_at": now, "message_id": number, "lease_until": None}
        _write(parcel, **over, payload={}, error=None)


def refused(parcel: Parcel, why: str) -> None:
    """Telegram will never take it."""
    log.warning("Telegram refuses a message", why=why)
    _set(parcel, done_at=utcnow(), lease_until=None, payload={}, error=why[:200])


def later(parcel: Parcel, seconds: float | None = None, why: str = "") -> None:
    """It did not get through. Again in so many seconds, or after a growing pause; given up after a day."""
    if seconds is None and utcnow() - parcel.since > STALE:
        refused(parcel, f"given up after a day: {why}")
        return
    pause = AGAIN[min(parcel.attempts, len(AGAIN)) - 1] if seconds is None else seconds
    due = utcnow() + timedelta(seconds=pause)
    _set(parcel, due_at=due, lease_until=None, error=why[:200] or None)


def plainly(parcel: Parcel, text: str) -> None:
    """Again, without tags."""
    payload = parcel.payload | {"text": text, "plain": True}
    _set(parcel, payload=payload, lease_until=None, joinable=False)


def moved(parcel: Parcel, chat_id: int) -> None:
    """The group has another number now."""
    db.session.execute(
        update(Message)
        .where(Message.chat_id == parcel.chat_id, _FREE)
        .values(chat_id=chat_id, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _set(parcel: Parcel, **values: Any) -> None:
    _write(parcel, **values)
    db.session.commit()


def _write(parcel: Parcel, **values: Any) -> None:
    db.session.execute(
        update(Message)
        .where(Message.id.in_(parcel.ids), _FREE)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def gone(chat_id: int, why: str) -> None:
    """Nobody hears us there any more: the channel is unlinked, the account stays. Commits."""
    db.session.commit()
    user_id = db.session.scalar(
        delete(TelegramLink)
        .where(TelegramLink.telegram_id == chat_id)
        .returning(TelegramLink.user_id)
    )
    if user_id is not None:
        db.session.execute(delete(TelegramTalk).where(TelegramTalk.user_id == user_id))
        log.info("a chat was closed from the other side: unlinked")
    db.session.execute(
        update(Message)
        .where(Message.chat_id == chat_id, _FREE)
        .values(done_at=utcnow(), lease_until=None, payload={}, error=why[:200])
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
