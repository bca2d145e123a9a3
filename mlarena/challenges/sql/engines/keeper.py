"""Runs our own PostgreSQL until nobody uses it: `python -I keeper.py SETTINGS`.

Imports nothing of the project. Every user holds a shared lock on the file `users`; the exclusive one
is to be had when the last has gone, killed or not.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_parallel_workers": "0",
    "max_worker_processes": "0",
    "jit": "off",
    "temp_file_limit": "1GB",
    "autovacuum": "off",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
}


def main(settings: dict[str, Any]) -> None:
    home, user = Path(settings["home"]), settings["user"]
    server = _start(settings["server"], home, user)
    # Should the server end by itself, there is nothing left to keep.
    threading.Thread(target=_leave_with, args=(server, home), daemon=True).start()
    with Path(settings["users"]).open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # waits for the last user to go
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _start(program: str, home: Path, user: int | None) -> subprocess.Popen[bytes]:
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [program, "-D", str(home / "data"), "-k", str(home), *options],
            env={},
            cwd=home,
            user=user,
            group=None if user is None else pwd.getpwuid(user).pw_gid,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread runs yet
        )


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def _leave_with(server: subprocess.Popen[bytes], home: Path) -> None:
    server.wait()
    shutil.rmtree(home, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
