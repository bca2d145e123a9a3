"""A real Socket.IO server on a port of its own, and real clients to knock at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import websocket
from sqlalchemy.orm import Session

from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import flusher
from mlarena.live.flusher import Flusher
from mlarena.live.publish import board_changed
from tests.live.browsing import listen
from tests.live.watcher import Watcher, served


@pytest.fixture
def live_url(app: Any) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.fixture
def visit(live_url: str) -> Iterator[Callable[..., Watcher]]:
    """visit(token=..., cookie=...) -> a connected Watcher."""
    watchers: list[Watcher] = []

    def connect(token: Any = None, cookie: str | None = None, origin: str | None = None) -> Watcher:
        headers = {"Cookie": cookie} if cookie else {}
        auth = None if token is None else {"token": token}
        watcher = Watcher(live_url, origin, headers=headers, auth=auth)
        watchers.append(watcher)
        return watcher

    yield connect
    for watcher in watchers:
        watcher.leave()


@pytest.fixture
def knock(live_url: str) -> Iterator[Callable[..., Any]]:
    """knock(auth) -> a bare WebSocket that has said hello; its `greeting` is how that was answered."""
    opened: list[websocket.WebSocket] = []

    def connect(auth: Any = None) -> websocket.WebSocket:
        address = live_url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
        socket = websocket.create_connection(address, timeout=5)
        opened.append(socket)
        assert socket.recv().startswith("0")
        socket.send("40" + (json.dumps(auth) if auth else ""))
        socket.greeting = socket.recv()
        return socket

    yield connect
    for socket in opened:
        socket.close(timeout=0)


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


@pytest.fixture
def open_page(chromium: Any, live_url: str, signed_in: Any) -> Iterator[Callable[..., Any]]:
    """open_page("/boards", user) -> a page of a browser that `user` is signed in to, or nobody."""
    contexts, complaints = [], []

    def enter(path: str, user: Any = None, **more: Any) -> Any:
        context = chromium.new_context(base_url=live_url, **more)
        contexts.append(context)
        if user is not None:
            cookie = signed_in(user).get_cookie("session")
            context.add_cookies([{"name": "session", "value": cookie.value, "url": live_url}])
        page = context.new_page()
        listen(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda line: complaints.append(line.text) if "Policy" in line.text else None
        )
        page.goto(path)
        return page

    yield enter
    for context in contexts:
        context.close()
    assert complaints == []
