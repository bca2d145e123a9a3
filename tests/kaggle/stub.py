"""A Kaggle of the suite's own: it speaks the official client's wire format, and misbehaves on request."""

from __future__ import annotations

import csv
import io
import json
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HEAD = (
    "Rank",
    "TeamId",
    "TeamName",
    "LastSubmissionDate",
    "Score",
    "SubmissionCount",
    "TeamMemberUserNames",
)
JSON = "application/json; charset=utf-8"
# What to answer instead: status, body, content type, more headers.
Answer = tuple[int, bytes, str, dict[str, str]]


@dataclass
class Team:
    id: int
    name: str | None
    score: float
    members: str = ""
    day: int = 1
    entries: int = 3

    @property
    def at(self) -> str:
        return f"2026-11-{self.day:02d} 10:00:00"


def teams(many: int, first: int = 100) -> list[Team]:
    """Of one member each, who is called as the team, the best first; lower is better."""
    return [Team(first + n, f"team{n}", round(0.1 + n / 1000, 6), f"user{n}") for n in range(many)]


@dataclass
class Stub:
    """`rows` is the public board in its order; `final` the private one once it is there."""

    rows: list[Team] = field(default_factory=list)
    final: list[Team] | None = None
    starts: str = "2026-11-10T12:00:00.55Z"
    ends: str = "2026-11-20T12:00:00Z"
    head: tuple[str, ...] = HEAD
    # By method, or "*" for all of them.
    faults: dict[str, Callable[[bytes], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    # The download, made before it is asked for.
    file: bytes = b""
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        fresh = Stub(url=self.url, released=self.released)
        self.__dict__.update(fresh.__dict__)
        self.released.clear()

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]

    def answer(self, method: str, asked: dict[str, Any]) -> Answer:
        good = getattr(self, f"_{method}", None)
        if good is None or asked.get("competitionName") != "titanic":
            return error(404, f"no {method} of {asked.get('competitionName')}")
        body, kind = good(asked)
        fault = self.faults.get(method) or self.faults.get("*")
        return fault(body) if fault else (200, body, kind, {})

    def _GetCompetition(self, asked: dict[str, Any]) -> tuple[bytes, str]:
        told = {
            "id": 3136,
            "ref": "https://www.kaggle.com/competitions/titanic",
            "title": "Titanic",
            "description": "Start here!",
            "enabledDate": self.starts,
            "deadline": self.ends,
            "maxDailySubmissions": 10,
            "maxTeamSize": 5,
            "evaluationMetric": "Root Mean Squared Error",
            "teamCount": len(self.rows),
        }
        return json.dumps(told).encode(), JSON

    def _GetLeaderboard(self, asked: dict[str, Any]) -> tuple[bytes, str]:
        rows = self.rows if self.final is None else self.final
        token, size = asked.get("pageToken") or "0", asked.get("pageSize", 20)
        start = int(token) if token.isdecimal() else 0
        end = start + size
        page = [
            {
                "teamId": row.id,
                **({"teamName": row.name} if row.name is not None else {}),
                "submissionDate": row.at.replace(" ", "T") + ".1234567Z",
                "score": f"{row.score:.5f}",
            }
            for row in rows[start:end]
        ]
        more = str(end) if end < len(rows) else ""
        return json.dumps({"submissions": page, "nextPageToken": more}).encode(), JSON

    def _DownloadLeaderboard(self, asked: dict[str, Any]) -> tuple[bytes, str]:
        return self.file or self.zipped(), "application/zip"

    def zipped(self) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.head, extrasaction="ignore")
        writer.writeheader()
        for rank, row in enumerate(self.rows, 1):
            cells = (rank, row.id, row.name or "", row.at, f"{row.score:.5f}", row.entries)
            writer.writerow(dict(zip(HEAD, (*cells, row.members), strict=True)))
        return zipped(text.getvalue())


def zipped(text: str, name: str = "titanic-publicleaderboard.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, "\ufeff" + text)
    return file.getvalue()


def error(status: int, message: str, **headers: str) -> Answer:
    body = json.dumps({"code": status, "message": message}).encode()
    return status, body, JSON, {k.replace("_", "-"): v for k, v in headers.items()}


def html(status: int, **headers: str) -> Callable[[bytes], Answer]:
    more = {k.replace("_", "-"): v for k, v in headers.items()}
    return lambda _: (status, b"<html>maintenance</html>", "text/html", more)


def busy(after: str) -> Callable[[bytes], Answer]:
    return lambda _: error(429, "Too Many Requests", Retry_After=after)


def cut(_: bytes) -> Answer:
    """No answer: the connection is closed."""
    return 200, b"", "cut", {}


def serve() -> tuple[Stub, ThreadingHTTPServer]:
    """A stub and the server before it, in threads of this process, on a free port."""
    stub = Stub()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            method, asked = self.path.rsplit("/", 1)[-1], json.loads(raw or b"{}")
            stub.asked.append((method, asked, self.headers.get("Authorization", "")))
            status, body, kind, headers = stub.answer(method, asked)
            if kind in ("hang", "cut"):
                if kind == "hang":
                    stub.released.wait(10)
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", headers.pop("Length", str(len(body))))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return stub, server
