"""A real client with a memory, and a real server for it to knock at."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import socketio
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import ClosingIterator

PATIENCE = 30.0


class QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        return


class Refused(Exception):
    """The server did not let the client in; the message is what it said."""


class Watcher:
    """A script with a socket: what it was told, in order, by event."""

    def __init__(self, url: str, origin: str | None = None, **connect: Any) -> None:
        self.client = socketio.Client(
            reconnection=False, websocket_extra_options={"origin": origin} if origin else {}
        )
        self._heard: dict[str, queue.Queue[Any]] = {}
        for event in (
            "verdict",
            "training",
            "try",
            "leaderboard",
            "match",
            "notification",
            "activity",
            "unread",
            "error",
            "resync",
            "disconnect",
        ):
            self._heard[event] = queue.Queue()
            self.client.on(event, self._heard[event].put)
        refusals: list[Any] = []
        self.client.on("connect_error", refusals.append)
        try:
            self.client.connect(url, transports=["websocket"], wait_timeout=PATIENCE, **connect)
        except socketio.exceptions.ConnectionError as error:
            raise Refused(str(refusals or error)) from None

    def join(self, board: Any) -> Any:
        return self.client.call("join", {"board": board}, timeout=PATIENCE)

    def hears(self, event: str, within: float = PATIENCE) -> Any:
        try:
            return self._heard[event].get(timeout=within)
        except queue.Empty:
            pytest.fail(f"no `{event}` within {within} s")

    def leave(self) -> None:
        """Go without waiting for the other side's goodbye, which takes this client 3 s."""
        if self.client.connected:
            # Not by closing it: as long as the client's own thread reads it, that ends nothing.
            with suppress(OSError, AttributeError):  # the other side was quicker
                self.client.eio.ws.sock.shutdown(socket.SHUT_RDWR)

    def heard(self, event: str) -> list[Any]:
        """Everything of that kind that has come by now."""
        waiting = self._heard[event]
        return [waiting.get() for _ in range(waiting.qsize())]


class Counted:
    """An app that knows how many of its requests are under way; open sockets are not counted."""

    def __init__(self, app: Any) -> None:
        self.app, self.under_way = app, 0
        self._changed = threading.Condition()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if "HTTP_UPGRADE" in environ:
            return self.app(environ, start_response)
        self._count(1)
        try:
            return ClosingIterator(self.app(environ, start_response), lambda: self._count(-1))
        except BaseException:
            self._count(-1)
            raise

    def _count(self, more: int) -> None:
        with self._changed:
            self.under_way += more
            self._changed.notify_all()

    def rest(self) -> None:
        """Wait until nothing is under way: the next test puts another database in place."""
        with self._changed:
            self._changed.wait_for(lambda: self.under_way == 0, PATIENCE)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The app on a port of its own, in the threaded server; its address."""
    counted = Counted(app)
    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(PATIENCE)
    counted.rest()
    server.server_close()
