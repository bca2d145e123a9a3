"""`make run`: the whole arena on this machine, from one command, on embedded defaults.

The processes are those of the Procfile, plus a Redis of our own where REDIS_URL names none.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import signal
import socket
import sys
import time
from pathlib import Path
from typing import IO

from mlarena.core import released
from mlarena.core.config import ConfigError, Settings, load_settings
from mlarena.core.embedded import EmbeddedRedis, RedisUnavailable
from mlarena.core.processes import Child, die_with_parent
from mlarena.core.supervisor import GaveUp, Supervisor

ROOT = Path(__file__).resolve().parents[2]
# Longer than any machine needs; after that the rest is started, and what is missing is said.
READY_SECONDS = 60.0
ALMOST_READY_SECONDS = 15.0  # the same, once web answers and says itself what is missing


class CannotStart(Exception):
    """One line: what is in the way, and what to do."""


def read_procfile(path: Path) -> dict[str, list[str]]:
    """The Procfile's commands by process name, as argument lists. Lines are `name: command`."""
    lines = (line.partition(":") for line in path.read_text().splitlines() if line.strip())
    return {name.strip(): shlex.split(command) for name, _colon, command in lines}


def open_data_folder(folder: Path) -> IO[str]:
    """Make the folder private and take its lock; the caller keeps the file open while it runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise CannotStart(
            f"MLARENA_DATA: {folder} is not ours to write ({error.strerror})."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        who = lock.read().strip() or "?"
        raise CannotStart(
            f"An arena (pid {who}) already runs on {folder}. Stop it, or give this one another"
            " folder: MLARENA_DATA=other make run"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def check_port(host: str, port: int) -> None:
    """Raises CannotStart if nobody could serve there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"PORT: {host}:{port} cannot be used ({error.strerror}). Stop what uses it, or"
                f" choose another: PORT={port + 1 if port < 65535 else 8000} make run"
            ) from None


def environment_of(settings: Settings, redis_url: str) -> dict[str, str]:
    """What every process gets: the environment as it is, and the defaults written out."""
    beside_python = str(Path(sys.executable).parent)
    # Four processes compile the same modules at every start if none of them may keep the result.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {
        **inherited,
        "PATH": os.pathsep.join([beside_python, inherited.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        "MLARENA_ENV": settings.mlarena_env,
        "MLARENA_DATA": str(settings.mlarena_data.resolve()),
        "SECRET_KEY": settings.key(),
        "DATABASE_URL": settings.database,
        "REDIS_URL": redis_url,
        "HOST": settings.host,
        "PORT": str(settings.port),
    }


class Readiness:
    """Asks /healthz, without blocking, until it says that everything works."""

    def __init__(self, supervisor: Supervisor, host: str, port: int) -> None:
        self._supervisor, self._host, self._port = supervisor, host, port
        self._asking: socket.socket | None = None
        self._heard = b""
        self._again = 0.0
        self._began = time.monotonic()
        self._first_answer = 0.0
        self.missing = "nothing answers yet"

    def ok_or_late(self) -> bool:
        """Whether it is time to stop waiting: everything works, or enough was waited."""
        now = time.monotonic()
        if self._first_answer and now - self._first_answer > ALMOST_READY_SECONDS:
            return True
        return self.ok() or now - self._began > READY_SECONDS

    def ok(self) -> bool:
        """Whether the last question was answered with 200; asks the next one otherwise."""
        if self._asking is not None:
            return self._read()
        if time.monotonic() >= self._again:
            self._ask()
        return False

    def _ask(self) -> None:
        try:
            self._asking = socket.create_connection((self._host, self._port), timeout=1)
            self._asking.sendall(
                f"GET /healthz HTTP/1.0\r\nHost: {self._host}:{self._port}\r\n\r\n".encode()
            )
        except OSError:
            self._done()
            return
        self._asking.setblocking(False)
        self._supervisor.watch(self._asking.fileno())

    def _read(self) -> bool:
        assert self._asking is not None  # noqa: S101
        try:
            piece = self._asking.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        self._heard += piece
        if piece:
            return False
        self._supervisor.unwatch(self._asking.fileno())
        head, _, body = self._heard.partition(b"\r\n\r\n")
        self._done()
        if body:
            self._first_answer = self._first_answer or time.monotonic()
            self.missing = _message(body)
        return b" 200 " in head.split(b"\r\n")[0]

    def _done(self) -> None:
        if self._asking is not None:
            self._asking.close()
        self._asking, self._heard, self._again = None, b"", time.monotonic() + 0.03


def run() -> None:
    """Start everything, say where it is, stay until told to stop; raises CannotStart, GaveUp."""
    os.umask(0o077)  # what the arena writes here is nobody else's to read
    settings = load_settings()
    lock = open_data_folder(settings.mlarena_data)
    check_port(settings.host, settings.port)
    redis = None if settings.redis_url else EmbeddedRedis(settings.mlarena_data / "redis")
    environment = environment_of(settings, redis.url if redis else settings.redis_url)
    commands = read_procfile(ROOT / "Procfile")

    def child(kind: str, name: str = "") -> Child:
        return Child(name or kind, commands[kind], ROOT, environment)

    own_redis = (
        [Child("redis", redis.command(), redis.folder, environment, redis.prepare)] if redis else []
    )
    supervisor = Supervisor(last=own_redis)
    try:
        supervisor.launch(*own_redis)
        _release(supervisor, child("release"), settings)
        workers = [child("worker", f"worker.{n + 1}") for n in range(settings.workers)]
        # One of each is enough to be ready: the other workers would only compete with them.
        bot = [child("bot")] if settings.telegram_bot_token else []
        supervisor.launch(workers[0], child("web"), child("clock"), *bot)
        readiness = Readiness(supervisor, settings.host, settings.port)
        supervisor.run(until=readiness.ok_or_late)
        supervisor.ready = True
        if not supervisor.stopping:
            _welcome(supervisor, settings, readiness.missing)
        supervisor.launch(*workers[1:])
        supervisor.run()
        supervisor.say("stopping")
    finally:
        supervisor.stop()
        if redis:
            redis.forget_socket()
        lock.close()


def _release(supervisor: Supervisor, step: Child, settings: Settings) -> None:
    """Migrate and import, unless the last release is still true; raises GaveUp."""
    if supervisor.stopping or released.is_current(ROOT, settings):
        return
    code = supervisor.run_once(step)
    if code == 0:
        released.remember(ROOT, settings)
    elif not supervisor.stopping:
        raise GaveUp(f"The database could not be prepared (code {code}); see above.")


def seconds_since_start() -> float:
    """How long this process has existed, its own imports included (proc(5), field 22 of stat)."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _message(body: bytes) -> str:
    """What /healthz says is missing; empty when nothing is."""
    try:
        return str(json.loads(body).get("message", ""))
    except ValueError:  # not ours: a page of errors
        return body.decode(errors="replace").strip()[:200]


def _welcome(supervisor: Supervisor, settings: Settings, missing: str) -> None:
    seconds = seconds_since_start() if sys.platform == "linux" else time.process_time()
    if missing:
        supervisor.say(f"started, but after {seconds:.0f} s not everything works. {missing}")
    else:
        supervisor.say(f"ready in {seconds:.1f} s")
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    supervisor.say(f"MLArena is at {address}  (Ctrl-C stops it)")
    supervisor.say("the first admin, in another terminal:")
    where = os.environ.get("MLARENA_DATA")
    same = f"MLARENA_DATA={shlex.quote(where)} " if where else ""
    supervisor.say(f"  {same}make admin USERNAME=ada EMAIL=ada@example.org")


def main() -> None:
    if "--with-parent" in sys.argv[1:]:  # make, killed hard, would leave us behind
        die_with_parent(os.getppid(), signal.SIGTERM)
    try:
        run()
    except (ConfigError, CannotStart, RedisUnavailable, GaveUp) as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
