"""An arena with a bot, a Telegram to talk to, and the real bot process between them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mlarena.bot import linking, rates
from mlarena.bot.process import BotProcess
from mlarena.core.db import db
from tests.bot.stub import TOKEN, Stub, serve

PATIENCE = 60.0
ADA, BEN = 501, 502


@pytest.fixture(scope="session")
def served() -> Iterator[Stub]:
    stub, server = serve()
    yield stub
    server.shutdown()
    server.server_close()


@pytest.fixture
def telegram(served: Stub) -> Iterator[Stub]:
    """With nobody in it."""
    served.reset()
    yield served
    served.closed = True
    with served._change:
        served._change.notify_all()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second between two messages of a chat would be most of the suite's time."""
    monkeypatch.setattr(rates, "CHAT_MS", 5)
    monkeypatch.setattr(rates, "GROUP_MS", 5)
    monkeypatch.setattr(rates, "_known", {})


@pytest.fixture
def bot_app(app: Any, telegram: Stub, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The app with a bot's token for the stub."""
    told = {"telegram_bot_token": TOKEN, "telegram_api_url": telegram.url}
    settings = app.extensions["settings"].model_copy(
        update=told | {"public_url": "https://arena.example"}
    )
    monkeypatch.setitem(app.extensions, "settings", settings)
    return app


@contextmanager
def bot_runs(app: Any) -> Iterator[BotProcess]:
    """The real process, in a thread; and an orderly end of it."""
    process = BotProcess(app)
    thread = threading.Thread(target=lambda: asyncio.run(process.run()), name="bot")
    thread.start()
    try:
        yield process
    finally:
        process.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the bot does not end"


@pytest.fixture
def running(bot_app: Any, telegram: Stub) -> Iterator[BotProcess]:
    with bot_runs(bot_app) as process:
        until(lambda: process.name)
        yield process
        telegram.closed = True
        with telegram._change:
            telegram._change.notify_all()


def until(true: Callable[[], Any]) -> Any:
    """What `true` returns as soon as it is something. Fails after long patience."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.fixture
def hears(telegram: Stub) -> Callable[..., str]:
    """hears(ADA, "words") -> the first text in that chat, of those not heard yet, that has these words."""
    heard: dict[int, int] = {}

    def wait(chat: int, *words: str) -> str:
        def look() -> str:
            for at, text in enumerate(telegram.texts(chat)):
                if at >= heard.get(chat, 0) and all(word in text for word in words):
                    heard[chat] = at
                    return text
            return ""

        try:
            return str(until(look))
        except AssertionError:
            raise AssertionError(f"not heard: {words}; but {telegram.texts(chat)}") from None

    return wait


@pytest.fixture
def link(bot_app: Any) -> Callable[[Any, int], None]:
    """link(user, ADA): by a code, as in life."""

    def make(user: Any, telegram_id: int) -> None:
        linking.redeem(telegram_id, linking.make_code(user).text)
        db.session.commit()

    return make
