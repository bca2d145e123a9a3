"""What is on its way to Telegram gets there: within the limits, joined, after faults, and none is lost."""

from __future__ import annotations

import logging
import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from mlarena.bot import linking, outbox, rates
from mlarena.bot.models import TelegramMessage
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.notifications import choices, routing
from mlarena.notifications.service import About, heads, notify
from tests.bot.conftest import ADA, BEN, bot_runs, until
from tests.bot.stub import BLOCKED, TOKEN, Fault, fault, too_fast

CHAT_MS = rates.CHAT_MS  # as it is, before it is hurried


def waiting() -> int:
    db.session.rollback()
    query = select(func.count()).where(TelegramMessage.done_at.is_(None))
    return db.session.scalar(query) or 0


def test_the_limits_hold_and_none_is_lost(
    bot_app: Any, telegram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 notices to five chats, and 60 to one each: two processes send them."""
    monkeypatch.setattr(rates, "CHAT_MS", 1000)
    for number in range(100):
        outbox.say(1000 + number % 5, f"notice {number}.", joinable=True, priority=outbox.NOTICE)
    for chat in range(2000, 2060):
        outbox.say(chat, "to each")
    with bot_runs(bot_app), bot_runs(bot_app):
        until(lambda: waiting() == 0)
    sent = [call for call in telegram.calls if call.method == "sendMessage"]
    said = "\n".join(call.text for call in sent)
    assert [n for n in range(100) if said.count(f"notice {n}.") != 1] == []
    per_chat = Counter(int(call.params["chat_id"]) for call in sent)
    assert all(per_chat[chat] == 1 for chat in range(2000, 2060))
    # joined: a chat's twenty took few calls, in their order
    assert all(per_chat[chat] <= 3 for chat in range(1000, 1005)), per_chat
    texts = "\n".join(telegram.texts(1000))
    assert texts.index("notice 0.") < texts.index("notice 50.") < texts.index("notice 95.")


def test_no_second_has_more_calls_than_telegram_allows(
    bot_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock of its own, over three processes that stall at random between a permission and its call:
    as Telegram sees it no second has 31 calls, in no chat are two within a second, and all get through."""
    now = 1_000_000
    monkeypatch.setattr(rates, "clock", lambda: now)
    monkeypatch.setattr(rates, "CHAT_MS", CHAT_MS)
    monkeypatch.setattr(rates, "_known", {})
    chance = random.Random(7)
    processes: list[dict[int, float]] = [{}, {}, {}]  # what each was told, to be kept apart
    waiting = [chance.randrange(1, 60) for _ in range(400)]
    under_way: list[tuple[int, int, int, str]] = []
    arrived: list[tuple[int, int]] = []
    began = now
    while waiting or under_way:
        for one in [one for one in under_way if one[0] <= now]:
            under_way.remove(one)
            monkeypatch.setattr(rates, "_known", processes[one[1]])
            rates.over([(one[2], one[3], 0.0)])
        for number, known in enumerate(processes):
            monkeypatch.setattr(rates, "_known", known)
            busy = {one[2] for one in under_way}
            for chat in [one for one in dict.fromkeys(waiting) if one not in busy][:10]:
                ticket = f"{chat}:{len(waiting)}"
                wait = rates.ask(chat, ticket)
                if rates.granted(wait):
                    waiting.remove(chat)
                    stall = 500 if now % 3000 < 600 else 40
                    there = now + wait + chance.randrange(stall)
                    arrived.append((there, chat))
                    under_way.append((there + chance.randrange(1, 90), number, chat, ticket))
        now += 25
    assert len(arrived) == 400
    times = sorted(at for at, _ in arrived)
    assert all(later - earlier > 1000 for earlier, later in zip(times, times[30:], strict=False))
    for chat in {chat for _, chat in arrived}:
        own = sorted(at for at, one in arrived if one == chat)
        assert all(later - earlier > 1000 for earlier, later in pairwise(own))
    assert now - began < 1000 * 400 / 18  # and not by being slow


def test_a_place_whose_holder_was_killed_is_free_again(
    bot_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000
    monkeypatch.setattr(rates, "clock", lambda: now)
    monkeypatch.setattr(rates, "_known", {})
    assert [rates.ask(chat, str(chat)) for chat in range(1, 31)] == [0] * 30
    assert rates.ask(31, "31") < 0
    now += rates.HOLD_MS
    assert rates.ask(31, "32") == rates.ask(1, "33") == 0


def test_told_to_wait_it_waits(
    bot_app: Any, telegram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LEASE", timedelta(days=1))  # which would free it, too
    asked: list[int] = []

    def first(method: str, params: dict[str, Any]) -> Fault | None:
        if method != "sendMessage":
            return None
        asked.append(int(params["chat_id"]))
        return too_fast(2) if len(asked) == 1 else None

    telegram.faults.append(first)
    outbox.say(ADA, "one")
    with bot_runs(bot_app):
        until(lambda: telegram.texts(ADA) == ["one"])
        until(lambda: waiting() == 0)
    refused, granted = telegram.of("sendMessage")
    assert granted.at - refused.at >= 2  # as Telegram has asked


def test_faults_pass(bot_app: Any, telegram: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram away, tags it does not like, a group that has moved, a message it will never take."""
    monkeypatch.setattr(outbox, "AGAIN", (0.05,))
    faults: list[tuple[int, Fault]] = [
        (ADA, fault(502, "Bad Gateway")),
        (ADA, fault(500, "Internal Server Error")),
        (BEN, fault(400, "Bad Request: can't parse entities: …")),
        (-77, fault(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1077)),
        (503, fault(400, "Bad Request: message is too long")),
    ]

    def once(method: str, params: dict[str, Any]) -> Fault | None:
        for at, (chat, answer) in enumerate(faults):
            if method == "sendMessage" and int(params["chat_id"]) == chat:
                del faults[at]
                return answer
        return None

    telegram.faults.append(once)
    for chat in (ADA, BEN, -77, 503):
        outbox.say(chat, "<b>fish</b> &amp; chips")
    with bot_runs(bot_app):
        until(lambda: waiting() == 0)
    assert telegram.texts(ADA) == telegram.texts(BEN) == telegram.texts(-1077) == ["fish & chips"]
    assert telegram.messages[BEN][0]["text"] == "fish & chips"  # without the tags
    assert telegram.texts(503) == []
    row = db.session.scalar(select(TelegramMessage).where(TelegramMessage.chat_id == 503))
    assert row is not None and "too long" in (row.error or "") and row.payload == {}


def test_a_kind_that_its_user_turned_off_for_telegram_is_not_put_into_its_queue(
    bot_app: Any, make_user: Any, link: Any
) -> None:
    ada, ben = make_user("ada"), make_user("ben")
    link(ada, ADA)
    link(ben, BEN)
    choices.choose(ada, {"badge": {"telegram": False}})
    for one in (ada, ben):
        notify(one, "badge", About("badge:1", "A badge"))
        notify(one, "announcement", About("announcement:1", "Hear"))
    db.session.commit()
    routing.route_all()
    queue = select(TelegramMessage).order_by(TelegramMessage.id)
    put = [(row.chat_id, row.payload["text"]) for row in db.session.scalars(queue)]
    badge, hear = "<b>A badge</b>", "<b>Hear</b>"
    assert sorted(put) == [(ADA, hear), (BEN, badge), (BEN, hear)]
    # What is chosen for Telegram is chosen for Telegram alone.
    assert len(list(db.session.scalars(heads(ada.id)))) == 2


def test_who_blocks_the_bot_loses_the_channel_and_not_the_account(
    bot_app: Any, telegram: Any, make_user: Any, link: Any, work: Any
) -> None:
    ada, ben = make_user("ada"), make_user("ben")
    link(ada, ADA)
    link(ben, BEN)

    def blocked(method: str, params: dict[str, Any]) -> Fault | None:
        return BLOCKED if method == "sendMessage" and int(params["chat_id"]) == ADA else None

    telegram.faults.append(blocked)
    for number in (1, 2):
        notify(ada, "badge", About(f"badge:{number}", f"Badge {number}"))
    notify(ben, "badge", About("badge:1", "Badge 1 & <b>"))
    db.session.commit()
    work()
    with bot_runs(bot_app):
        until(lambda: waiting() == 0)
        until(lambda: linking.holder(ADA) is None or db.session.rollback())
        telegram.block(BEN)
        until(lambda: linking.holder(BEN) is None or db.session.rollback())
    assert telegram.texts(BEN) == ["Badge 1 & <b>"]
    assert len([one for one in telegram.of("sendMessage") if not one.ok]) == 1
    db.session.expire_all()
    assert linking.link_of(ada) is None and ada.username == "ada"


def test_what_was_being_sent_when_it_was_killed_is_sent_again(
    bot_app: Any, telegram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its lease, which ends; one clock for that and for the places, which are free long before."""
    monkeypatch.setattr(rates, "HOLD_MS", 50)
    monkeypatch.setattr(rates, "clock", lambda: int(1000 * utcnow().timestamp()))
    outbox.say(ADA, "one")
    now = utcnow()
    with freeze(now):
        assert len(outbox.take(10)[0]) == 1
    with freeze(now + outbox.LEASE - timedelta(seconds=1)):
        assert outbox.take(10)[0] == []  # somebody has it
    with freeze(now + outbox.LEASE + timedelta(seconds=1)), bot_runs(bot_app):
        until(lambda: telegram.texts(ADA) == ["one"])
        until(lambda: waiting() == 0)


def test_the_token_is_in_no_log(
    bot_app: Any, telegram: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even of calls that fail in all the ways there are, at the most talkative level."""
    caplog.set_level(logging.DEBUG)

    def wrong(method: str, params: dict[str, Any]) -> Fault | None:
        if method == "sendMessage" and int(params["chat_id"]) == ADA:
            return fault(400, f"Bad Request: no such thing as /bot{TOKEN}/sendMessage")
        return fault(502, f"Bad Gateway {TOKEN}") if method == "setMyCommands" else None

    telegram.faults.append(wrong)
    with bot_runs(bot_app):
        until(lambda: telegram.of("setMyCommands"))
        telegram.faults[:] = [
            lambda method, params: None if method == "setMyCommands" else wrong(method, params)
        ]
        outbox.say(ADA, "one")
        until(lambda: waiting() == 0)
    row = db.session.scalar(select(TelegramMessage))
    kept = [str(value) for value in vars(row).values()]
    written = "".join(
        [caplog.text, *capfd.readouterr(), *kept, repr(bot_app.extensions["settings"])]
    )
    assert "Telegram refuses" in written and TOKEN not in written
    assert TOKEN.split(":")[1] not in written
