"""The zygote's life: started, watched, started again when it dies, ended with the worker.

A thread of its own starts it, because the parent-death signal follows the thread that forked:
a zygote started by a passing thread would die with that thread.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from mlarena.sandbox.evaluation import Handle
from mlarena.sandbox.probing import ENTRY, Layers, refusal

log = logging.getLogger(__name__)

MESSAGES = getattr(socket, "SOCK_SEQPACKET", socket.SOCK_STREAM)
NEXT = b"next"
ANSWER_SECONDS = 5.0
MOST_WAIT = 5.0  # seconds between attempts to start a zygote that keeps failing


class ZygoteGone(Exception):
    """The zygote is not there to hand over a child."""


class Supervisor:
    """Keeps one zygote of `kind` alive and hands out its children. Safe from several threads."""

    def __init__(self, kind: str, layers: frozenset[str], allow_degraded: bool) -> None:
        self.kind = kind
        self._settings: dict[str, Any] = {
            "kind": kind,
            "layers": sorted(layers),
            "allow_degraded": allow_degraded,
        }
        self._changed = threading.Condition()
        self._asking = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready = False
        self._closed = False
        self._wake_read, self._wake = os.pipe()
        self.layers: Layers | None = None
        self.failure: str | None = None
        self.boot_ms: int | None = None
        self._thread = threading.Thread(target=self._keep, name=f"zygote-{kind}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def ready(self) -> bool:
        return self._ready

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def wait_for_layers(self, seconds: float) -> Layers | None:
        with self._changed:
            self._changed.wait_for(lambda: self.layers is not None or self._closed, seconds)
            return self.layers

    def wait_until_ready(self, seconds: float) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._closed, seconds)
            return self._ready

    def next_child(self) -> Handle:
        """A jailed child that waits for work. Raises ZygoteGone."""
        with self._asking:
            control = self._control
            if control is None or not self._ready:
                raise ZygoteGone(self.kind)
            try:
                control.send(NEXT)
                data, descriptors, _, _ = socket.recv_fds(control, 64, 3)
            except OSError as error:
                self._give_up_on(control)
                raise ZygoteGone(str(error)) from error
            if not data or len(descriptors) != 3:
                raise ZygoteGone(self.kind)
        ours, pidfd, end = descriptors
        child = socket.socket(socket.AF_UNIX, MESSAGES, 0, fileno=ours)
        return Handle(int(data), child, pidfd, end)

    def _give_up_on(self, control: socket.socket) -> None:
        """An answer that came too late would be taken for the next one: start afresh."""
        self._ready = False
        if self._process and self._control is control:
            self._process.kill()

    def close(self) -> None:
        """End the zygote, and with it every child; returns when it is gone."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        os.write(self._wake, b"x")
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._wake)
        os.close(self._wake_read)

    def _keep(self) -> None:
        pause = 0.05
        while not self._closed:
            started = time.monotonic()
            try:
                process, control = self._start_one()
            except OSError as error:  # no more processes, or no interpreter: perhaps later
                self.failure = f"it could not be started: {error}"
            else:
                self._listen(process, control)
                self._end_one(process, control)
            if self._closed or self._refused():
                return
            log.warning("the %s zygote ended (%s); starting another", self.kind, self.failure)
            pause = 0.05 if time.monotonic() - started > MOST_WAIT else min(pause * 2, MOST_WAIT)
            select.select([self._wake_read], [], [], pause)

    def _refused(self) -> bool:
        """Without its layers it would refuse again: nothing to try until the machine changes."""
        if self.layers is None or self._settings["allow_degraded"]:
            return False
        return refusal(self.layers) is not None

    def _start_one(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, MESSAGES)
        settings = {**self._settings, "control": theirs.fileno(), "parent": os.getpid()}
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", str(ENTRY), json.dumps(settings)],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
            undo.pop_all()
        ours.settimeout(ANSWER_SECONDS)
        self._process, self._control = process, ours
        return process, ours

    def _listen(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        """What the zygote says until it is ready; afterwards only whether it lives."""
        pidfd = os.pidfd_open(process.pid)
        try:
            poll = select.poll()
            for descriptor in (control.fileno(), self._wake_read, pidfd):
                poll.register(descriptor, select.POLLIN)
            while not self._closed:
                ready = [descriptor for descriptor, _ in poll.poll()]
                if control.fileno() in ready:
                    if not self._hear(control):
                        return
                    if self._ready:
                        # From here on the answers belong to next_child().
                        poll.unregister(control.fileno())
                elif pidfd in ready:
                    return
        finally:
            os.close(pidfd)

    def _hear(self, control: socket.socket) -> bool:
        try:
            data = control.recv(1 << 16)
        except OSError:
            return False
        if not data:
            return False
        said = json.loads(data)
        with self._changed:
            if said["event"] == "layers":
                self.layers = said["layers"]
            elif said["event"] == "refused":
                self.failure = said["message"]
                log.error("the %s zygote refuses to serve: %s", self.kind, self.failure)
            elif said["event"] == "ready":
                self._ready, self.failure = True, None
                self.boot_ms = said["boot_ms"]
            self._changed.notify_all()
        return True

    def _end_one(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        with self._changed:
            self._ready = False
        with contextlib.suppress(OSError):
            control.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for an answer
        with self._asking:
            control.close()
            self._control = None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
