"""Whose turn it is: answers before notices before what goes to everybody, and who waits for whose 429."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.bot import outbox, rates
from mlarena.bot.models import TelegramMessage
from mlarena.core.db import db
from mlarena.notifications import routing
from mlarena.notifications.service import About, notify, notify_each
from tests.bot.conftest import ADA, BEN, bot_runs, until
from tests.bot.stub import Fault, too_fast

CHAT_MS = rates.CHAT_MS  # as it is, before it is hurried
CY = 503
FOREVER = 3600


def test_an_answer_goes_before_a_notice_before_what_goes_to_everybody(bot_app: Any) -> None:
    """However much was written before it."""
    for chat in range(1000, 1500):
        outbox.put(chat, "to everybody", priority=outbox.BULK)
    outbox.put(BEN, "a notice", priority=outbox.NOTICE)
    outbox.put(ADA, "an answer")
    db.session.commit()
    said = []
    for number in (1, 2, 3):
        [parcel], _wait = outbox.take(1)
        outbox.sent([(parcel, number)])
        said.append(parcel.payload["text"])
    assert said == ["an answer", "a notice", "to everybody"]


def test_the_same_within_a_chat(bot_app: Any, telegram: Any) -> None:
    priorities = {
        "to everybody": outbox.BULK,
        "a notice": outbox.NOTICE,
        "an answer": outbox.ANSWER,
    }
    for words, priority in priorities.items():
        outbox.say(ADA, words, priority=priority)
    with bot_runs(bot_app):
        until(lambda: len(telegram.texts(ADA)) == 3)
    assert telegram.texts(ADA) == ["an answer", "a notice", "to everybody"]


def test_what_is_told_to_one_is_a_notice_and_to_everybody_is_bulk(
    bot_app: Any, make_user: Any, link: Any
) -> None:
    ada, ben = make_user("ada"), make_user("ben")
    link(ada, ADA)
    link(ben, BEN)
    notify(ada, "announcement", About("announcement:1", "To one"))
    everybody = [(ben.id, About("announcement:2", "To everybody"))]
    notify_each(everybody, "announcement", bulk=True)
    db.session.commit()
    routing.route_all()
    rows = db.session.execute(select(TelegramMessage.chat_id, TelegramMessage.priority))
    assert dict(rows.all()) == {ADA: outbox.NOTICE, BEN: outbox.BULK}


def refuses(telegram: Any, seconds: dict[int, int]) -> None:
    """Each of these chats is refused once: it is to wait for so many seconds."""
    left = dict(seconds)

    def once(method: str, params: dict[str, Any]) -> Fault | None:
        wait = left.pop(int(params["chat_id"]), None) if method == "sendMessage" else None
        return too_fast(wait) if wait else None

    telegram.faults.append(once)


def put_off(chat: int) -> bool:
    """Its refusal was heard and noted."""
    db.session.rollback()
    query = select(TelegramMessage).where(TelegramMessage.chat_id == chat)
    row = db.session.scalars(query).one()
    return row.attempts == 1 and row.lease_until is None


def test_one_chat_that_is_too_fast_waits_alone(bot_app: Any, telegram: Any) -> None:
    refuses(telegram, {ADA: FOREVER})
    outbox.say(ADA, "one")
    with bot_runs(bot_app):
        until(lambda: put_off(ADA))
        outbox.say(BEN, "two")
        until(lambda: telegram.texts(BEN) == ["two"])
    assert telegram.texts(ADA) == []


def test_a_second_one_makes_all_wait(bot_app: Any, telegram: Any) -> None:
    refuses(telegram, {ADA: FOREVER, BEN: 3})
    outbox.say(ADA, "one")
    with bot_runs(bot_app):
        until(lambda: put_off(ADA))
        outbox.say(BEN, "two")
        until(lambda: put_off(BEN))
        outbox.say(CY, "three")
        until(lambda: telegram.texts(BEN) == ["two"] and telegram.texts(CY) == ["three"])
    calls = telegram.of("sendMessage")
    assert [(int(one.params["chat_id"]), one.ok) for one in calls[:2]] == [
        (ADA, False),
        (BEN, False),
    ]
    # Nobody was called before the time that Telegram had asked for was over.
    assert all(one.at - calls[1].at >= 3 for one in calls[2:]) and len(calls) == 4


def test_a_chat_that_is_readied_ahead_is_not_called_ahead(
    bot_app: Any, telegram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Telegram counts it: a second lies between two calls, however early a place was given."""
    monkeypatch.setattr(rates, "CHAT_MS", CHAT_MS)
    monkeypatch.setattr(rates, "AHEAD_MS", 400)
    for number in range(4):
        outbox.say(ADA, f"no. {number}")
    with bot_runs(bot_app):
        until(lambda: len(telegram.texts(ADA)) == 4)
    came = [call.at for call in telegram.calls if call.method == "sendMessage"]
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(came))
