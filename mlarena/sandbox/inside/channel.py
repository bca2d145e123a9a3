"""The child's end of the pipes: frames out, hidden inputs in when the sample phase is over."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

from mlarena.sandbox import frames, kernel

LONGEST_MESSAGE = 2000
LONGEST_DETAIL = 8000


class Failure(Exception):
    """Why there is no result: a category, a sentence for the learner and, perhaps, a traceback."""

    def __init__(self, category: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.category, self.message, self.detail = category, message, detail


class Channel:
    """Result pipe, "go" pipe and the read-only input descriptors of one evaluation."""

    def __init__(self, result: int, go: int, inputs: list[int]) -> None:
        self._result, self._go, self.inputs = result, go, inputs

    def read(self, index: int) -> bytes:
        """All of input `index`."""
        descriptor = self.inputs[index]
        # not fstat: newer C libraries make it by a call that could name a path, so it is refused
        size = os.lseek(descriptor, 0, os.SEEK_END)
        parts, offset = [], 0
        while offset < size:
            part = os.pread(descriptor, size - offset, offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end_sample_phase(self, note: dict[str, Any]) -> None:
        """Tell what the sample run found, and wait until the hidden inputs are there."""
        flush_output()
        self._send(b"NOTE", json.dumps(note).encode())
        if os.read(self._go, 1) != b"g":
            os._exit(0)

    def succeed(self, tag: bytes, payload: bytes) -> None:
        flush_output()
        self._send(tag, payload)
        self._finish()

    def fail(self, failure: Failure) -> None:
        flush_output()
        reason = {
            "category": failure.category,
            "message": failure.message[:LONGEST_MESSAGE],
            "detail": failure.detail[-LONGEST_DETAIL:],
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
