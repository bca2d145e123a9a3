"""Keep a handful of processes running, pass on what they print, and end them all together.

Libraries were looked at first: honcho ends everything when one process ends, supervisord and circus
are daemons with files and sockets of their own, and none of them ends its processes when it is
killed itself. What is needed fits one loop in one thread (the kernel's parent-death signal belongs
to the thread that started a child, and forking with threads is asking for trouble).
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from typing import TextIO

from mlarena.core.processes import Child, adopt_orphans, children_of, reap_orphans

STOPPING_SECONDS = 8.0  # after that, whoever still runs is killed
TOO_MANY_FAILURES = 5  # before everything was ready once: then it will not come right by itself
LONGEST_LINE = 64 * 1024


class GaveUp(Exception):
    """A process does not start: one line."""


class Supervisor:
    """Runs `children` until it is told to stop. `last` (Redis) starts first and stops last."""

    def __init__(self, last: list[Child], out: TextIO = sys.stdout) -> None:
        self.last = last
        self.children: list[Child] = []
        self.ready = False
        self.stopping = False
        self.forced = False
        self._interrupted = 0.0
        self._out = out
        self._unfinished: dict[Child, bytes] = {}
        self._selector = selectors.DefaultSelector()
        self._width = 8
        adopt_orphans()
        self._listen_to_signals()

    # -- what the caller does -------------------------------------------------------------------

    def say(self, line: str, name: str = "arena") -> None:
        self._out.write(f"{name:<{self._width}} | {line}\n")
        self._out.flush()

    def launch(self, *children: Child) -> None:
        """Keep these running from now on (not once it is time to stop)."""
        if self.stopping:
            return
        self._width = max([self._width, *(len(child.name) for child in children)])
        for child in children:
            (self.children if child not in self.last else []).append(child)
            self._start(child)

    def run_once(self, child: Child) -> int:
        """Run a command to its end while the others run; returns its exit code."""
        self._start(child)
        while True:
            self._listen(0.2)
            if (code := self._check(child)) is not None:
                return code
            if self.stopping:
                child.signal(signal.SIGTERM)

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Look after the processes until `until()` holds or a signal says stop; raises GaveUp."""
        while not self.stopping and not (until and until()):
            self._look_after()
            self._listen(0.05 if until else 1.0)

    def watch(self, descriptor: int) -> None:
        """Wake `run` when this descriptor (of the caller) can be read."""
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def unwatch(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def stop(self) -> None:
        """End everything: politely, then not; the children first, `last` after them, then strays."""
        self.stopping = True
        self._end(self.children)
        self._end(self.last)
        # What is left was adopted: the children of a process that was killed, and theirs in turn.
        while strays := children_of(os.getpid()):
            for stray in strays:
                os.kill(stray, signal.SIGKILL)
            time.sleep(0.01)
            reap_orphans(set())

    # -- the loop -------------------------------------------------------------------------------

    def _everyone(self) -> list[Child]:
        return [*self.last, *self.children]

    def _start(self, child: Child) -> None:
        self._selector.register(child.start(), selectors.EVENT_READ, child)
        self._unfinished[child] = b""

    def _look_after(self) -> None:
        """Start again what ended, when its pause is over."""
        for child in self._everyone():
            if child.running:
                code = self._check(child)
                if code is None:
                    continue
                if not self.ready and child.failures >= TOO_MANY_FAILURES:
                    raise GaveUp(f"{child.name} does not start; its last words are above.")
                pause = max(0.0, child.due - time.monotonic())
                again = f"starting it again in {pause:.1f} s" if pause else "starting it again"
                self.say(f"{child.name} {_how_it_ended(code)}; {again}")
            if time.monotonic() >= child.due:
                self._start(child)
        reap_orphans({child.process.pid for child in self._everyone() if child.process})

    def _check(self, child: Child) -> int | None:
        """The exit code if the child ended, after its last lines were shown."""
        if child.process is not None and child.process.poll() is not None:
            self._hear_out(child)
        return child.ended()

    def _end(self, children: list[Child]) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOPPING_SECONDS
        while any(child.running for child in children):
            if self.forced or time.monotonic() > deadline:
                for child in children:
                    child.signal(signal.SIGKILL, group=True)
            self._listen(0.1)
            for child in children:
                self._check(child)

    def _listen(self, seconds: float) -> None:
        """Wait for output, a signal or the time, whichever is first; show what was said."""
        for key, _events in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self._hear(key.data, key.fd)
            elif key.data == "signal":
                os.read(key.fd, 4096)

    def _hear(self, child: Child, descriptor: int) -> bool:
        """Show the whole lines that wait in the pipe; False at its end."""
        try:
            piece = os.read(descriptor, LONGEST_LINE)
        except BlockingIOError:
            return False
        if not piece:
            self._let_go(descriptor)
            return False
        *lines, rest = (self._unfinished[child] + piece).split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            self.say(line.decode(errors="replace"), child.name)
        self._unfinished[child] = rest
        return True

    def _hear_out(self, child: Child) -> None:
        """Show the rest of what a process said before it ended, and let go of its pipe."""
        if child.process is not None and child.process.stdout is not None:
            descriptor = child.process.stdout.fileno()
            while self._hear(child, descriptor):
                pass
            self._let_go(descriptor)
        if rest := self._unfinished.pop(child, b""):
            self.say(rest.decode(errors="replace"), child.name)

    def _let_go(self, descriptor: int) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    # -- signals --------------------------------------------------------------------------------

    def _listen_to_signals(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._selector.register(reader, selectors.EVENT_READ, "signal")
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda _sig, _frame: None)  # only to wake the loop

    def _asked_to_stop(self, sig: int, _frame: object) -> None:
        now = time.monotonic()
        # make and the terminal may both pass on one Ctrl-C: a second one is a little later.
        if sig == signal.SIGINT and self._interrupted and now - self._interrupted > 0.3:
            self.forced = True
        if sig == signal.SIGINT and not self._interrupted:
            self._interrupted = now
        self.stopping = True


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    return f"was ended by {signal.Signals(-code).name}"
