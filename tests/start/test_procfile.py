"""The very processes of the Procfile, on PostgreSQL and Redis, with no disk in common.

Web and worker each run in a project folder and a data folder of their own, as on two machines; a
learner registers, uploads a model, and hears the verdict over the WebSocket.
"""

from __future__ import annotations

import io
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pandas
import pytest
import redis
import socketio
from sklearn.linear_model import LinearRegression

from mlarena.core.run import read_procfile
from tests.start.bare_machine import ROOT, SETTINGS, copy_project, family_of, free_port, living

pytestmark = [pytest.mark.pure, pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(180)]

PASSWORD = "correct horse battery"
VERDICT_SECONDS = 60  # of patience: on a machine with much else to do a start alone takes 20


def test_the_procfile_names_the_five_processes() -> None:
    assert set(read_procfile(ROOT / "Procfile")) == {*("web", "worker", "clock", "bot", "release")}


class Machines:
    """One folder for each process; commands as the Procfile says them."""

    def __init__(self, place: Path, built: Path, database: str, redis_url: str) -> None:
        self.place = place
        self.built = built
        self.commands = read_procfile(ROOT / "Procfile")
        self.port = free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not SETTINGS.match(name)},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "MLARENA_ENV": "production",
            "SECRET_KEY": uuid.uuid4().hex,
            "DATABASE_URL": database,
            "REDIS_URL": redis_url,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
        }

    def _folder(self, name: str) -> Path:
        """The project alone, as a deploy lays it out; the data folder is its own `instance`."""
        folder = self.place / name
        if not folder.exists():
            shutil.copytree(self.built, folder)
        return folder

    def run(self, name: str) -> None:
        done = subprocess.run(
            self.commands[name],
            cwd=self._folder(name),
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def start(self, name: str) -> None:
        with (self.place / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.commands[name],
                cwd=self._folder(name),
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        logs = sorted(self.place.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in logs)

    def logged(self, name: str, event: str, submission_id: int) -> dict[str, Any]:
        """The line of a process's log, which is JSON in production, about that submission."""
        log, deadline = self.place / f"{name}.log", time.monotonic() + VERDICT_SECONDS
        while time.monotonic() < deadline:
            for line in log.read_text().splitlines():
                found: dict[str, Any] = json.loads(line) if line.endswith("}") else {}
                if (found.get("event"), found.get("submission_id")) == (event, submission_id):
                    return found
            time.sleep(0.05)
        pytest.fail(f"no {event} about {submission_id}\n{self.said()}")

    def ask(
        self, method: str, path: str, token: str = "", body: bytes = b"", kind: str = ""
    ) -> tuple[int, bytes]:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=body or None, method=method
        )
        asked.add_header("Content-Type", kind or "application/json")
        if token:
            asked.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def data(self, method: str, path: str, token: str = "", body: Any = None) -> Any:
        raw = json.dumps(body).encode() if body is not None else b""
        status, answer = self.ask(method, f"/api/v1{path}", token, raw)
        assert status < 300, answer
        return json.loads(answer)["data"]

    def learner(self) -> str:
        """Somebody new; their access token."""
        name = f"learner-{uuid.uuid4().hex[:8]}"
        person = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        self.data("POST", "/auth/register", body=person)
        entered = self.data("POST", "/auth/login", body={"username": name, "password": PASSWORD})
        return str(entered["access_token"])

    def quest(self, token: str) -> dict[str, Any]:
        quests: list[dict[str, Any]] = self.data("GET", "/quests?per_page=100", token)
        return next(quest for quest in quests if quest["slug"] == "linear-regression-challenge")

    def dataset(self, quest: dict[str, Any], token: str) -> bytes:
        status, csv = self.ask("GET", f"/api/v1/quests/{quest['id']}/dataset", token)
        assert status == 200, csv
        return csv

    def submit(self, quest: dict[str, Any], token: str, model: bytes) -> dict[str, Any]:
        body, kind = form("model_file", model)
        path = f"/api/v1/quests/{quest['id']}/submit"
        status, answer = self.ask("POST", path, token, body, kind)
        assert status == 202, answer
        found: dict[str, Any] = json.loads(answer)["data"]
        return found

    def wait_until_healthy(self, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                status, body = self.ask("GET", "/healthz")
            except OSError as error:
                status, body = 0, str(error).encode()
            if status == 200:
                found: dict[str, Any] = json.loads(body)
                return found
            assert time.monotonic() < deadline, f"{status} {body!r}\n{self.said()}"
            time.sleep(0.2)

    def stop(self) -> None:
        families = {}
        for process in self.running.values():
            families.update({process.pid: "", **family_of(process.pid)})
            process.send_signal(signal.SIGTERM)
        for name, process in self.running.items():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                pytest.fail(f"{name} does not end at SIGTERM\n{self.said()}")
        deadline = time.monotonic() + 10
        while left := living(families):
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is before it is laid out: compiled once, not by every process on every disk."""
    folder = tmp_path_factory.mktemp("built")
    copy_project(folder)
    compiled = [sys.executable, "-m", "compileall", "-q", "mlarena", "migrations"]
    subprocess.run(compiled, cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def machines(
    built: Path, tmp_path_factory: pytest.TempPathFactory, postgres_url: str, real_redis_url: str
) -> Iterator[Machines]:
    """A release, and web, worker and clock on it."""
    redis.Redis.from_url(real_redis_url).flushdb()
    place = tmp_path_factory.mktemp("machines")
    running = Machines(place, built, postgres_url, real_redis_url)
    try:
        running.run("release")
        running.run("release")  # a deploy runs it again; nothing may change or fail
        for name in ("web", "worker", "clock"):
            running.start(name)
        yield running
    finally:
        running.stop()
        redis.Redis.from_url(real_redis_url).flushdb()
        shutil.rmtree(place, ignore_errors=True)


def honest_model(csv: bytes, target: str, skip: int = 0) -> bytes:
    """A model that passes, fitted without the first `skip` rows: another file for each."""
    table = pandas.read_csv(io.BytesIO(csv)).iloc[skip:]
    file = io.BytesIO()
    joblib.dump(LinearRegression().fit(table.drop(columns=target), table[target]), file)
    return file.getvalue()


def form(name: str, content: bytes) -> tuple[bytes, str]:
    edge = uuid.uuid4().hex
    head = f'Content-Disposition: form-data; name="{name}"; filename="model.joblib"'
    body = f"--{edge}\r\n{head}\r\n\r\n".encode() + content + f"\r\n--{edge}--\r\n".encode()
    return body, f"multipart/form-data; boundary={edge}"


def test_a_model_gets_its_verdict_with_no_disk_in_common(machines: Machines) -> None:
    health = machines.wait_until_healthy(60)
    assert health["components"]["worker"]["alive"] == 1

    token = machines.learner()
    quest = machines.quest(token)
    csv = machines.dataset(quest, token)

    verdicts: list[dict[str, Any]] = []
    page = socketio.Client()
    page.on("verdict", verdicts.append)
    page.connect(
        f"http://127.0.0.1:{machines.port}", auth={"token": token}, transports=["websocket"]
    )
    try:
        submission = machines.submit(quest, token, honest_model(csv, quest["dataset"]["target"]))
        deadline = time.monotonic() + VERDICT_SECONDS
        while not verdicts:
            assert time.monotonic() < deadline, f"no verdict by socket\n{machines.said()}"
            time.sleep(0.05)
    finally:
        page.disconnect()
    assert verdicts[0]["id"] == submission["id"]
    assert verdicts[0]["status"] == "scored"

    settled = machines.data("GET", f"/submissions/{submission['id']}", token)
    assert settled["status"] == "scored"
    assert settled["score"] == verdicts[0]["score"]
    assert machines.logged("worker", "evaluated", submission["id"])["status"] == "scored"
    assert machines.logged("web", "submission accepted", submission["id"])["request_id"]
    # Nothing of the upload was left on a disk that the other could have read.
    for folder in ("web", "worker"):
        assert list((machines.place / folder).rglob("*.joblib")) == []


def test_a_file_of_untold_length_is_refused_while_it_comes(machines: Machines) -> None:
    """In chunks: no header says how much will follow, and the sender would go on for 400 MB."""
    machines.wait_until_healthy(60)
    token = machines.learner()
    quest = machines.quest(token)
    address = f"/api/v1/quests/{quest['id']}"
    edge, piece = "cut-here", bytes(1 << 20)
    head = (
        f"POST {address}/submit HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: multipart/form-data; boundary={edge}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    form_head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="model_file"; filename="model.pkl"\r\n\r\n'
    ).encode() + b"\x80\x05"
    sent, heard = 0, b""
    with socket.create_connection(("127.0.0.1", machines.port), timeout=60) as sender:
        sender.sendall(head.encode())
        try:
            for part in (form_head, *[piece] * 400):
                sender.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                sent += len(part)
                if select.select([sender], [], [], 0)[0]:
                    break
        except (BrokenPipeError, ConnectionResetError):
            pass
        heard = sender.recv(65536)
    assert heard.startswith(b"HTTP/1.1 413"), (heard[:200], sent)
    assert 50 << 20 < sent < 100 << 20
    own = json.loads(machines.ask("GET", f"{address}/submissions", token)[1])
    assert own["data"] == []


def test_a_worker_that_is_killed_loses_nothing(machines: Machines) -> None:
    """kill -9 in the middle, another worker started on yet another disk: the verdict comes."""
    machines.wait_until_healthy(60)
    token = machines.learner()
    quest = machines.quest(token)
    csv = machines.dataset(quest, token)
    models = [honest_model(csv, quest["dataset"]["target"], skip) for skip in range(3)]
    sent = [machines.submit(quest, token, model) for model in models]
    (name,) = (one for one in machines.running if one.startswith("worker"))
    killed = machines.running.pop(name)
    killed.kill()
    killed.wait()

    machines.commands[f"{name}.next"] = machines.commands[name]
    machines.start(f"{name}.next")
    deadline = time.monotonic() + VERDICT_SECONDS
    for submission in sent:
        while True:
            found = machines.data("GET", f"/submissions/{submission['id']}", token)
            if found["status"] == "scored":
                break
            assert time.monotonic() < deadline, f"{found}\n{machines.said()}"
            time.sleep(0.2)
    paid = [machines.data("GET", f"/submissions/{one['id']}", token)["xp_awarded"] for one in sent]
    assert sorted(paid) == [0, 0, quest["xp_reward"]]  # once, on the first pass
    assert machines.data("GET", "/users/me/progress", token)["xp"] == quest["xp_reward"]
