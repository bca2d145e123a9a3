"""What the SQL engines of the jail have in common: cases one after the other, answers as frames.

A request names what to `do`; input 0 is the text, input 1 the images of the cases, one behind the
other. For every case there is one JSON frame, sent as soon as it is known.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from mlarena.sandbox import kernel
from mlarena.sandbox.inside.channel import Channel

LONGEST_ERROR = 2000
BATCH = 500


class Ended(Exception):
    """A statement that gave no result: why, by a name, and in the engine's words."""

    def __init__(self, category: str, message: str = "") -> None:
        super().__init__(message)
        self.category, self.message = category, message[:LONGEST_ERROR]


class Answer(Protocol):
    """A statement under way: its columns, and its rows as cells in batches."""

    columns: list[str]

    def batches(self) -> Iterator[list[list[Any]]]: ...


class Database(Protocol):
    """One case, opened for reading."""

    def ask(self, query: str, milliseconds: float) -> AbstractContextManager[Answer]:
        """Run one reading statement, to be interrupted after `milliseconds`. Raises Ended."""
        ...

    def plan(self, query: str) -> list[Any]:
        """The engine's plan, without running the statement. Raises Ended."""
        ...

    def steps(self) -> int:
        """What the last statement cost in the engine's own count, if it has one."""
        ...


class Engine(Protocol):
    """An engine: opens images, and makes them of scripts."""

    def open(self, image: bytes) -> Database: ...

    def build(self, scripts: list[str], reverse: bool) -> tuple[bytes, dict[str, Any]]:
        """An image of a fresh database after `scripts`, and what is in it. Raises Ended.

        `reverse`: afterwards the rows of each table are put in again in the opposite order.
        """
        ...


@dataclass(frozen=True)
class Bounds:
    """How much of a result is sent: whichever is reached first cuts it."""

    rows: int
    size: int


def serve(engine: Engine, request: dict[str, Any], channel: Channel) -> None:
    """Do what `request` says, to the end of this process."""
    {"build": _build, "query": _query, "race": _race, "plan": _plan}[request["do"]](
        engine, request, channel
    )
    channel.close()


def _build(engine: Engine, request: dict[str, Any], channel: Channel) -> None:
    scripts = json.loads(channel.read(0))
    try:
        image, about = engine.build(scripts, request.get("reverse", False))
    except MemoryError:
        _tell(channel, error="memory", message="")
        return
    except Ended as ended:
        _tell(channel, error=ended.category, message=ended.message)
        return
    _tell(channel, about=about)
    channel.tell(b"BLOB", image)


def _query(engine: Engine, request: dict[str, Any], channel: Channel) -> None:
    query = channel.read(0).decode()
    bounds = Bounds(request["most_rows"], request["most_bytes"])
    for offset, length in request["cases"]:
        try:
            database = engine.open(channel.read(1, offset, length))
            _tell(channel, **_result(database, query, request["milliseconds"], bounds))
            del database
        except MemoryError:
            _tell(channel, error="memory", message="")
        except Ended as ended:
            _tell(channel, error=ended.category, message=ended.message)


def _result(database: Database, query: str, milliseconds: float, bounds: Bounds) -> dict[str, Any]:
    started = time.perf_counter()
    rows: list[list[Any]] = []
    size = 0
    with database.ask(query, milliseconds) as answer:
        for batch in answer.batches():
            size += sum(map(_size, batch))
            rows += batch
            if len(rows) > bounds.rows or size > bounds.size:
                break
    took = (time.perf_counter() - started) * 1e3
    more = len(rows) > bounds.rows or size > bounds.size
    if size > bounds.size:
        rows = []  # not to be shown in part either: a single cell may be what is too big
    return {
        "columns": answer.columns,
        "rows": rows[: bounds.rows],
        "more": more,
        "ms": took,
        "steps": database.steps(),
    }


def _size(row: list[Any]) -> int:
    """About what a row takes on the pipe."""
    return sum(
        len(cell) if isinstance(cell, str) else 24 if not isinstance(cell, list) else _tagged(cell)
        for cell in row
    )


def _tagged(cell: list[Any]) -> int:
    value = cell[1]
    return len(value) + 8 if isinstance(value, str) else 8 + len(repr(value))


def _race(engine: Engine, request: dict[str, Any], channel: Channel) -> None:
    """Run the same statement again at each word from outside, which measures it."""
    query = channel.read(0).decode()
    ((offset, length),) = request["cases"]
    database = engine.open(channel.read(1, offset, length))
    try:
        while True:
            rows, took = _run_through(database, query, request["milliseconds"])
            _tell(channel, rows=rows, ms=took, steps=database.steps())
            channel.wait()
            kernel.give_back_freed_memory()  # or the next run finds its memory in other pieces
    except MemoryError:
        _tell(channel, error="memory", message="")
    except Ended as ended:
        _tell(channel, error=ended.category, message=ended.message)


def _run_through(database: Database, query: str, milliseconds: float) -> tuple[int, float]:
    """Every row is fetched, none is kept."""
    started = time.perf_counter()
    with database.ask(query, milliseconds) as answer:
        rows = sum(map(len, answer.batches()))
    return rows, (time.perf_counter() - started) * 1e3


def _plan(engine: Engine, request: dict[str, Any], channel: Channel) -> None:
    query = channel.read(0).decode()
    ((offset, length),) = request["cases"]
    try:
        _tell(channel, plan=engine.open(channel.read(1, offset, length)).plan(query))
    except Ended as ended:
        _tell(channel, error=ended.category, message=ended.message)


def _tell(channel: Channel, **message: Any) -> None:
    text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    channel.tell(b"JSON", text.encode(errors="replace"))


def interrupting(milliseconds: float, interrupt: Callable[[], None]) -> Any:
    """A timer, not started, that calls `interrupt` (for engines without a progress handler)."""
    import threading

    timer = threading.Timer(milliseconds / 1e3, interrupt)
    timer.daemon = True
    return timer
