"""Kind `duckdb`. An image is a DuckDB file, opened from memory through a filesystem of our own.

A database instance takes some 20 ms to start, so those of the first cases are started here, before
any child; every case gets one of its own, closed to the outside as soon as its image is attached.
"""

from __future__ import annotations

import datetime
import io
import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import duckdb
from fsspec import AbstractFileSystem

from mlarena.sandbox.inside import duck_about, query
from mlarena.sandbox.inside.channel import Channel
from mlarena.sandbox.inside.query import BATCH, Ended, interrupting

STARTED_AHEAD = 10
CATALOG = "arena"  # what the attached image is called in messages and qualified names
BLOCK = 16_384  # the smallest DuckDB has: an image of a few rows takes 60 KB instead of 800
SETTINGS: dict[str, Any] = {
    "threads": 1,
    "async_threads": 0,  # no thread but this one: it is to be forked
    "memory_limit": "256MB",
    "temp_directory": "",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "python_enable_replacements": "false",
    "default_block_size": str(BLOCK),
}
LOCKS = ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true")


class Images(AbstractFileSystem):
    """The filesystem that an instance sees: one file, in memory, and its write-ahead log."""

    protocol = "image"
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, io.BytesIO] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix("image://")

    def exists(self, path: str, **_: Any) -> bool:
        return self._strip_protocol(path) in self.files

    isfile = exists

    def size(self, path: str) -> int:
        return len(self.files[self._strip_protocol(path)].getbuffer())

    def open(self, path: str, mode: str = "rb", **_: Any) -> io.BytesIO:
        name = self._strip_protocol(path)
        if mode.startswith("w") or (name not in self.files and "+" in mode):
            self.files[name] = _Kept()
        if name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name]

    def rm(self, path: str, *_: Any, **__: Any) -> None:
        self.files.pop(self._strip_protocol(path), None)

    rm_file = rm


class _Kept(io.BytesIO):
    """A file whose content outlives its closing."""

    def close(self) -> None:
        return


_numbers = itertools.count()


class Instance:
    """A database instance with nothing in it yet."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:", config=SETTINGS)
        self._images = Images()
        self.connection.register_filesystem(self._images)
        # No two instances of a process may open a file of the same name.
        self._name = f"/{next(_numbers)}.db"

    @property
    def image(self) -> bytes:
        return self._images.files[self._name].getvalue()

    def attach(self, image: bytes | None) -> duckdb.DuckDBPyConnection:
        """Open `image` (None: a new one, to be written), then close every way to the outside."""
        how = f"READ_WRITE, BLOCK_SIZE {BLOCK}"
        if image is not None:
            self._images.files[self._name] = _Kept(image)
            how = "READ_ONLY"
        self.connection.execute(f"ATTACH 'image://{self._name}' AS {CATALOG} ({how})")
        self.connection.execute(f"USE {CATALOG}")
        for lock in LOCKS:
            self.connection.execute(f"SET {lock}")
        return self.connection


class Answer:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.columns = [column[0] for column in connection.description or ()]

    def batches(self) -> Iterator[list[list[Any]]]:
        while rows := self._connection.fetchmany(BATCH):
            yield [[cell(value) for value in row] for row in rows]


def cell(value: Any) -> Any:
    """A value as mlarena.scoring.cells has it."""
    kind = type(value)
    if value is None or kind in (str, int, bool):
        return value
    if kind is float:
        return value if math.isfinite(value) else ["f", repr(value)]
    if kind is Decimal:
        return ["n", str(value)]
    if kind is datetime.datetime:
        return ["ts", _timestamp(value)]
    if kind is datetime.date:
        return ["d", value.isoformat()]
    if kind is datetime.time:
        return ["t", value.replace(tzinfo=None).isoformat()]
    if kind is datetime.timedelta:
        return ["i", [0, value.days, value.seconds * 1_000_000 + value.microseconds]]
    if kind in (bytes, bytearray, memoryview):
        return ["b", bytes(value).hex()]
    if kind in (list, tuple):
        return ["l", [cell(item) for item in value]]
    if kind is dict:
        return ["o", [[cell(key), cell(item)] for key, item in value.items()]]
    return str(value)


def _timestamp(value: datetime.datetime) -> str:
    if value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return value.isoformat(" ")


class Case:
    """A case opened for reading: one SELECT, and nothing outside of the image."""

    def __init__(self, image: bytes) -> None:
        self._connection = _instance().attach(image)
        self._over = False

    @contextmanager
    def ask(self, text: str, milliseconds: float) -> Iterator[Answer]:
        self._over = False
        timer = interrupting(milliseconds, self._interrupt)
        timer.start()
        try:
            self._connection.execute(_single(self._connection, text))
            yield Answer(self._connection)
        except duckdb.Error as error:
            raise Ended("timeout") if self._over else ended(error) from None
        except (OverflowError, ValueError) as error:
            raise Ended("error", f"A value of the result cannot be shown: {error}") from None
        finally:
            timer.cancel()
            timer.join()  # a process with a second thread may not fork
            self._connection.execute("SELECT 1")  # lets go of the result

    def _interrupt(self) -> None:
        self._over = True
        self._connection.interrupt()

    def steps(self) -> int:
        return 0

    def plan(self, text: str) -> list[Any]:
        """What EXPLAIN gives, in its own form of JSON, as text."""
        try:
            _single(self._connection, text)
            rows = self._connection.execute(f"EXPLAIN (FORMAT json) {text}").fetchall()
        except duckdb.Error as error:
            raise ended(error) from None
        return [plan for _, plan in rows]


def _single(connection: duckdb.DuckDBPyConnection, text: str) -> duckdb.Statement:
    """The one reading statement in `text`, as DuckDB itself parses it."""
    found = connection.extract_statements(text)
    if len(found) != 1:
        raise Ended("refused", "Only one statement is allowed." if found else "It is empty.")
    if found[0].type != duckdb.StatementType.SELECT:
        raise Ended("refused", f"A query may only read; this is {found[0].type.name}.")
    return found[0]


def ended(error: duckdb.Error) -> Ended:
    """Why DuckDB stopped, by name."""
    words = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return Ended("memory")
    if isinstance(error, duckdb.PermissionException):
        return Ended("refused", f"A query may only read the tables of the challenge: {words}")
    return Ended("error", words)


_ahead: list[Instance] = []
_used: list[Instance] = []


def _instance() -> Instance:
    """A fresh instance. It is kept to the child's end: taking one apart costs more than a query."""
    _used.append(_ahead.pop() if _ahead else Instance())
    return _used[-1]


class Engine:
    def open(self, image: bytes) -> Case:
        try:
            return Case(image)
        except duckdb.Error as error:
            raise ended(error) from None

    def build(self, scripts: list[str], reverse: bool) -> tuple[bytes, dict[str, Any]]:
        instance = _instance()
        connection = instance.attach(None)
        for place, script in enumerate(scripts):
            duck_about.run_script(connection, script, place)
        if reverse:
            duck_about.reverse(connection)
        found = duck_about.about(connection)
        connection.execute("USE memory")
        connection.execute(f"DETACH {CATALOG}")
        return instance.image, found


ENGINE = Engine()


def prepare() -> None:
    """Start instances, and use once what every run uses: nothing can be opened later."""
    image, _ = ENGINE.build(
        [
            "CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL, day DATE)",
            "INSERT INTO words VALUES (1, 'a', NULL), (2, 'b', DATE '2020-01-01')",
        ],
        reverse=False,
    )
    # pytz is loaded with the first timestamp that has a zone
    text = (
        "SELECT word, count(*), now(), 1.5 + 2, [1], {'a': 1} FROM words GROUP BY 1 ORDER BY 2, 1"
    )
    case = Case(image)
    with case.ask(text, 5000) as answer:
        list(answer.batches())
    with suppress(Ended):
        case.plan("SELECT nothing")
    _rehearsal.append(case)
    _ahead[:] = [Instance() for _ in range(STARTED_AHEAD)]
    for instance in _ahead:
        instance.connection.execute("SELECT 1")  # half of what a first statement does is done once


_rehearsal: list[Case] = []
REHEARSED = "SELECT w.word, count(*) FROM words w JOIN words v USING (id) GROUP BY 1 ORDER BY 2, 1"


def rehearse() -> None:
    """Touch the pages that every run touches, before anybody waits for them."""
    with _rehearsal[0].ask(REHEARSED, 1000) as answer:
        list(answer.batches())


def run(request: dict[str, Any], channel: Channel) -> None:
    query.serve(ENGINE, request, channel)
