"""Notices that wait in Telegram's queue: quiet hours hold there, too, and what is taken back is not said."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.bot import outbox, rates
from mlarena.bot.models import TelegramMessage
from mlarena.core.clock import freeze
from mlarena.core.db import db
from mlarena.notifications import choices, routing
from mlarena.notifications.service import About, broadcast, notify, take_back
from tests.bot.conftest import ADA, BEN

EVENING = datetime(2026, 3, 10, 21, 59, tzinfo=UTC)
NIGHT, MORNING = EVENING + timedelta(hours=2), EVENING + timedelta(hours=9, minutes=2)


def said() -> list[tuple[int, str]]:
    """What is called by and by, and nothing more comes: by chat."""
    found: list[tuple[int, str]] = []
    for _ in range(5):
        parcels, _wait = outbox.take(10)
        rates.over((one.chat_id, one.ticket, 0.0) for one in parcels)
        outbox.sent([(one, 1) for one in parcels])
        found += [(one.chat_id, one.payload["text"]) for one in parcels]
        time.sleep(2 * rates.CHAT_MS / 1000)
    return sorted(found)


@pytest.fixture
def told(bot_app: Any, user: Any, make_user: Any, link: Any) -> Any:
    """Two, of whom Ada sleeps from 22 to 7; both were told something that Telegram has not got yet."""
    ben = make_user("ben")
    link(user, ADA)
    link(ben, BEN)
    choices.set_habits(user, quiet_from=22 * 60, quiet_to=7 * 60)
    with freeze(EVENING):
        for one in (user, ben):
            notify(one, "badge", About("badge:1", "Badge 1"))
        db.session.commit()
        routing.route_all()
    return user, ben


def test_what_has_waited_until_the_quiet_hours_waits_for_their_end(told: Any) -> None:
    with freeze(NIGHT):
        outbox.say(ADA, "An answer", user_id=told[0].id)
        assert said() == [(ADA, "An answer"), (BEN, "<b>Badge 1</b>")]
    with freeze(MORNING):
        assert said() == [(ADA, "<b>Badge 1</b>")]


def test_what_was_taken_back_is_not_said(told: Any) -> None:
    with freeze(EVENING):
        assert len(said()) == 2
        for number in (1, 2):
            broadcast("announcement", About(f"announcement:{number}", f"Hear {number}"), "everyone")
        db.session.commit()
        routing.route_all()
        take_back("announcement", "announcement:1")
        db.session.commit()
        assert said() == [(chat, "<b>Hear 2</b>") for chat in (ADA, BEN)]
        assert db.session.scalar(db.select(TelegramMessage.id).filter_by(done_at=None)) is None
