"""The trusted side of a run that answers piece by piece: SQL, case after case.

As in an evaluation, the child gets one request, everything it says is the word of an enemy, and it
is ended by pidfd. Here each piece has a deadline of its own, and the child may be told to go on.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections import deque
from types import TracebackType
from typing import Any

from mlarena.sandbox import frames
from mlarena.sandbox.evaluation import NOT_JAILED, READ, Handle, NotHandedOver, processor_ms
from mlarena.sandbox.limits import Limits

GRACE = 0.5  # seconds for the zygote to report an end


class Ended(Exception):
    """There will be no further piece. `status` says why, in the words of Outcome.status.

    "ok" when the child closed its pipe after whole pieces: it has said all it had to say.
    """

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Conversation:
    """One request on one child. To be closed, which ends the child.

    Raises NotHandedOver when the child was dead before it got the request.
    """

    def __init__(
        self, handle: Handle, limits: Limits, request: dict[str, Any], inputs: list[int]
    ) -> None:
        self._handle, self._limits = handle, limits
        self._reader = frames.Reader(limits.result_bytes)
        self._pieces: deque[tuple[bytes, bytes]] = deque()
        self._result, result_write = os.pipe()
        go_read, self._go = os.pipe()
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        about = {"memory_mb": limits.memory_mb, "cpu_seconds": limits.cpu()}
        try:
            message = json.dumps({**request, **about}).encode()
            socket.send_fds(handle.socket, [message], [result_write, null, go_read, *inputs])
        except OSError as error:
            os.close(self._result)
            os.close(self._go)
            if isinstance(error, BrokenPipeError | ConnectionResetError):
                raise NotHandedOver from error
            raise
        finally:
            for descriptor in (result_write, null, go_read):
                os.close(descriptor)
            handle.socket.close()  # nothing more can be sent, so nothing more received
        os.set_blocking(self._result, False)
        self._poll = select.poll()
        self._poll.register(self._result, select.POLLIN)

    def next(self, seconds: float) -> tuple[bytes, bytes]:
        """Tag and payload of the next piece, waiting `seconds` at most. Raises Ended."""
        deadline = time.monotonic() + seconds
        while not self._pieces:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Ended("timeout")
            if not self._poll.poll(left * 1e3 + 1):
                continue
            data = os.read(self._result, READ)
            if not data:
                raise Ended(self._end_status())
            try:
                self._pieces += self._reader.feed(data)
            except frames.BadFrame:
                raise Ended("bad_frame") from None
            if self._reader.too_big and not self._pieces:
                raise Ended("result_too_big")
        return self._pieces.popleft()

    def go(self) -> None:
        """Tell a child that waits to go on."""
        with contextlib.suppress(BrokenPipeError):  # it has ended: next() will tell
            os.write(self._go, b"g")

    def cpu_ms(self) -> float:
        """Processor time of the child so far, by its clock, which it cannot touch."""
        return processor_ms(self._handle.pid)

    def stay_on(self, core: int) -> None:
        """Have it run on that core alone, where we may say so."""
        with contextlib.suppress(OSError):
            os.sched_setaffinity(self._handle.pid, {core})

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle.pidfd, signal.SIGKILL)
        os.close(self._result)
        os.close(self._go)
        self._handle.close()

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _end_status(self) -> str:
        """Why the pipe was closed. An honest child closes it and waits to be ended."""
        poll = select.poll()
        poll.register(self._handle.end, select.POLLIN)
        # After whole pieces it is an honest end, unless that of the process is told right behind it.
        grace = GRACE if self._reader.pending() else 0.02
        if not poll.poll(grace * 1e3):
            return "bad_frame" if self._reader.pending() else "ok"
        told = os.read(self._handle.end, READ)
        return self._status_of(json.loads(told)) if told else "zygote_died"

    def _status_of(self, end: dict[str, Any]) -> str:
        code = end["exit"]
        if code == NOT_JAILED:
            return "zygote_died"
        if code == -signal.SIGSYS:
            return "violation"
        out_of_time = end["cpu_ms"] >= self._limits.cpu() * 1e3
        if code == -signal.SIGXCPU or (code == -signal.SIGKILL and out_of_time):
            return "cpu_limit"
        if code == -signal.SIGKILL:
            return "zygote_died"
        return "no_result" if code == 0 else "crashed"
