"""The same doors in the real web process: gunicorn with gevent, as the Procfile starts it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
import websocket

from mlarena.app import create_app
from mlarena.core.config import Settings
from mlarena.core.embedded import EmbeddedRedis
from mlarena.live.door import LARGEST_MESSAGE
from mlarena.live.publish import board_room, publish
from tests.live.watcher import Watcher

pytestmark = [pytest.mark.slow, pytest.mark.pure]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def green(
    migrated_app: Any, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Any]]:
    """The address of a gunicorn on a database and a Redis of its own, and an app to publish from."""
    data = tmp_path_factory.mktemp("green")
    empty = Path(sa.make_url(settings.database).database or "").with_suffix(".empty")
    shutil.copy(empty, data / "mlarena.sqlite")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with EmbeddedRedis(data / "redis") as server:
        own = {"MLARENA_DATA": str(data), "REDIS_URL": server.url, "PORT": str(port)}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "MLARENA"))}
        command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
        web = subprocess.Popen(command, cwd=ROOT, env={**kept, **own})
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url)
            changed = {"mlarena_data": data, "database_url": "", "redis_url": server.url}
            yield url, create_app(settings.model_copy(update=changed))
        finally:
            web.terminate()
            web.wait(30)


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            requests.get(f"{url}/socket.io/", timeout=5)
            return
        except requests.RequestException:
            time.sleep(0.1)
    pytest.fail("gunicorn did not start")


def hello(url: str, **more: Any) -> websocket.WebSocket:
    address = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    page = websocket.create_connection(address, timeout=10, **more)
    assert page.recv().startswith("0")
    page.send("40")
    assert page.recv().startswith("40")
    return page


def test_a_board_is_joined_and_heard(green: Any) -> None:
    url, app = green
    watchers = [Watcher(url) for _ in range(3)]
    for watcher in watchers[:2]:
        assert watcher.join("global")["rows"] == []
    with app.app_context():
        publish("leaderboard", {"board": "global", "rows": ["ö" * 100]}, board_room("global"))
    for watcher in watchers[:2]:
        assert watcher.hears("leaderboard") == {"board": "global", "rows": ["ö" * 100]}
    assert watchers[2].heard("leaderboard") == []
    for watcher in watchers:
        watcher.leave()


@pytest.mark.parametrize("size", [0, 60, 70, 1000, 65400, 65500, 65600, 200_000])
def test_updates_of_every_length_arrive_whole(green: Any, size: int) -> None:
    """The length of a frame is written in three ways (RFC 6455, 5.2)."""
    url, app = green
    watcher = Watcher(url)
    watcher.join("global")
    with app.app_context():
        publish("leaderboard", {"rows": "x" * size}, board_room("global"))
    assert watcher.hears("leaderboard") == {"rows": "x" * size}
    watcher.leave()


def test_a_slow_reader_gets_everything_in_order_and_holds_up_nobody(green: Any) -> None:
    url, app = green
    slow = hello(url, sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    slow.send('421["join",{"board":"global"}]')
    assert slow.recv().startswith("431")
    quick = Watcher(url)
    quick.join("global")

    count, bulk = 100, "x" * 50_000
    with app.app_context():
        for number in range(count):
            publish("leaderboard", {"number": number, "rows": bulk}, board_room("global"))
    assert [quick.hears("leaderboard")["number"] for _ in range(count)] == list(range(count))

    numbers = []
    while len(numbers) < count:
        message = slow.recv()
        if message.startswith("42"):
            payload = json.loads(message[2:])[1]
            assert payload["rows"] == bulk
            numbers.append(payload["number"])
    assert numbers == list(range(count))
    slow.close()
    quick.leave()


def test_pages_that_go_in_the_middle_of_an_update_disturb_nobody(green: Any) -> None:
    url, app = green
    staying = Watcher(url)
    staying.join("global")
    for round_ in range(5):
        going = [hello(url) for _ in range(10)]
        for page in going:
            page.send('421["join",{"board":"global"}]')
            page.recv()
        with app.app_context():
            for page in going:
                page.shutdown()
                publish("leaderboard", {"round": round_}, board_room("global"))
        assert [staying.hears("leaderboard")["round"] for _ in going] == [round_] * 10
    staying.leave()


def test_garbage_gets_an_error(green: Any) -> None:
    url, _ = green
    page = hello(url)
    for message in ("x", "42{", '42["join"]', "42[]", '451-["join"]'):
        page.send(message)
        event, payload = json.loads(page.recv()[2:])
        assert (event, set(payload)) == ("error", {"message"}), message
    page.close()


def test_a_large_message_is_refused_before_it_is_read(green: Any) -> None:
    url, _ = green
    page = hello(url)
    # The frame says it has 1 GB; the first bytes of it are enough.
    page.sock.sendall(b"\x81\xff" + (1 << 30).to_bytes(8, "big") + b"\0\0\0\0" + b"4" * 1000)
    assert str(LARGEST_MESSAGE) in page.recv()
    assert page.recv() == ""
    pieces = hello(url)
    with pytest.raises((OSError, websocket.WebSocketException)):
        # Or in many small frames that never say they are the last.
        for _ in range(1000):
            pieces.sock.sendall(b"\x01\xe4" + b"\0\0\0\0" + b"4" * 100)
            time.sleep(0.001)
    assert hello(url)


def test_a_flood_is_shown_out(green: Any) -> None:
    url, _ = green
    page = hello(url)
    with pytest.raises((OSError, websocket.WebSocketException)):
        while True:
            page.send("42[7]")
    assert hello(url)


def test_a_page_of_another_origin_is_not_let_in(green: Any) -> None:
    url, _ = green
    assert hello(url, origin=url)
    with pytest.raises(AssertionError):  # closed before it is greeted
        hello(url, origin="https://evil.example")
