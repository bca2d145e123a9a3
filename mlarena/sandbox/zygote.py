"""The clean process that jailed children are forked from: one per kind of work.

Started by exec (see entry.py) with an empty environment and one socket to its
supervisor. It imports and warms all that a child may need, because a child can open no file;
gives up root; and then keeps a few children waiting, already jailed. On the supervisor's word it
hands over one child's socket, its pidfd and a pipe on which the child's end will be told.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlarena.sandbox import child, kernel, landlock, limits, privileges, probing, seccomp

NEXT = b"next"
AHEAD = 2


@dataclass
class Waiting:
    """A jailed child without work: the supervisor's ends of its socket and its end pipe."""

    pid: int
    socket: int
    end: int


@dataclass
class Zygote:
    """The fork loop, after everything is imported, warm and unprivileged."""

    control: socket.socket
    plan: child.Plan
    waiting: list[Waiting] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)

    def serve(self) -> None:
        """Hand over children until the supervisor goes away."""
        wake = _wake_on_child_end()
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(wake, select.POLLIN)
        self._fill()
        while True:
            for ready, _ in poll.poll():
                if ready == wake:
                    _drain(wake)
                    self._reap()
                    self._fill()
                elif not self._answer():
                    return

    def _answer(self) -> bool:
        """One word of the supervisor; False when it is gone."""
        if self.control.recv(64) != NEXT:
            return False
        if not self.waiting:
            self._fork()
        ready = self.waiting.pop(0)
        pidfd = os.pidfd_open(ready.pid)
        handed = [ready.socket, pidfd, ready.end]
        socket.send_fds(self.control, [str(ready.pid).encode()], handed)
        for descriptor in handed:
            os.close(descriptor)
        if not self.waiting:
            # Otherwise the next fork waits until a child ends: the core is better used by work.
            self._fork()
        return True

    def _fill(self) -> None:
        while len(self.waiting) < AHEAD:
            self._fork()

    def _fork(self) -> None:
        ours, theirs = (end.detach() for end in socket.socketpair(socket.AF_UNIX, child.MESSAGES))
        end_read, end_write = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            child.live(theirs, parent, self.plan)
        os.close(theirs)
        self.ends[pid] = end_write
        self.waiting.append(Waiting(pid, ours, end_read))

    def _reap(self) -> None:
        while self.ends:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            self._forget_waiting(pid)
            _tell_end(self.ends.pop(pid), status, used)

    def _forget_waiting(self, pid: int) -> None:
        """A child that died before it had work is not handed to anybody."""
        for dead in [one for one in self.waiting if one.pid == pid]:
            self.waiting.remove(dead)
            os.close(dead.socket)
            os.close(dead.end)
            time.sleep(0.05)  # should every child die at birth, do not spin


def _tell_end(pipe: int, status: int, used: resource.struct_rusage) -> None:
    report = {
        "exit": os.waitstatus_to_exitcode(status),
        "cpu_ms": (used.ru_utime + used.ru_stime) * 1e3,
        "max_rss": used.ru_maxrss * 1024,
    }
    try:
        os.write(pipe, json.dumps(report).encode())
    except BrokenPipeError:
        return  # the supervisor did not wait for the end
    finally:
        os.close(pipe)


def _wake_on_child_end() -> int:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return read


def _drain(wake: int) -> None:
    try:
        os.read(wake, 4096)
    except BlockingIOError:
        return


def boot(settings: dict[str, Any]) -> Zygote | None:
    """Everything before the first fork. None when untrusted work must be refused."""
    started = time.perf_counter()
    kernel.die_with_parent(settings["parent"])
    control = socket.socket(fileno=settings["control"])
    found = probing.layers_here()
    _say(control, event="layers", layers=found)
    if probing.refusal(found) and not settings["allow_degraded"]:
        return None
    wanted = [name for name in settings["layers"] if found.get(name) is not False]
    in_force = frozenset(name for name in wanted if not isinstance(found[name], str))
    gc.disable()  # imports make nothing but lasting objects; looking through them is a tenth
    kind = child.load_kind(settings["kind"])
    kind.prepare()
    null = os.open(os.devnull, os.O_RDWR)
    privileges.prefer_for_out_of_memory()
    if "uid" in in_force:
        privileges.drop()
        kernel.die_with_parent(settings["parent"])
    threads = sum(1 for _ in Path("/proc/self/task").iterdir())
    if threads != 1:
        _say(control, event="refused", message=f"{threads} threads after imports, not 1")
        return None
    plan = child.Plan(
        kind=kind,
        layers=in_force,
        null=null,
        ruleset=landlock.nothing_allowed() if "landlock" in in_force else None,
        waiting_filter=seccomp.waiting_filter() if "seccomp" in in_force else b"",
        working_filter=seccomp.working_filter() if "seccomp" in in_force else b"",
        base=limits.address_space(),
    )
    gc.collect()
    gc.freeze()
    gc.enable()
    _say(control, event="ready", boot_ms=round((time.perf_counter() - started) * 1e3))
    return Zygote(control, plan)


def _say(control: socket.socket, **message: Any) -> None:
    control.send(json.dumps(message).encode())


def begin(settings: dict[str, Any]) -> None:
    """Boot with `settings` (JSON of the supervisor) and serve until the supervisor goes away."""
    zygote = boot(settings)
    if zygote:
        zygote.serve()
