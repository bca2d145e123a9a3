"""The WebSocket as Socket.IO's server sees it: what comes in is small, seldom and well-formed.

The libraries behind it would read a frame of any announced length into memory, log a traceback for
every malformed packet, and leave a connection half open after some. Here a client gets an `error`
event, and one that goes on is shown out.
"""

from __future__ import annotations

import json
import os
import struct
import time
from functools import cached_property
from typing import Any

from engineio import packet as eio_packet
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from socketio import packet as socketio_packet

# The longest honest message is a join with a token of a kilobyte or two.
LARGEST_MESSAGE = 8192
# Honest pages say a few words when they open; a burst this long only comes from something broken.
BURST = 60
PER_SECOND = 5.0

UNREADABLE = 'That message could not be read. Send `join` or `leave` with {"board": NAME}.'
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


class Broadcast(eio_packet.Packet):
    """One event for many clients: encoded once, and once made a frame."""

    def __init__(self, event: str, data: list[Any]) -> None:
        packet = socketio_packet.Packet(socketio_packet.EVENT, namespace="/", data=[event, *data])
        super().__init__(eio_packet.MESSAGE, packet.encode())

    @cached_property
    def frame(self) -> bytes:
        """The whole WebSocket frame (RFC 6455, 5.2): final, text, and not masked by a server."""
        content = self.encode().encode()
        length = len(content)
        if length < 126:
            return bytes((0x81, length)) + content
        if length < 1 << 16:
            return struct.pack("!BBH", 0x81, 126, length) + content
        return struct.pack("!BBQ", 0x81, 127, length) + content


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

    class GreenDoor(_Door, WebSocketWSGI):
        _sock: Any

        def __init__(self, handler: Any, server: Any) -> None:
            super().__init__(handler, server)
            self._sending = False
            self._rest = b""  # of a broadcast that the kernel took in part
            # Engine.IO's socket of this connection: `handler` is its method.
            self._engine = handler.__self__
            self._engine.door = self

        def send(self, message: Any) -> None:
            self._sending = True
            try:
                if self._rest:
                    self._sock.raw_write(self._rest)
                    self._rest = b""
                super().send(message)
            finally:
                self._sending = False

        def push(self, packet: Broadcast) -> bool:
            """Give the kernel the frame now, without waking the writer; False if that cannot be.

            A thousand queues, wake-ups and encodings would be most of the time of an update.
            """
            waiting = self._sending or self._rest or not self._engine.queue.empty()
            if waiting or self._sock.closed or self._engine.closed or self._engine.closing:
                return False
            connection = self._sock.handler.socket
            if hasattr(connection, "getpeercert"):  # TLS: not ours to write to
                return False
            try:
                taken = os.write(connection.fileno(), packet.frame)
            except OSError:  # its buffer is full, or it has just gone: the writer finds out
                return False
            if taken < len(packet.frame):
                self._rest = packet.frame[taken:]
                self._engine.send(
                    eio_packet.Packet(eio_packet.NOOP)
                )  # wakes the writer for the rest
            return True

        def _receive(self) -> Any:
            # One message may come in many frames: the limit holds for them together.
            left = LARGEST_MESSAGE
            read = self._sock.stream.read

            def read_payload(size: int) -> bytes:
                nonlocal left
                left -= size
                if left < 0:
                    self._complain(TOO_LARGE)
                    return b""  # which gevent-websocket takes for the end of the connection
                content: bytes = read(size)
                return content

            self._sock.raw_read = read_payload
            return self._sock.receive()

    return GreenDoor
