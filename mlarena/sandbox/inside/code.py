"""Kind `code`: Python source, run on JSON cases.

With cases the source defines a function (`solve`, or the one the request names) and the result is the list
of its answers; without, the result is the value of its global `RESULT`.
"""

from __future__ import annotations

import importlib
import json
import linecache
import traceback
from collections.abc import Callable
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
        source, cases = channel.read(0).decode(), json.loads(channel.read(1))
        namespace = _load(source)
        if cases is None:
            answer = namespace.get("RESULT")
        else:
            function = _function(namespace, request.get("function", "solve"))
            answer = [_answer(function, case) for case in cases]
        channel.succeed(b"JSON", _json(answer))
    except Failure as failure:
        channel.fail(failure)


def _load(source: str) -> dict[str, Any]:
    """The names that the source defines."""
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    namespace: dict[str, Any] = {"__name__": NAME}
    try:
        code = compile(source, NAME, "exec")
    except SyntaxError as error:
        where = f"Line {error.lineno}: " if error.lineno else ""
        told = "".join(traceback.format_exception_only(error))
        raise Failure("syntax_error", f"{where}{error.msg}", told) from None
    except MemoryError:
        raise Failure("memory", "") from None
    except Exception as error:  # a NUL, or brackets nested too deeply
        raise Failure("syntax_error", f"This is not Python: {error}") from None
    _obey(lambda: exec(code, namespace), "load_failed")  # noqa: S102
    return namespace


def _function(namespace: dict[str, Any], name: str) -> Callable[..., Any]:
    found = namespace.get(name)
    if not callable(found):
        what = "defines no function" if found is None else "has something else than a function in"
        raise Failure("no_function", f"Your code {what} `{name}`.")
    return found


def _answer(function: Callable[..., Any], case: list[Any]) -> Any:
    return _obey(lambda: function(*case), "code_failed")


def _obey(work: Callable[[], Any], category: str) -> Any:
    """Let the learner's code work; however it stops, say where and why."""
    try:
        return work()
    except MemoryError:
        raise Failure("memory", "") from None
    except SystemExit as error:
        message = "Your code calls exit(). Return the answer instead."
        raise Failure("exit_called", message, _trace(error)) from None
    except EOFError as error:
        message = (
            "Your code calls input(), and nobody is there to type. Use the function's arguments."
        )
        raise Failure("input_called", message, _trace(error)) from None
    except BaseException as error:
        line = _line(error)
        where = f"Line {line}: " if line else ""
        message = f"{where}{type(error).__name__}: {error}"
        raise Failure(category, message, _trace(error)) from None


def _json(answer: Any) -> bytes:
    try:
        return json.dumps(answer, allow_nan=False).encode()
    except MemoryError:
        raise Failure("memory", "") from None
    except RecursionError:
        raise Failure("not_json", "The answer is nested too deeply to be compared.") from None
    except (TypeError, ValueError) as error:
        raise Failure("not_json", _why_no_json(str(error))) from None


def _why_no_json(reason: str) -> str:
    if "Out of range float" in reason:
        return (
            "The answer is or holds NaN or infinity, which equals nothing and cannot be compared."
        )
    return (
        "The answer must be made of None, True, False, numbers, text, lists and dicts with text as keys. "
        f"Python says: {reason}."
    )


def _line(error: BaseException) -> int | None:
    """The learner's own line that was at work."""
    own = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == NAME]
    return own[-1] if own else None


def _trace(error: BaseException) -> str:
    """The traceback from the learner's own first line on."""
    trace = traceback.TracebackException.from_exception(error)
    own = [number for number, frame in enumerate(trace.stack) if frame.filename == NAME]
    trace.stack[:] = trace.stack[own[0] :] if own else []
    return "".join(trace.format())
