"""A thousand open pages in one process: bare WebSockets and one epoll, so that the server is measured.

A Socket.IO client library of Python would take longer to read an update than the server to send it.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from urllib.parse import urlsplit

HELLO = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def masked(text: str) -> bytes:
    """A short text frame of a client (RFC 6455); a mask of zeros leaves the text as it is."""
    data = text.encode()
    return bytes((0x81, 0x80 | len(data))) + b"\0\0\0\0" + data


class Page:
    """One socket that watches a board."""

    def __init__(self, url: str, board: str) -> None:
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.socket.sendall(HELLO.format(host=place.netloc).encode())
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(4096)
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode())
        self._expect("0")
        self.socket.sendall(masked("40"))
        self._expect("40")
        self.socket.sendall(masked(f'421["join",{{"board":"{board}"}}]'))
        self._expect('431[{"board"')
        self.socket.setblocking(False)

    def _expect(self, start: str) -> None:
        while not (frames := self.frames()):
            received = self.socket.recv(65536)
            if not received:
                raise ConnectionError("closed while saying hello")
            self.buffer += received
        if not frames[0].startswith(start.encode()):
            raise ConnectionError(f"expected {start}, got {frames[0][:200]!r}")

    def frames(self) -> list[bytes]:
        """The complete frames in the buffer, taken out of it."""
        found = []
        while len(self.buffer) >= 2:
            start, length = 2, self.buffer[1]
            if length == 126:
                start, length = 4, struct.unpack_from("!H", self.buffer.ljust(4, b"\0"), 2)[0]
            elif length == 127:
                start, length = 10, struct.unpack_from("!Q", self.buffer.ljust(10, b"\0"), 2)[0]
            if len(self.buffer) < start + length:
                break
            found.append(self.buffer[start : start + length])
            self.buffer = self.buffer[start + length :]
        return found


class Crowd:
    """Many pages on one board."""

    def __init__(self, url: str, board: str, count: int) -> None:
        self.poll = select.epoll()
        self.pages: dict[int, Page] = {}
        for _ in range(count):
            page = Page(url, board)
            self.pages[page.socket.fileno()] = page
            self.poll.register(page.socket, select.EPOLLIN)

    def hear(self, event: str, patience: float) -> list[float]:
        """When each page first had the whole event, on the monotonic clock; fewer if some did not."""
        start = f'42["{event}"'.encode()
        heard: dict[int, float] = {}
        until = time.monotonic() + patience
        while len(heard) < len(self.pages) and time.monotonic() < until:
            for number, _ in self.poll.poll(0.05):
                page = self.pages[number]
                received = page.socket.recv(65536)
                at = time.monotonic()
                if not received:
                    raise ConnectionError("the server closed a page's socket")
                page.buffer += received
                for frame in page.frames():
                    if frame == b"2":
                        page.socket.sendall(masked("3"))
                    elif frame.startswith(start):
                        heard.setdefault(number, at)
        return list(heard.values())

    def leave(self) -> None:
        self.poll.close()
        for page in self.pages.values():
            page.socket.close()


def raise_file_limit() -> None:
    """A socket is an open file on both sides, and 1,024 is the usual soft limit."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
