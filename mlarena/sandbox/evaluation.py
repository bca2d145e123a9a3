"""The trusted side of one evaluation: hand over the request, watch, and end it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlarena.sandbox import frames
from mlarena.sandbox.following import Stop
from mlarena.sandbox.limits import Limits
from mlarena.sandbox.printed import Printed

READ = 1 << 16
FLOOD = 64  # times the output that is kept
GRACE = 0.5  # seconds to close the pipe behind an answer
NOT_JAILED = 70


class NotHandedOver(Exception):
    """The child is gone and has seen nothing: another may have the request."""


@dataclass
class Handle:
    """A waiting child as the zygote handed it over: its socket, its pidfd, its end pipe."""

    pid: int
    socket: socket.socket
    pidfd: int
    end: int

    def close(self) -> None:
        self.socket.close()
        os.close(self.pidfd)
        os.close(self.end)


@dataclass
class Raw:
    """What was seen, before anybody believes it."""

    status: str = ""
    note: dict[str, Any] = field(default_factory=dict)
    final: tuple[bytes, bytes] | None = None
    seen: bytes | None = None  # answers for the sample rows
    behind: bytes | None = None  # probabilities behind the labels: nothing hangs on them
    output: str = ""
    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    max_rss: int = 0
    sealed: bool = False  # hidden inputs were delivered: nothing printed since is shown


def read_only(data: bytes) -> int:
    """A descriptor of a memory file with `data` that cannot be written through."""
    writable = memory_file()
    try:
        fill(writable, data)
        return reopened(writable)
    finally:
        os.close(writable)


def memory_file() -> int:
    return os.memfd_create("input", os.MFD_CLOEXEC)


def fill(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def reopened(descriptor: int) -> int:
    """The same memory file, read only."""
    return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)


class Evaluation:
    """One request on one child. `hidden` is delivered when the sample phase is over.

    While it goes on, `told` hears what is printed (never of a hidden run), `part` gets each frame
    that comes before the last (it raises BadFrame for one that is not welcome), and `stop` ends it.
    """

    def __init__(
        self,
        handle: Handle,
        limits: Limits,
        hidden: bytes | None = None,
        told: Callable[[str], None] | None = None,
        part: Callable[[bytes], None] | None = None,
        stop: Stop | None = None,
    ) -> None:
        self._handle, self._limits, self._hidden = handle, limits, hidden
        self._part, self._stop = part, stop
        self._raw = Raw()
        self._reader = frames.Reader(limits.result_bytes)
        self._printed = Printed(limits.output_bytes, told)
        self._flood = 0
        self._killed = ""
        self._answered = False
        self._ended: dict[str, Any] | None = None  # the zygote's report; empty if it died

    def run(self, request: dict[str, Any], inputs: list[int]) -> Raw:
        """Send `request` with `inputs` (descriptors the caller keeps), see it through.

        Raises NotHandedOver when the child was dead before it got the request.
        """
        started = time.monotonic()
        cpu_before = processor_ms(self._handle.pid)
        result, result_write = os.pipe()
        output, output_write = os.pipe()
        go_read, go = os.pipe()
        late = memory_file() if self._hidden is not None else None
        late_read = [reopened(late)] if late is not None else []
        step_back(self._handle.pid, self._limits.nice)
        try:
            message = json.dumps(
                {
                    **request,
                    "memory_mb": self._limits.memory_mb,
                    "cpu_seconds": self._limits.cpu(),
                }
            ).encode()
            given = [result_write, output_write, go_read, *inputs, *late_read]
            try:
                socket.send_fds(self._handle.socket, [message], given)
            except (BrokenPipeError, ConnectionResetError) as error:
                raise NotHandedOver from error
            finally:
                for descriptor in (result_write, output_write, go_read, *late_read):
                    os.close(descriptor)
                self._handle.socket.close()  # nothing more can be sent, so nothing more received
            self._result, self._output, self._go, self._late = result, output, go, late
            self._watch(started + self._limits.wall_seconds)
        except BaseException:  # ours: nobody watches the child any more
            self._end()
            raise
        finally:
            for descriptor in (result, output, go, *([late] if late is not None else [])):
                os.close(descriptor)
        self._raw.wall_ms = (time.monotonic() - started) * 1e3
        self._raw.cpu_ms = max(0.0, self._raw.cpu_ms - cpu_before)
        return self._raw

    def _watch(self, deadline: float) -> None:
        """Until there is a whole answer, or an end, or a reason to end it."""
        poll = select.poll()
        for descriptor in (self._result, self._output, self._handle.end):
            os.set_blocking(descriptor, False)
            poll.register(descriptor, select.POLLIN)
        if self._stop is not None:
            poll.register(self._stop, select.POLLIN)
        while not (self._killed or self._answered or self._ended is not None):
            if self._raw.final:
                deadline = min(deadline, time.monotonic() + GRACE)
            left = deadline - time.monotonic()
            if left <= 0:
                self._answered = self._whole_answer()
                if not self._answered:
                    self._kill("timeout")
                break
            for descriptor, _ in poll.poll(left * 1e3 + 1):
                if not self._look_at(descriptor):
                    poll.unregister(descriptor)
        self._drain()
        self._measure()
        self._raw.output = self._printed.end()
        self._raw.status = self._status()

    def _look_at(self, descriptor: int) -> bool:
        """Take what there is to read; False at the end of a pipe."""
        if self._stop is not None and descriptor == self._stop.fileno():
            self._kill("cancelled")
            return False
        data = _read(descriptor)
        if descriptor == self._handle.end:
            self._ended = json.loads(data) if data else {}
        elif descriptor == self._output and data:
            self._take_output(data)
        elif descriptor == self._result and data:
            self._take_result(data)
        elif descriptor == self._result and data is not None:
            # An honest child closes the pipe behind its answer and waits to be ended: its
            # teardown, several milliseconds, need not be waited for.
            self._answered = self._whole_answer()
        return data is None or bool(data)

    def _whole_answer(self) -> bool:
        return self._raw.final is not None and not self._reader.pending()

    def _drain(self) -> None:
        """What is still in the pipes of a child that has ended or has answered."""
        for descriptor, take in (
            (self._result, self._take_result),
            (self._output, self._take_output),
        ):
            while not self._killed and (data := _read(descriptor)):
                take(data)

    def _measure(self) -> None:
        """Processor time and memory, from outside, and then the end of the child."""
        if not self._ended:
            processor, memory = processor_ms(self._handle.pid), _most_memory(self._handle.pid)
            self._raw.cpu_ms, self._raw.max_rss = processor, memory
            # It may have ended meanwhile, and its number may be somebody else's by now.
            self._look_at(self._handle.end)
            self._end()
        if self._ended:
            self._raw.cpu_ms, self._raw.max_rss = self._ended["cpu_ms"], self._ended["max_rss"]

    def _take_result(self, data: bytes) -> None:
        if self._killed:
            return
        try:
            for tag, payload in self._reader.feed(data):
                self._take_frame(tag, payload)
        except frames.BadFrame:
            self._kill("bad_frame")
        if self._reader.too_big:
            self._kill("result_too_big")

    def _take_frame(self, tag: bytes, payload: bytes) -> None:
        if self._raw.final:
            self._take_behind(tag, payload)
        elif tag == b"SEEN":
            if self._raw.sealed or self._raw.seen is not None or self._hidden is None:
                raise frames.BadFrame("sample answers out of turn")
            self._raw.seen = payload
        elif tag == b"FOLD":
            if self._part is None:
                raise frames.BadFrame("a part where none was asked for")
            self._part(payload)
        elif tag != b"NOTE":
            self._raw.final = (tag, payload)
        elif self._raw.sealed or self._late is None or self._hidden is None:
            raise frames.BadFrame("a note out of turn")
        else:
            note = frames.read_json(payload)
            if not isinstance(note, dict):
                raise frames.BadFrame("a note that is no object")
            self._raw.note = note
            self._deliver(self._late, self._hidden)

    def _take_behind(self, tag: bytes, payload: bytes) -> None:
        """What may come behind the last frame: probabilities behind the predictions, once."""
        if tag != b"PROB" or not self._predicted() or self._raw.behind is not None:
            raise frames.BadFrame("a frame after the last")
        self._raw.behind = payload

    def _predicted(self) -> bool:
        return self._raw.final is not None and self._raw.final[0] == b"PRED"

    def _deliver(self, late: int, hidden: bytes) -> None:
        """First all that was printed so far, then the hidden inputs: no print can show them."""
        while not self._killed and (data := _read(self._output)):
            self._take_output(data)
        self._raw.sealed = True
        fill(late, hidden)
        try:
            os.write(self._go, b"g")
        except BrokenPipeError:
            return  # it ended meanwhile; its end is told elsewhere

    def _take_output(self, data: bytes) -> None:
        self._flood += len(data)
        if not self._raw.sealed:
            self._printed.take(data)
        if self._flood > FLOOD * self._limits.output_bytes:
            self._kill("output_flood")

    def _kill(self, why: str) -> None:
        self._killed = self._killed or why

    def _end(self) -> None:
        with suppress(ProcessLookupError):  # already dead
            signal.pidfd_send_signal(self._handle.pidfd, signal.SIGKILL)

    def _status(self) -> str:
        if self._killed:
            return self._killed
        if self._answered or (self._predicted() and not self._reader.pending()):
            return "ok"  # whatever came of what it was asked besides
        if not self._ended or self._ended["exit"] == NOT_JAILED:
            return "zygote_died"
        code = self._ended["exit"]
        if code == -signal.SIGSYS:
            return "violation"
        out_of_time = self._ended["cpu_ms"] >= self._limits.cpu() * 1e3
        if code == -signal.SIGXCPU or (code == -signal.SIGKILL and out_of_time):
            return "cpu_limit"
        if code == -signal.SIGKILL:
            return "zygote_died"  # by the machine, out of memory (see oom_score_adj), or by hand
        if code != 0:
            return "crashed"
        if self._reader.pending():
            return "bad_frame"
        return "ok" if self._raw.final else "no_result"


def step_back(pid: int, nice: int) -> None:
    """Let every other process go before `pid`, a child without work yet: its threads inherit it.

    Where the kernel weighs sessions against each other (sched_autogroup_enabled), the child's own
    session has to step back too; that is root's to say.
    """
    if nice:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, nice)
        with suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(nice))


def _read(descriptor: int) -> bytes | None:
    """Bytes that are there; empty at the end; None when there is nothing yet."""
    try:
        return os.read(descriptor, READ)
    except BlockingIOError:
        return None


def processor_ms(pid: int) -> float:
    """Processor time of another process, by its clock (linux/posix-timers: ~pid << 3 | 2)."""
    try:
        return time.clock_gettime((~pid << 3) | 2) * 1e3
    except OSError:
        return 0.0


def _most_memory(pid: int) -> int:
    """The largest resident size a living process had, in bytes; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peaks[0]) * 1024 if peaks else 0
