"""A whole arena of real processes on a folder of its own, and the people who use it."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlarena.core import released

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Arena:
    """A running arena: its address, the folder of its data, and the pid of its supervisor."""

    url: str
    data: Path
    supervisor: int

    def call(
        self, method: str, path: str, token: str = "", body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """One API call: status and decoded body."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, method=method)
        request.add_header("Content-Type", headers.pop("content_type", "application/json"))
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def learner(self) -> tuple[int, str]:
        """Register somebody; their id and a bearer token."""
        name = f"learner-{uuid.uuid4().hex[:10]}"
        person = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        status, answer = self.call("POST", "/auth/register", body=person)
        if status != 201:
            raise RuntimeError(f"register: {status} {answer}")
        login = {"username": name, "password": PASSWORD}
        _, tokens = self.call("POST", "/auth/login", body=login)
        return answer["data"]["id"], tokens["data"]["access_token"]

    def quest(self, slug: str) -> dict[str, Any]:
        _, answer = self.call("GET", "/quests")
        found: dict[str, Any] = next(quest for quest in answer["data"] if quest["slug"] == slug)
        return found

    def submit(self, token: str, quest_id: int, content: bytes) -> tuple[int, Any]:
        boundary = uuid.uuid4().hex
        body = (
            (
                f'--{boundary}\r\nContent-Disposition: form-data; name="model_file"; '
                'filename="model.joblib"\r\nContent-Type: application/octet-stream\r\n\r\n'
            ).encode()
            + content
            + f"\r\n--{boundary}--\r\n".encode()
        )
        return self.call(
            "POST",
            f"/quests/{quest_id}/submit",
            token,
            body,
            content_type=f"multipart/form-data; boundary={boundary}",
        )

    def download(self, token: str, quest_id: int) -> bytes:
        request = urllib.request.Request(f"{self.url}/api/v1/quests/{quest_id}/dataset")
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            content: bytes = answer.read()
            return content

    def first_instructor(self, name: str) -> None:
        """As an operator makes them, who has a shell and no account."""
        command = ["-m", "flask", "--app", "wsgi", "users", "create", name, f"{name}@example.org"]
        subprocess.run(
            [sys.executable, *command, "--role", "instructor", "--password-stdin"],
            cwd=ROOT,
            env={**os.environ, "MLARENA_DATA": str(self.data), "LOG_LEVEL": "ERROR"},
            input=PASSWORD,
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def quiet(self) -> None:
        """Wait until nothing is left to evaluate: a new arena computes its house baselines first."""
        for _ in range(600):
            with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as answer:
                lines = answer.read().decode().splitlines()
            counts = [line.split()[-1] for line in lines if "submissions_open{" in line]
            if counts and not any(map(float, counts)):
                return
            time.sleep(0.2)
        raise RuntimeError("submissions are still open after two minutes")

    def processes(self) -> dict[int, str]:
        """Every living process below the supervisor: pid → command line."""
        found: dict[int, str] = {}
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat[1])
            found[int(entry.name)] = command.strip()

        def below(pid: int) -> bool:
            while pid in parents:
                pid = parents[pid]
                if pid == self.supervisor:
                    return True
            return False

        return {pid: command for pid, command in found.items() if below(pid)}


@contextmanager
def arena(**environment: str) -> Iterator[Arena]:
    """Start `make run`'s own supervisor on a fresh folder; ends everything afterwards.

    The first start of this project's state imports and checks the starter content and lets the house
    play; what that leaves is kept in the temporary folder, and later arenas begin with a copy of it.
    """
    with tempfile.TemporaryDirectory(prefix="mlarena-bench-") as folder:
        shutil.copytree(beginning(), f"{folder}/data", ignore=shutil.ignore_patterns("redis"))
        with _started(Path(folder) / "data", **environment) as here:
            yield here


@contextmanager
def empty_arena(**environment: str) -> Iterator[Arena]:
    """The same without the starter content: no task, no level, nobody."""
    with tempfile.TemporaryDirectory(prefix="mlarena-bench-") as folder:
        data = Path(folder) / "data"
        with _started(data, STARTER_CONTENT="0", **environment) as here:
            yield here


def beginning() -> Path:
    """A data folder as it is after the first start, with baselines judged and challenges published."""
    kept = Path(tempfile.gettempdir()) / f"mlarena-beginning-{released.project_state(ROOT)[:16]}"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            fresh = kept.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            with _started(fresh):
                _wait_until_judged(fresh / "mlarena.sqlite")
            fresh.rename(kept)
    return kept


def _wait_until_judged(database: Path) -> None:
    until = time.monotonic() + 600
    open_ones = (
        "SELECT (SELECT count(*) FROM submissions WHERE status IN ('queued', 'running')) "
        "+ (SELECT count(*) FROM challenges WHERE publish_when_checked)"
    )
    while time.monotonic() < until:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as file:
            if file.execute(open_ones).fetchone()[0] == 0:
                return
        time.sleep(0.3)
    raise RuntimeError("baselines and challenges were not judged within ten minutes")


@contextmanager
def _started(data: Path, **environment: str) -> Iterator[Arena]:
    port = free_port()
    started = subprocess.Popen(
        [sys.executable, "-m", "mlarena.core.run"],
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "MLARENA_DATA": str(data),
            "PORT": str(port),
            "RATELIMIT_ENABLED": "0",
            "LOG_LEVEL": "ERROR",
            **environment,
        },
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("BENCH_LOGS") else subprocess.DEVNULL,
    )
    here = Arena(f"http://127.0.0.1:{port}", data, started.pid)
    try:
        _wait_until_ready(here, started)
        yield here
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            started.kill()


def _wait_until_ready(here: Arena, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 240
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the arena ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{here.url}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.1)
    raise RuntimeError("the arena did not become ready within four minutes")


def fitted(download: bytes, target: str | None, estimator: Any) -> bytes:
    """Train as a learner would and save with joblib."""
    import joblib
    import pandas as pd

    table = pd.read_csv(io.BytesIO(download))
    features = table.drop(columns=[target]) if target else table
    estimator.fit(features, table[target] if target else None)
    file = io.BytesIO()
    joblib.dump(estimator, file)
    return file.getvalue()
