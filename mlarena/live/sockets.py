"""Socket.IO: who is connected, and which rooms they are in. What is sent comes from publish.py.

A signed-in client is in its own room by itself; boards are joined by name, by whoever may see them.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import structlog
from apiflask import APIFlask
from flask import Flask, g, request
from flask_login import current_user
from flask_socketio import ConnectionRefusedError, SocketIO, emit, join_room, leave_room
from sqlalchemy.exc import SQLAlchemyError

from mlarena.accounts import identity
from mlarena.accounts.models import User
from mlarena.accounts.signals import login_ended, user_deleted
from mlarena.boards.listening import board_rewritten
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import check_visible
from mlarena.core.api import LARGEST_ID
from mlarena.core.config import Settings
from mlarena.core.errors import Malformed, Problem, Unauthorized
from mlarena.live import presence, publish
from mlarena.live.bus import NAMESPACE, Bus, connect
from mlarena.live.door import LARGEST_MESSAGE, ThreadedDoor, green_door

log = structlog.get_logger(__name__)

MOST_BOARDS = 20
# How long a socket may outlive its login where nothing told us: a token that expired, a lost message.
RECHECK_SECONDS = 30

AWAY = "The arena is catching its breath. Try again in a moment."


@dataclass
class Watcher:
    """One connected client: who it is, and what it watches."""

    user_id: int | None = None
    looks_at: str = ""
    boards: set[str] = field(default_factory=set)


class Sockets:
    """The clients of this process, and what they may say."""

    def __init__(self, app: APIFlask, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.watchers: dict[str, Watcher] = {}
        self._rechecking = False
        self.socketio = SocketIO()
        self.socketio.init_app(
            app,
            async_mode=_async_mode(),
            client_manager=Bus(connect(settings.redis)),
            transports=["websocket"],
            cors_allowed_origins=self.same_origin,
            max_http_buffer_size=LARGEST_MESSAGE,
            # One message at a time from one client, in its order.
            async_handlers=False,
            manage_session=False,
            # The house's own logging; the libraries would add handlers of theirs.
            logger=logging.getLogger("socketio.server"),
            engineio_logger=logging.getLogger("engineio.server"),
        )
        engine = self.socketio.server.eio
        door = green_door() if engine.async_mode == "gevent" else ThreadedDoor
        engine._async = {**engine._async, "websocket": door}
        for event, handler in (
            ("connect", self.on_connect),
            ("disconnect", self.on_disconnect),
            ("join", self.on_join),
            ("leave", self.on_leave),
            ("*", self.on_anything_else),
        ):
            self.socketio.on_event(event, handler)
        self.socketio.on_error_default(self.on_error)

    def same_origin(self, origin: str, environ: dict[str, Any]) -> bool:
        """Whether a page of `origin` may connect with its reader's cookie: only our own may."""
        if origin == self.settings.public_url:
            return True
        scheme, host = environ["wsgi.url_scheme"], environ.get("HTTP_HOST", "")
        if self.settings.proxies:
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", scheme).split(",")[-1].strip()
            host = environ.get("HTTP_X_FORWARDED_HOST", host).split(",")[-1].strip()
        asked = urlsplit(origin)
        return asked.scheme == scheme and asked.netloc.lower() == host.lower()

    def on_connect(self, auth: Any = None) -> None:
        """Let anyone in; who shows a session or a token enters their own room."""
        token = auth.get("token") if isinstance(auth, dict) else None
        if token is not None:
            if not isinstance(token, str) or not token.isascii():
                raise ConnectionRefusedError("That is not a token.")
            # From here on the same as the header of an API call, which goes before any cookie.
            request.environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        try:
            watcher = Watcher(self._who(request.environ))
        except Problem as problem:
            raise ConnectionRefusedError(problem.message) from None
        self.watchers[_sid()] = watcher
        if watcher.user_id is not None:
            join_room(publish.user_room(watcher.user_id))
            presence.here([watcher.user_id])
        if not self._rechecking:
            self._rechecking = True
            self.socketio.start_background_task(self._recheck)

    def on_disconnect(self, reason: Any = None) -> None:
        gone = self.watchers.pop(_sid(), None)
        if gone is not None and gone.user_id is not None and gone.looks_at:
            presence.look_away(gone.user_id, gone.looks_at)

    def on_join(self, *said: Any) -> dict[str, Any]:
        """`join {"board": NAME}`: enter the board's room, or get an `error` saying why not.

        Who asks for an acknowledgement gets the board as it is now. `join {"submission": ID}` says what the
        page shows: its own reader is not told of that verdict elsewhere.
        """
        watcher = self.watchers.setdefault(_sid(), Watcher())
        feed = _feed_named(said)
        if feed is not None:
            return self._follow(feed)
        looked_at = _submission_named(said)
        if looked_at is not None:
            watcher.looks_at = f"submission:{looked_at}"
            if watcher.user_id is not None:
                presence.look(watcher.user_id, watcher.looks_at)
            return {"submission": looked_at}
        try:
            viewer = current_user if current_user.is_authenticated else None
            board = str(check_visible(_board_named(said), viewer))
        except Problem as problem:
            return _refuse(problem.message)
        if len(watcher.boards | {board}) > MOST_BOARDS:
            return _refuse(f"One page can watch {MOST_BOARDS} boards. Leave one first.")
        watcher.boards.add(board)
        join_room(publish.board_room(board))
        # Read after joining: what changes from now on comes as an event, nothing falls between.
        return publish.leaderboard(board)

    def _follow(self, feed: str) -> dict[str, Any]:
        """`join {"feed": "all"}`, or a cohort's, for whoever may see its board."""
        try:
            if feed != "all":
                viewer = current_user if current_user.is_authenticated else None
                feed = str(check_visible(feed, viewer))
        except Problem as problem:
            return _refuse(problem.message)
        join_room(publish.feed_room(feed))
        return {"feed": feed}

    def on_leave(self, *said: Any) -> dict[str, Any]:
        """`leave {"board": NAME}`."""
        try:
            board = _board_named(said)
        except Problem as problem:
            return _refuse(problem.message)
        if _sid() in self.watchers:
            self.watchers[_sid()].boards.discard(board)
        leave_room(publish.board_room(board))
        return {"board": board}

    def on_anything_else(self, event: str, *said: Any) -> dict[str, Any]:
        return _refuse("This server takes `join` and `leave`, nothing else.")

    def on_error(self, error: Exception) -> dict[str, Any]:
        if isinstance(error, SQLAlchemyError):
            log.error("database unavailable", error=str(error))
        else:
            log.error("socket event failed", exc_info=error)
        if request.event["message"] == "connect":  # type: ignore[attr-defined]
            raise ConnectionRefusedError(AWAY)
        return _refuse(AWAY)

    def _recheck(self) -> None:
        """Show out, now and then, those whose login ended: deleted, password changed, token revoked."""
        while True:
            self.socketio.sleep(RECHECK_SECONDS)
            try:
                self.recheck()
            except SQLAlchemyError as error:
                log.warning("sockets not rechecked", error=str(error))

    def recheck(self) -> None:
        """Disconnect every client that is no longer who it was; note of the others that they are there."""
        there = [(one.user_id, one.looks_at) for one in self.watchers.values() if one.user_id]
        with self.app.app_context():
            presence.here({user_id for user_id, _ in there})
            for user_id, looks_at in there:
                if looks_at:
                    presence.look(user_id, looks_at)
        for sid, watcher in list(self.watchers.items()):
            environ = self.socketio.server.get_environ(sid, NAMESPACE)
            if watcher.user_id is None or environ is None:
                continue
            try:
                good = self._who(environ) == watcher.user_id
            except Problem:
                good = False
            if not good:
                self.socketio.server.disconnect(sid, namespace=NAMESPACE, ignore_queue=True)
            self.socketio.sleep(0)

    def _who(self, environ: dict[str, Any]) -> int | None:
        """The user whom this client's cookie or token shows. Raises Unauthorized for a bad token."""
        with self.app.request_context(environ):
            # Flask-Login remembers its answer in `g`, which may have been another client's.
            _forget()
            try:
                if current_user.is_authenticated:
                    return int(current_user.id)
                if "token_problem" in g:
                    raise Unauthorized(identity.token_problem())
                return None
            finally:
                _forget()


def init_app(app: APIFlask) -> None:
    settings: Settings = app.extensions["settings"]
    app.extensions["live"] = Bus(connect(settings.redis), write_only=True)
    app.extensions["sockets"] = Sockets(app, settings)
    login_ended.connect(_show_out, User)
    user_deleted.connect(_show_out, User)
    board_rewritten.connect(_tell_watchers, BoardEntry)


def connected(app: Flask) -> int:
    """How many clients have a socket open in this process."""
    sockets: Sockets = app.extensions["sockets"]
    return len(sockets.watchers)


def _show_out(sender: Any, user_id: int, **_: Any) -> None:
    """A login of this user ended. All their clients are disconnected: those still signed in come back."""
    publish.close(publish.user_room(user_id))


def _tell_watchers(sender: Any, board: str, **_: Any) -> None:
    """Somebody has left the board, hides or is back: open pages close up without a reload."""
    publish.board_changed(board)


def _async_mode() -> str:
    monkey = sys.modules.get("gevent.monkey")
    return "gevent" if monkey is not None and monkey.is_module_patched("socket") else "threading"


def _sid() -> str:
    sid: str = request.sid  # type: ignore[attr-defined]
    return sid


def _forget() -> None:
    g.pop("_login_user", None)
    g.pop("token_problem", None)


def _board_named(said: tuple[Any, ...]) -> str:
    board = said[0].get("board") if len(said) == 1 and isinstance(said[0], dict) else None
    if not isinstance(board, str) or not 0 < len(board) <= 64:
        raise Malformed('Say which board: {"board": NAME}.')
    return board


def _submission_named(said: tuple[Any, ...]) -> int | None:
    named = said[0].get("submission") if len(said) == 1 and isinstance(said[0], dict) else None
    return named if type(named) is int and 0 < named <= LARGEST_ID else None


def _feed_named(said: tuple[Any, ...]) -> str | None:
    named = said[0].get("feed") if len(said) == 1 and isinstance(said[0], dict) else None
    return named if isinstance(named, str) and 0 < len(named) <= 64 else None


def _refuse(message: str) -> dict[str, Any]:
    """Tell the client why not, as an event and to its acknowledgement callback if it has one."""
    emit("error", {"message": message}, ignore_queue=True)
    return {"error": message}
