"""One process of the arena as the supervisor sees it: how it starts, ends, and is never orphaned."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
PR_SET_CHILD_SUBREAPER = 36
STEADY_SECONDS = 10.0  # a process that ran this long is forgiven its earlier ends
LONGEST_DELAY = 10.0


# Loaded here and not after the fork, where as little as possible should happen.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int, sig: int = signal.SIGKILL) -> None:
    """Have the kernel send `sig` to this process when its parent ends, however it ends (Linux)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0)
        if os.getppid() != parent:  # it ended before we asked
            os.kill(os.getpid(), sig)


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans (Linux), so that it can end them."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children_of(parent: int) -> list[int]:
    """The pids of the direct children of `parent`, zombies left out; empty where there is no /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in brackets may hold spaces and brackets of its own: read after the last one.
            state, ppid = stat.read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue  # it ended while we looked
        if int(ppid) == parent and state != "Z":
            found.append(int(stat.parent.name))
    return found


def reap_orphans(ours: set[int]) -> None:
    """Collect ended processes that were adopted, leaving those of `ours` to their Popen objects."""
    for _ in range(1000):
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in ours:
            return
        os.waitpid(ended.si_pid, 0)


class Child:
    """A process that should run: started, restarted with growing pauses, stopped."""

    def __init__(
        self,
        name: str,
        command: list[str],
        folder: Path,
        environment: dict[str, str],
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self.name, self.command, self.folder, self.environment = name, command, folder, environment
        self.prepare = prepare
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self.due = 0.0  # when to start it, on the monotonic clock
        self._started = 0.0

    @property
    def running(self) -> bool:
        return self.process is not None

    def start(self) -> int:
        """Start it; returns the descriptor of its output (standard output and error together)."""
        if self.prepare:
            self.prepare()
        parent = os.getpid()
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl-C reaches the supervisor alone, which then ends the others
            # in order, the workers before the Redis they use.
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509 (one thread, see supervisor)
        )
        self._started = time.monotonic()
        assert self.process.stdout is not None  # noqa: S101
        descriptor = self.process.stdout.fileno()
        os.set_blocking(descriptor, False)
        return descriptor

    def ended(self) -> int | None:
        """Its exit code, once, if it ended (negative: the signal), and when it is due again."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None
        if time.monotonic() - self._started > STEADY_SECONDS:
            self.failures = 0
        pause = 0.0 if self.failures == 0 else min(0.5 * 2 ** (self.failures - 1), LONGEST_DELAY)
        self.failures += 1
        self.due = time.monotonic() + pause
        return code

    def signal(self, sig: int, group: bool = False) -> None:
        """Send `sig` to the process or, for the last word, to everything in its session's group."""
        if self.process is None:
            return
        try:
            if group:
                os.killpg(self.process.pid, sig)
            else:
                os.kill(self.process.pid, sig)
        except ProcessLookupError:
            return  # it ended meanwhile; ended() will tell
