"""Asking addresses that a person gave: the internet, and nothing behind our own walls.

The name is resolved once, the addresses are looked at, and the connection goes to the one that was looked at
(a name that answers differently a second time changes nothing); Host and TLS keep the name. Redirects are
followed only where a caller says so, and every hop is looked at like the first. No proxy of the environment
is used: it would resolve the name again, for itself.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urljoin, urlsplit

from mlarena.core.config import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 2000
# What answers elsewhere is no web server, and should not be talked to as if it were one.
PORTS = {80, 443, 8080, 8443}
GLOBAL_V6 = ipaddress.ip_network("2000::/3")
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
MOVED = {301, 302, 303, 307, 308}
TRIED = 2


class Refused(Exception):
    """That address may not be asked; the message says why."""


class Away(Exception):
    """Nothing answers there, or not in time; the message says how it failed."""


@dataclass(frozen=True)
class Answer:
    """`body` is at most what was asked for; `cut` says that there was more."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Target:
    scheme: str
    host: str
    port: int
    path: str


def read_address(url: str) -> Target:
    """The parts of a web address. Raises Refused for whatever is none, or could be read in two ways."""
    if len(url) > LONGEST:
        raise Refused(f"The address is longer than {LONGEST} characters.")
    if not url.isprintable() or any(one.isspace() or one in "\\<>\"'`{}|^" for one in url):
        raise Refused("The address has characters in it that no web address has.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:
        raise Refused("That is no web address.") from None
    if parts.scheme not in ("http", "https"):
        raise Refused("The address must begin with https:// or http://.")
    if "@" in parts.netloc:
        raise Refused("The address must not hold a user name or a password.")
    if not host or port == 0:
        raise Refused("That is no web address.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise Refused("The address must be written in ASCII: encode the others as %XX.")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def is_public(address: Address) -> bool:
    """Whether it is somewhere on the internet: not ours, nobody's network, no group, no way around."""
    # What carries an IPv4 address inside (mapped, 6to4, NAT64, Teredo) is not taken at all.
    if address.version == 6 and (address not in GLOBAL_V6 or address in SIX_TO_FOUR):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def permitted(target: Target, seconds: float = 5.0) -> list[Address]:
    """The addresses of that host, if every one of them may be asked. Raises Refused, and Away for none."""
    allowed = networks(settings().outgoing_allow)
    found = [ipaddress.ip_address(one) for one in _resolve(target, seconds)]
    own = [any(one in network for network in allowed) for one in found]
    if target.port not in PORTS and not all(own):
        raise Refused(
            f"Port {target.port} is not asked: only {', '.join(map(str, sorted(PORTS)))}."
        )
    for one, ours in zip(found, own, strict=True):
        if not ours and not is_public(one):
            named = "" if target.host == str(one) else f"{target.host} is at "
            raise Refused(f"{named}{one}{', which' if named else ''} is no public address.")
    return found


@cache
def networks(text: str) -> tuple[Network, ...]:
    """OUTGOING_ALLOW: networks divided by commas. Raises ValueError."""
    return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())


def _resolve(target: Target, seconds: float) -> list[str]:
    found: list[str] = []
    wrong: list[OSError | UnicodeError] = []

    def ask() -> None:  # the resolver has a patience of its own, which may be half a minute
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows))
        except (OSError, UnicodeError) as error:
            wrong.append(error)

    asking = threading.Thread(target=ask, name="resolver", daemon=True)
    asking.start()
    asking.join(seconds)
    if not found:
        raise Away(f"{target.host} is not known{f': {wrong[0]}' if wrong else ' in time'}.")
    return found


def request(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    seconds: float = 10.0,
    largest: int = 64 << 10,
    hops: int = 0,
) -> Answer:
    """One exchange, over within `seconds` a hop. Raises Refused and Away.

    Of the answer no more than `largest` bytes are read. `hops` redirects are followed, with a GET only;
    otherwise one is an answer like any other.
    """
    while True:
        target = read_address(url)
        answer = _exchange(method, target, permitted(target), body, headers or {}, seconds, largest)
        to = answer.headers.get("location")
        if answer.status not in MOVED or not to or hops == 0 or method != "GET":
            return answer
        url, hops = urljoin(url, to), hops - 1


def _exchange(
    method: str,
    target: Target,
    addresses: list[Address],
    body: bytes | None,
    headers: Mapping[str, str],
    seconds: float,
    largest: int,
) -> Answer:
    connection = (Secure if target.scheme == "https" else Plain)(target, addresses, seconds)
    # A time-out counts from each byte to the next; this ends what drips.
    over = threading.Timer(seconds, connection.cut)
    over.daemon = True
    over.start()
    try:
        connection.request(method, target.path, body, {"Connection": "close", **headers})
        found = connection.getresponse()
        text = found.read(largest + 1)
        if connection.was_cut:
            raise TimeoutError
        told = {name.lower(): value for name, value in found.getheaders()}
        return Answer(found.status, text[:largest], told, len(text) > largest)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if connection.was_cut or isinstance(error, TimeoutError):
            raise Away(f"{target.host} did not answer within {seconds:g} s.") from None
        why = str(error) or type(error).__name__
        raise Away(f"{target.host} does not answer: {why[:200]}") from None
    finally:
        over.cancel()
        connection.close()


class Plain(http.client.HTTPConnection):
    """A connection to addresses that were looked at, by the name that they were found under."""

    def __init__(self, target: Target, addresses: list[Address], seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self.addresses = addresses
        self.was_cut = False
        # http.client lets go of its own once the answer has begun; what drips has to be ended then too.
        self.held: socket.socket | None = None

    def connect(self) -> None:
        wrong: OSError | None = None
        for address in self.addresses[:TRIED]:
            try:
                self.sock = socket.create_connection((str(address), self.port), self.timeout)
                self.held = self.sock
                return
            except OSError as error:
                wrong = error
        raise wrong or OSError("no address")

    def cut(self) -> None:
        """End it, from another thread."""
        self.was_cut = True
        if self.held is not None:
            with suppress(
                OSError
            ):  # the plain way: TLS' own would take the session from under the reader
                socket.socket.shutdown(self.held, socket.SHUT_RDWR)


class Secure(Plain):
    """The same by TLS: the certificate has to be the name's, and nobody's own."""

    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        self.sock = _tls().wrap_socket(
            self.sock, server_hostname=self.host, do_handshake_on_connect=False
        )
        self.held = self.sock
        self.sock.do_handshake()


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
