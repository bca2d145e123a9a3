"""One who hands in by chat and on the site is counted once for both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mlarena.accounts import tokens
from mlarena.bot import talk, updates
from mlarena.bot.models import TelegramMessage
from mlarena.core.db import db
from mlarena.submissions.models import Submission
from tests.bot.conftest import ADA
from tests.bot.stub import NAME, TOKEN
from tests.challenges.conftest import author as author
from tests.challenges.conftest import make_challenge as make_challenge
from tests.challenges.test_sql import GOALS, SOLUTION

PER_MINUTE = 120


@pytest.fixture
def limited(another_app: Any) -> Iterator[Any]:
    app = another_app(ratelimit_enabled=True, telegram_bot_token=TOKEN)
    with app.app_context():
        yield app


def test_what_was_handed_in_on_the_site_counts_in_the_chat(
    limited: Any, telegram: Any, user: Any, link: Any, make_challenge: Any
) -> None:
    link(user, ADA)
    goals = make_challenge(GOALS)
    site, shown = (
        limited.test_client(),
        {"Authorization": f"Bearer {tokens.issue(user, 'site')[1]}"},
    )

    def attempt() -> int:
        status: int = site.post("/api/v1/attempts", json={}, headers=shown).status_code
        return status

    def write(words: str) -> str:
        updates.receive(telegram.write(ADA, words, reply_to=1))
        updates.handle_next(lambda one: talk.handle(one, NAME))
        last = db.session.scalars(
            db.select(TelegramMessage).order_by(TelegramMessage.id.desc())
        ).first()
        assert last is not None
        if last.about:  # the task, which Telegram has by now: what is written next replies to it
            last.message_id, last.done_at = 1, last.created_at
            db.session.commit()
        return str(last.payload["text"])

    write(f"/sql {goals.id}")
    assert {attempt() for _ in range(PER_MINUTE - 1)} == {422}
    assert "not allowed" in write("DROP TABLE team")  # the last of this minute
    assert "too fast" in write(SOLUTION)
    assert attempt() == 429
    assert db.session.scalar(db.select(Submission.id)) is None
