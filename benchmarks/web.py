"""Requests a second of one web process: `python -m benchmarks.web [--seconds 8] [--users 1000]`.

The leaderboard page, the quest list of a signed-in learner, and submitting, each under 16 keep-alive
connections. Compared with CTFd 3.8.7 on two cores like ours with 1,000 users (its figures are quoted,
the better end of each), and with this server's own empty page in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.arena import Arena, arena, fitted
from benchmarks.report import Figure, headline, show

CONNECTIONS = 16
# requests/s per worker, the better end of what was measured, and how many times that is the aim
CTFD = {"leaderboard page": (68, 10), "quest list": (56, 8), "submit": (48, 8)}


@dataclass
class Load:
    """What a while of knocking gave."""

    answers: int
    seconds: float
    milliseconds: list[float]
    cpu_seconds: float
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def request_bytes(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: keep-alive"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def knock(host: str, port: int, make: Any, until: float, load: Load) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(make())
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        low = head.lower()
        if b"content-length:" in low:
            length = int(low.split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        load.milliseconds.append((time.perf_counter() - started) * 1000)
        load.statuses[status] = load.statuses.get(status, 0) + 1
        load.answers += 1
        if b"connection: close" in low:
            writer.close()
            reader, writer = await asyncio.open_connection(host, port)
    writer.close()


def cpu_of(pids: list[int]) -> float:
    ticks = os.sysconf("SC_CLK_TCK")
    spent = 0.0
    for pid in pids:
        with Path(f"/proc/{pid}/stat").open() as file:
            fields = file.read().rpartition(")")[2].split()
        spent += (int(fields[11]) + int(fields[12])) / ticks
    return spent


def measure(here: Arena, make: Any, seconds: float) -> Load:
    place = urlsplit(here.url)
    web = [pid for pid, command in here.processes().items() if "gunicorn" in command]
    load = Load(0, 0.0, [], 0.0, {})

    async def all_of_them() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(
            *(
                knock(place.hostname or "", place.port or 80, make, until, load)
                for _ in range(CONNECTIONS)
            )
        )

    before, started = cpu_of(web), time.perf_counter()
    asyncio.run(all_of_them())
    load.seconds = time.perf_counter() - started
    load.cpu_seconds = cpu_of(web) - before
    return load


def populate(here: Arena, users: int) -> None:
    """`users` learners on the global board, each with progress in every quest."""
    import sqlalchemy as sa

    from mlarena.accounts.models import User
    from mlarena.app import create_app
    from mlarena.boards import index
    from mlarena.boards import service as boards
    from mlarena.core.config import load_settings
    from mlarena.core.db import db
    from mlarena.rewards.models import LearnerTotals

    os.environ.update(
        MLARENA_DATA=str(here.data),
        REDIS_URL=f"unix://{next((here.data / 'redis').glob('*.sock'))}",
    )
    app = create_app(load_settings())
    now = datetime.now(UTC)
    with app.app_context():
        rows = [
            {
                "username": f"player{n}",
                "username_key": f"player{n}",
                "email": f"player{n}@example.org",
                "email_key": f"player{n}@example.org",
                "password_hash": "none",
            }
            for n in range(users)
        ]
        db.session.execute(sa.insert(User), rows)
        ids = list(db.session.scalars(sa.select(User.id).where(User.password_hash == "none")))
        db.session.execute(
            sa.insert(LearnerTotals), [{"user_id": i, "xp": (i * 7919) % 2500} for i in ids]
        )
        changes = [
            boards.add("global", i, (i * 7919) % 2500 + 1, now - timedelta(seconds=i)) for i in ids
        ]
        db.session.commit()
        index.apply(changes)
        db.session.remove()
        db.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--users", type=int, default=1000)
    wanted = parser.parse_args()
    headline("web", seconds=wanted.seconds, users=wanted.users)
    from sklearn.linear_model import LinearRegression

    with arena(WORKERS="1", WEB_CONCURRENCY="1") as here:
        here.quiet()
        populate(here, wanted.users)
        _, token = here.learner()
        quest = here.quest("linear-regression-challenge")
        data, target = here.download(token, quest["id"]), quest["dataset"]["target"]
        model = fitted(data, target, LinearRegression())
        signed = {"Authorization": f"Bearer {token}"}
        count = 0

        def submission() -> bytes:
            nonlocal count
            count += 1  # another file every time: the same one in flight would be a conflict
            content = model + str(count).encode()
            body = (
                b'--x\r\nContent-Disposition: form-data; name="model_file"; '
                b'filename="model.joblib"\r\n\r\n' + content + b"\r\n--x--\r\n"
            )
            kind = {"Content-Type": "multipart/form-data; boundary=x"}
            return request_bytes(
                "POST", f"/api/v1/quests/{quest['id']}/submit", signed | kind, body
            )

        doors = {
            "empty page": lambda: request_bytes("GET", "/robots.txt", {}),
            "leaderboard page": lambda: request_bytes("GET", "/boards", signed),
            "quest list": lambda: request_bytes("GET", "/quests", signed),
            "submit": submission,
        }
        base = 0.0
        for name, make in doors.items():
            measure(here, make, 1)
            load = measure(here, make, wanted.seconds)
            wrong = load.answers - load.statuses.get(202 if name == "submit" else 200, 0)
            p99 = statistics.quantiles(load.milliseconds, n=100)[98]
            cpu = load.cpu_seconds / load.answers * 1000
            base = base or load.rate
            theirs, times = CTFD.get(name, (0, 0))
            against = f"{load.rate / theirs:.1f} × CTFd's {theirs}, aim {times} ×" if theirs else ""
            show(
                Figure(
                    name,
                    load.rate,
                    "req/s",
                    against,
                    load.rate >= theirs * times if theirs else None,
                ),
                Figure(f"{name}: processor time a request", cpu, "ms"),
                Figure(f"{name}: p99 of {CONNECTIONS} connections", p99, "ms"),
                Figure(f"{name} ÷ empty page", load.rate / base, "×"),
            )
            if wrong:
                print(f"   {wrong} answers were not as they should be: {load.statuses}")


if __name__ == "__main__":
    main()
