"""The WebSocket as Socket.IO's server sees it: what comes in is small, seldom and well-formed.

The libraries behind it would read a frame of any announced length into memory, log a traceback for
every malformed packet, and leave a connection half open after some. Here a client gets an `error`
event, and one that goes on is shown out.
"""

from __future__ import annotations

import json
import time
from typing import Any

from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from socketio import packet as socketio_packet

# The longest honest message is a join with a token of a kilobyte or two.
LARGEST_MESSAGE = 8192
# Honest pages say a few words when they open; a burst this long only comes from something broken.
BURST = 60
PER_SECOND = 5.0

UNREADABLE = 'That message could not be read. Send `join` or `leave` with {{"board": NAME}}.'
TOO_MANY = "Too many messages. Connect again and send fewer."
TOO_LARGE = f"A message may be {LARGEST_MESSAGE} bytes long."

_PONG, _CLOSE = "3", "1"  # Engine.IO packet types, as their first character
_TAKEN = (socketio_packet.CONNECT, socketio_packet.DISCONNECT, socketio_packet.EVENT)


def readable(message: Any) -> bool:
    """Whether `message` is a packet that a client of this server may send."""
    if not isinstance(message, str) or len(message) > LARGEST_MESSAGE:
        return False
    if message[:1] in (_PONG, _CLOSE):
        return True
    if message[:1] != "4":
        return False
    try:
        packet = socketio_packet.Packet(encoded_packet=message[1:])
    except (ValueError, TypeError, IndexError, RecursionError):
        return False
    if packet.packet_type == socketio_packet.EVENT:
        data = packet.data
        return isinstance(data, list) and bool(data) and isinstance(data[0], str)
    return packet.packet_type in _TAKEN


class Budget:
    """How much one connection may still say: BURST at once, PER_SECOND in the long run."""

    def __init__(self) -> None:
        self._left, self._at = float(BURST), time.monotonic()

    def spend(self) -> bool:
        """Take one; False if there is none left."""
        now = time.monotonic()
        self._left = min(BURST, self._left + (now - self._at) * PER_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class _Door:
    """Laid over a driver's WebSocket: `wait` gives readable messages, or None to hang up."""

    def wait(self) -> Any:
        budget: Budget = self.__dict__.setdefault("budget", Budget())
        while True:
            message = self._receive()
            if message is None:
                return None
            if not budget.spend():
                self._complain(TOO_MANY)
                return None
            if readable(message):
                return message
            self._complain(UNREADABLE)

    def _receive(self) -> Any:
        return super().wait()  # type: ignore[misc]

    def _complain(self, message: str) -> None:
        self.send("42" + json.dumps(["error", {"message": message}]))  # type: ignore[attr-defined]


class ThreadedDoor(_Door, SimpleWebSocketWSGI):
    """In the threaded server of the tests, with simple-websocket."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server, max_message_size=LARGEST_MESSAGE)


def green_door() -> type:
    """Under gunicorn's gevent worker, with gevent-websocket, which has no limit of its own."""
    from engineio.async_drivers.gevent import WebSocketWSGI
    from geventwebsocket.exceptions import WebSocketError

    class GreenDoor(_Door, WebSocketWSGI):
        _sock: Any

        def _receive(self) -> Any:
            # One message may come in many frames: the limit holds for them together.
            left, too_large = LARGEST_MESSAGE, False
            read = self._sock.stream.read

            def read_payload(size: int) -> bytes:
                nonlocal left, too_large
                left -= size
                too_large = left < 0
                return b"" if too_large else read(size)

            self._sock.raw_read = read_payload
            try:
                return self._sock.receive()
            except WebSocketError:
                if too_large:
                    self._complain(TOO_LARGE)
                return None

    return GreenDoor
