"""Kind `code`: Python source, run on JSON cases.

With cases the source defines `solve` and the result is the list of its answers; without, the
result is the value of its global `RESULT`.
"""

from __future__ import annotations

import importlib
import json
import linecache
import traceback
from typing import Any

from mlarena.sandbox.inside.channel import Channel, Failure

NAME = "<submission>"
LIBRARY = """
    abc array base64 bisect calendar cmath collections collections.abc contextlib copy csv
    ctypes dataclasses datetime decimal difflib enum fractions functools hashlib heapq io
    itertools json keyword linecache math mmap numbers operator os pickle queue random re
    resource secrets select signal socket statistics string struct subprocess sys textwrap
    threading time tokenize traceback types typing unicodedata uuid weakref zlib zoneinfo
""".split()  # noqa: SIM905


def prepare() -> None:
    """Import what a lesson's function may import: nothing can be imported later."""
    for name in LIBRARY:
        importlib.import_module(name)
    for codec in ("ascii", "latin-1", "utf-8", "utf-16", "cp1252", "idna", "unicode_escape"):
        "x".encode(codec)
    rehearse()


def rehearse() -> None:
    """Touch the pages that every run touches, before anybody waits for them."""
    namespace: dict[str, Any] = {}
    exec(compile("def solve(a):\n    return sorted([a, 1])", NAME, "exec"), namespace)  # noqa: S102
    json.dumps([namespace["solve"](2)])


def run(request: dict[str, Any], channel: Channel) -> None:
    """Execute the source of input 0 on the cases of input 1."""
    try:
        source = channel.read(0).decode()
        channel.succeed(b"JSON", _result(source, json.loads(channel.read(1))))
    except Failure as failure:
        channel.fail(failure)


def _result(source: str, cases: list[list[Any]] | None) -> bytes:
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    namespace: dict[str, Any] = {"__name__": NAME}
    try:
        exec(compile(source, NAME, "exec"), namespace)  # noqa: S102
        if cases is None:
            return json.dumps(namespace.get("RESULT"), allow_nan=False).encode()
        answers = [namespace["solve"](*case) for case in cases]
        return json.dumps(answers, allow_nan=False).encode()
    except MemoryError:
        raise Failure("memory", "") from None
    except Exception as error:
        raise Failure("code_failed", f"{type(error).__name__}: {error}", _trace(error)) from error


def _trace(error: Exception) -> str:
    """The traceback from the learner's own first line on."""
    trace = traceback.TracebackException.from_exception(error)
    own = [number for number, frame in enumerate(trace.stack) if frame.filename == NAME]
    trace.stack[:] = trace.stack[own[0] :] if own else []
    return "".join(trace.format())
