"""A machine with Python and make and nothing else: a copy of the project, a PATH, a user, an arena."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "make", "touch", "rm", "env")
NOBODY = 65534
# Variables that would make the machine less bare than it claims to be.
SETTINGS = re.compile(
    r"^(MLARENA_|DATABASE_URL|REDIS_URL|SECRET_KEY|PORT|HOST$|FLASK_|STORAGE_URL|OMP_|OPENBLAS_)"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def copy_project(to: Path) -> None:
    """What a fresh clone would hold, with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:  # not a git checkout: an unpacked archive holds just the files
        skipped = {".git", ".venv", "node_modules", "instance", "__pycache__"}
        names = [
            str(path.relative_to(ROOT))
            for path in ROOT.rglob("*")
            if path.is_file() and not skipped & set(path.relative_to(ROOT).parts)
        ]
    for name in names:
        if (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def python_for(uid: int) -> str | None:
    """A Python ≥ 3.11 that this user may run (one under another's home may be out of reach)."""
    own = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    for python in (own, "/usr/local/bin/python3", "/usr/bin/python3"):
        check = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
        try:
            tried = subprocess.run([python, "-c", check], user=uid, cwd="/", capture_output=True)
        except OSError:
            continue
        if tried.returncode == 0:
            return str(python)
    return None


def family_of(pid: int) -> dict[int, str]:
    """Living descendants of a process, by pid, with their command lines."""
    listed = subprocess.run(
        ["ps", "-ewwo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    family, found = {pid}, {}
    for _ in range(6):
        for child, parent, state, command in rows:
            if int(parent) in family and not state.startswith("Z"):
                family.add(int(child))
                found[int(child)] = command
    return found


def living(pids: dict[int, str]) -> list[str]:
    """Those of these processes that still run."""
    found = []
    for pid, command in pids.items():
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append(f"{pid} {command}")
    return found


@dataclass
class Arena:
    """`make run` in a folder, as a user, and what it says."""

    folder: Path
    path: str
    uid: int
    data: Path
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    log: Path = Path()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Ours without the settings; HOME is the user's own, PATH the bare one."""
        kept = {name: value for name, value in os.environ.items() if not SETTINGS.match(name)}
        return {
            **kept,
            "PATH": self.path,
            "HOME": str(self.folder.parent / f"home-{self.uid}"),
            "PORT": str(self.port),
            "MLARENA_DATA": str(self.data),
            **self.more,
        }

    def start(self) -> Arena:
        home = Path(self.environment()["HOME"])
        home.mkdir(exist_ok=True)
        os.chown(home, self.uid, -1)
        self.log = self.folder.parent / f"log-{self.uid}-{time.monotonic_ns()}"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["make", "run"],
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.uid,
                group=None if self.uid == os.getuid() else NOBODY,
                extra_groups=None if self.uid == os.getuid() else [],
            )
        return self

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str, seconds: float) -> None:
        assert self.process is not None
        deadline = time.monotonic() + seconds
        while words not in self.said():
            assert self.process.poll() is None, f"make run ended:\n{self.said()[-4000:]}"
            assert time.monotonic() < deadline, f"no {words!r} in:\n{self.said()[-4000:]}"
            time.sleep(0.05)

    def ready_seconds(self, patience: float) -> float:
        """Wait until it says that it is ready; returns the seconds it says it took."""
        self.wait_for("MLArena is at", patience)
        found = re.search(r"ready in ([\d.]+) s", self.said())
        assert found, f"not everything works:\n{self.said()[-4000:]}"
        return float(found[1])

    def family(self) -> dict[int, str]:
        assert self.process is not None
        return {self.process.pid: "make run", **family_of(self.process.pid)}

    def health(self) -> tuple[int, dict[str, Any]]:
        """The status and body of /healthz; (0, {}) when nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def wait_until_healthy(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (state := self.health())[0] != 200:
            assert time.monotonic() < deadline, f"{state}\n{self.said()[-4000:]}"
            time.sleep(0.1)

    def stop(self, sig: int = signal.SIGTERM, group: bool = False, seconds: float = 15) -> int:
        assert self.process is not None
        (os.killpg if group else os.kill)(self.process.pid, sig)
        return self.process.wait(seconds)

    def end(self) -> None:
        """Whatever state it is in: nothing of it runs after this."""
        if self.process is not None and self.process.poll() is None:
            for pid in reversed(self.family()):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.wait()
