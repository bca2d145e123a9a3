"""A real Socket.IO server on a port of its own, and real clients to knock at it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import socketio
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import flusher
from mlarena.live.flusher import Flusher
from mlarena.live.publish import board_changed

PATIENCE = 5.0


class QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        return


class Watcher:
    """A script with a socket: what it was told, in order, by event."""

    def __init__(self, url: str, **connect: Any) -> None:
        self.client = socketio.Client(reconnection=False)
        self._heard: dict[str, queue.Queue[Any]] = {}
        for event in ("verdict", "leaderboard", "error", "resync", "disconnect"):
            self._heard[event] = queue.Queue()
            self.client.on(event, self._heard[event].put)
        self.client.connect(url, transports=["websocket"], wait_timeout=PATIENCE, **connect)

    def join(self, board: Any) -> Any:
        return self.client.call("join", {"board": board}, timeout=PATIENCE)

    def hears(self, event: str, within: float = PATIENCE) -> Any:
        try:
            return self._heard[event].get(timeout=within)
        except queue.Empty:
            pytest.fail(f"no `{event}` within {within} s")

    def heard(self, event: str) -> list[Any]:
        """Everything of that kind that has come by now."""
        waiting = self._heard[event]
        return [waiting.get() for _ in range(waiting.qsize())]


@pytest.fixture
def live_url(app: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(PATIENCE)
    server.server_close()


@pytest.fixture
def visit(live_url: str) -> Iterator[Callable[..., Watcher]]:
    """visit(token=..., cookie=...) -> a connected Watcher."""
    watchers: list[Watcher] = []

    def connect(token: Any = None, cookie: str | None = None, origin: str | None = None) -> Watcher:
        headers = {"Cookie": cookie} if cookie else {}
        if origin:
            headers["Origin"] = origin
        watcher = Watcher(
            live_url, headers=headers, auth=None if token is None else {"token": token}
        )
        watchers.append(watcher)
        return watcher

    yield connect
    for watcher in watchers:
        watcher.client.disconnect()


@pytest.fixture
def sending(app: Any) -> Iterator[Flusher]:
    """A flusher, as a worker has one."""
    running = flusher.start(app)
    yield running
    running.stop()


@pytest.fixture
def scores(app: Any) -> Callable[[Any, float], None]:
    """scores(user, xp) -> the user has that much more on the global board, and everyone is told."""

    def score(user: Any, xp: float) -> None:
        session: Session = db.session()
        change = boards.add("global", user.id, xp, utcnow())
        session.commit()
        board_index.apply([change])
        board_changed("global")

    return score
