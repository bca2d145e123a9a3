"""The child's end of the pipes: frames out, hidden inputs in when the sample phase is over."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from mlarena.sandbox import frames, kernel

LONGEST_MESSAGE = 2000
LONGEST_DETAIL = 8000


class Failure(Exception):
    """Why there is no result: a category, a sentence for the learner and, perhaps, a traceback
    and the line of their code."""

    def __init__(
        self, category: str, message: str, detail: str = "", line: int | None = None
    ) -> None:
        super().__init__(message)
        self.category, self.message, self.detail, self.line = category, message, detail, line


class Channel:
    """Result pipe, "go" pipe and the read-only input descriptors of one evaluation."""

    def __init__(self, result: int, go: int, inputs: list[int]) -> None:
        self._result, self._go, self.inputs = result, go, inputs

    def read(self, index: int, start: int = 0, length: int | None = None) -> bytes:
        """Input `index`: all of it, or `length` bytes from `start`."""
        descriptor = self.inputs[index]
        if length is None:
            # not fstat: newer C libraries make it by a call that could name a path, so it is refused
            length = os.lseek(descriptor, 0, os.SEEK_END) - start
        parts, offset, end = [], start, start + length
        while offset < end:
            part = os.pread(descriptor, end - offset, offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end_sample_phase(self, note: dict[str, Any]) -> None:
        """Tell what the sample run found, and wait until the hidden inputs are there."""
        flush_output()
        self._send(b"NOTE", json.dumps(note).encode())
        self.wait()

    def wait(self) -> None:
        """Until the trusted side says go on; the end when it says nothing more."""
        if os.read(self._go, 1) != b"g":
            os._exit(0)

    def tell(self, tag: bytes, payload: bytes) -> None:
        """One part of the answer, ahead of the last frame."""
        flush_output()
        self._send(tag, payload)

    def close(self) -> None:
        """All parts are told."""
        self._finish()

    def succeed(
        self,
        tag: bytes,
        payload: bytes,
        behind: Callable[[], tuple[bytes, bytes] | None] | None = None,
    ) -> None:
        """The last frame, and what `behind` makes to follow it: should that fail, nothing does."""
        flush_output()
        self._send(tag, payload)
        with contextlib.suppress(Exception):
            more = behind() if behind else None
            if more:
                self._send(*more)
        self._finish()

    def fail(self, failure: Failure) -> None:
        flush_output()
        reason = {
            "category": failure.category,
            "message": failure.message[:LONGEST_MESSAGE],
            "detail": failure.detail[-LONGEST_DETAIL:],
            "line": failure.line,
        }
        self._send(b"FAIL", json.dumps(reason).encode())
        self._finish()

    def _finish(self) -> None:
        """Close the answer off and wait to be measured and ended from outside."""
        os.close(self._result)
        os.read(self._go, 1)
        os._exit(0)

    def _send(self, tag: bytes, payload: bytes) -> None:
        rest = memoryview(frames.frame(tag, payload))
        while rest:
            rest = rest[os.write(self._result, rest) :]


def flush_output() -> None:
    """Hand on what Python and C still hold of the learner's printing."""
    for stream in (sys.stdout, sys.stderr):
        # the learner may have closed or replaced the streams: their loss
        with contextlib.suppress(Exception):
            stream.flush()
    kernel.flush_c_streams()
