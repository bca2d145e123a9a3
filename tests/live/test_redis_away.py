"""Redis is only a way to tell: without it nothing breaks, and once it is back pages catch up."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mlarena.accounts import tokens
from mlarena.app import create_app
from mlarena.core.config import Settings
from mlarena.core.db import db
from mlarena.core.embedded import EmbeddedRedis
from mlarena.live import flusher
from mlarena.live.bus import Bus, connect
from mlarena.live.publish import board_changed, close, publish, user_room
from tests.live.watcher import Watcher, served


@pytest.fixture
def nowhere(app: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """The app's live updates lead to a Redis that is not there."""
    bus = Bus(connect(f"unix://{tmp_path}/nobody.sock"), write_only=True)
    monkeypatch.setitem(app.extensions, "live", bus)


@pytest.mark.usefixtures("nowhere")
def test_nothing_is_raised_and_nobody_waits() -> None:
    assert publish("verdict", {"id": 1}, user_room(1)) is False
    board_changed("global")
    close(user_room(1))


@pytest.mark.usefixtures("nowhere")
def test_a_flusher_waits_and_can_be_stopped(app: Any) -> None:
    waiting = flusher.start(app)
    time.sleep(0.2)
    waiting.stop()
    assert not [t for t in threading.enumerate() if t.name == "live-flusher"]


def test_pages_are_told_to_catch_up_when_redis_is_back(
    app: Any, settings: Settings, user: Any, tmp_path: Path
) -> None:
    room = user_room(user.id)
    _, token = tokens.issue(user, "script")
    with EmbeddedRedis(tmp_path / "redis") as server:
        other = create_app(settings.model_copy(update={"redis_url": server.url}))
        with served(other) as url, other.app_context():
            watcher = Watcher(url, auth={"token": token})
            assert publish("verdict", {"id": 1}, room)
            assert watcher.hears("verdict") == {"id": 1}

            server.stop()
            assert not publish("verdict", {"id": 2}, room)
            assert watcher.join("global")["rows"] == []
            assert watcher.join("nowhere") == {"error": "There is no board by that name."}
            server.start()

            watcher.hears("resync")
            assert publish("verdict", {"id": 3}, room)
            assert watcher.hears("verdict") == {"id": 3}
            watcher.leave()
            db.engine.dispose()
