"""Requests to addresses that people gave reach the internet, and nothing behind our own walls."""

from __future__ import annotations

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlarena.core import outgoing
from mlarena.core.outgoing import Away, Refused, request

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/", "example.org",
        "https://", "https:///path", "https://ada@example.org/", "https://a:b@example.org/", "https://@x/",
        "https://example.org:0/", "https://example.org:99999/", "https://example.org:x/", "http://[::1/",
        "https://example.org/a b", "https://example.org/\r\nX: y", "https://example.org\\@10.0.0.1/",
        "https://example.org/ü", "https://" + "a" * 64 + ".org/", "https://example.org/" + "a" * 2000, "",
    ],
)  # fmt: skip
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(Refused):
        outgoing.read_address(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0", "10.0.0.1",
        "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[2001:0:1::1]",
        "[fe80::1]", "[fc00::1]", "[ff02::1]", "[2001:db8::1]",
    ],
)  # fmt: skip
def test_nothing_behind_our_walls_is_asked(
    app: Any, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    def connected(*_given: Any) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr(socket, "create_connection", connected)
    # A machine without IPv6 may not know an address of it at all: that is no answer either.
    with pytest.raises((Refused, Away)):
        request("GET", f"http://{host}/")


def test_the_public_is_asked_and_odd_ports_are_not(app: Any) -> None:
    for address in ("8.8.8.8", "2606:4700::1111"):
        assert outgoing.is_public(outgoing.ipaddress.ip_address(address))
    with pytest.raises(Refused, match="Port 22"):
        outgoing.permitted(outgoing.read_address("http://8.8.8.8:22/"))


def test_a_name_is_resolved_once_and_one_bad_address_is_enough(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    asked: list[Any] = []

    def resolve(host: str, port: int, **_more: Any) -> Any:
        return [(2, 1, 6, "", (one, port)) for one in answers.pop(0)]

    def connect(where: Any, *_more: Any) -> Any:
        asked.append(where)
        raise OSError("not today")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Away):
        request("GET", "http://rebinding.example/")
    assert asked == [("93.184.216.34", 80)]
    answers[:] = [["93.184.216.34", "10.0.0.1"]]
    with pytest.raises(Refused, match=r"10\.0\.0\.1"):
        request("GET", "http://both.example/")
    assert len(asked) == 1


class Here(http.server.BaseHTTPRequestHandler):
    """A server of ours; `/to/ADDRESS` leads there, `/drip` answers a byte at a time, for ever."""

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b".")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                pass
        else:
            text = f"{self.headers['Host']} {'x' * 5000}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    def log_message(self, *_given: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Here) as here:
        here.daemon_threads = True
        threading.Thread(target=here.serve_forever, daemon=True).start()
        yield here
        here.shutdown()


@pytest.fixture
def allowed(another_app: Any) -> Iterator[Any]:
    other = another_app(outgoing_allow="127.0.0.0/8, ::1/128")
    with other.app_context():
        yield other


def test_what_a_setting_allows_is_asked(allowed: Any, server: Any) -> None:
    answer = request("GET", f"http://127.0.0.1:{server.server_port}/", largest=100)
    assert answer.status == 200
    assert (len(answer.body), answer.cut) == (100, True)
    assert answer.body.startswith(f"127.0.0.1:{server.server_port} x".encode())


def test_redirects_are_answers_or_looked_at_again(allowed: Any, server: Any) -> None:
    here = f"http://127.0.0.1:{server.server_port}"
    assert request("GET", f"{here}/to/{here}/").status == 302
    assert request("GET", f"{here}/to/{here}/", hops=1).status == 200
    for inside in ("http://10.0.0.1/", "http://169.254.169.254/latest/", "file:///etc/passwd"):
        with pytest.raises(Refused):
            request("GET", f"{here}/to/{inside}", hops=5)


def test_what_drips_or_says_nothing_is_given_up(allowed: Any, server: Any) -> None:
    with pytest.raises(Away, match=r"within 0\.5 s"):
        request("GET", f"http://127.0.0.1:{server.server_port}/drip", seconds=0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(Away, match=r"within 0\.5 s"):
            request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.5)
        closed = silent.getsockname()[1]
    with pytest.raises(Away, match="does not answer"):
        request("GET", f"http://127.0.0.1:{closed}/")


def test_tls_is_the_names(
    allowed: Any, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address, the certificate and the Host are the name's."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=hooks",
         "-addext", "subjectAltName=DNS:hooks.example", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)

    def resolve(_host: str, port: int, *_given: Any, **_more: Any) -> Any:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    port = server.server_port
    with pytest.raises(Away, match="certificate verify failed"):
        request("GET", f"https://hooks.example:{port}/")
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(outgoing, "_tls", lambda: trusting)
    answer = request("GET", f"https://hooks.example:{port}/")
    assert answer.body.startswith(f"hooks.example:{port} ".encode())
    with pytest.raises(Away, match="certificate verify failed"):
        request("GET", f"https://other.example:{port}/")
