"""Kind `sql`: SQLite. An image is a database as sqlite3_serialize gives it."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any

from mlarena.sandbox import kernel
from mlarena.sandbox.inside import query, sqlite_about
from mlarena.sandbox.inside.channel import Channel
from mlarena.sandbox.inside.query import BATCH, Ended

RECURSIVE = 33  # SQLITE_RECURSIVE, which the sqlite3 module does not name
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, RECURSIVE}
# Functions that reach out of the database, where a build of SQLite has them.
DENIED = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "lsdir", "fsdir"}
NOT_IN_SCRIPTS = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}
LONGEST_VALUE = 16 << 20
OPCODES = 1000  # between two looks at the clock: costs nothing that can be measured
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 64 << 10,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 250_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
}


class Clock:
    """Interrupts a statement that runs out of time, and counts the steps it made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.ticks = 0
        self.over = False
        self._end = 0.0

    def start(self, milliseconds: float) -> None:
        self.ticks, self.over = 0, False
        self._end = time.perf_counter() + milliseconds / 1e3
        self._connection.set_progress_handler(self._tick, OPCODES)

    def stop(self) -> None:
        self._connection.set_progress_handler(None, 0)

    def _tick(self) -> bool:
        self.ticks += 1
        self.over = time.perf_counter() > self._end
        return self.over


class Answer:
    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self.columns = [column[0] for column in cursor.description]

    def batches(self) -> Iterator[list[list[Any]]]:
        while rows := self._cursor.fetchmany(BATCH):
            yield [[_cell(value) for value in row] for row in rows]


def _cell(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return ["f", repr(value)]
    if isinstance(value, bytes):
        return ["b", value.hex()]
    return value


class Case:
    """A case opened for reading: SQL that is not a SELECT is refused by the authorizer."""

    def __init__(self, image: bytes) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.deserialize(image)
        self._connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        for pragma in ("temp_store = 2", "query_only = 1", "trusted_schema = 0"):
            self._connection.execute(f"PRAGMA {pragma}")
        for limit, value in LIMITS.items():
            self._connection.setlimit(limit, value)
        self._connection.set_authorizer(_may_read)
        self._clock = Clock(self._connection)

    def __del__(self) -> None:
        self._connection.close()

    @contextmanager
    def ask(self, text: str, milliseconds: float) -> Iterator[Answer]:
        try:
            with self._running(text, milliseconds) as answer:
                yield answer
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._ended(error) from None

    @contextmanager
    def _running(self, text: str, milliseconds: float) -> Iterator[Answer]:
        self._clock.start(milliseconds)
        try:
            with closing(self._connection.execute(text)) as cursor:
                if cursor.description is None:
                    raise Ended("refused", "That is not a query: it gives no result.")
                yield Answer(cursor)
        finally:
            self._clock.stop()

    def steps(self) -> int:
        return self._clock.ticks * OPCODES

    def plan(self, text: str) -> list[Any]:
        """Rows of EXPLAIN QUERY PLAN: id, parent, detail."""
        with self.ask(f"EXPLAIN QUERY PLAN {text}", 1000) as answer:
            rows = [row for batch in answer.batches() for row in batch]
        return [[number, parent, detail] for number, parent, _, detail in rows]

    def _ended(self, error: Exception) -> Ended:
        if self._clock.over:
            return Ended("timeout")
        return ended(error)


def ended(error: Exception) -> Ended:
    """Why SQLite stopped, by name."""
    words = str(error)
    if "one statement at a time" in words:
        return Ended("refused", "Only one statement is allowed.")
    if any(said in words for said in ("not authorized", "prohibited", "authorization denied")):
        return Ended("refused", f"A query may only read the tables of the challenge: {words}.")
    return Ended("error", words)


def _may_read(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return _function(second)
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def _may_build(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return _function(second)
    return sqlite3.SQLITE_DENY if action in NOT_IN_SCRIPTS else sqlite3.SQLITE_OK


def _function(name: str | None) -> int:
    return sqlite3.SQLITE_DENY if (name or "").lower() in DENIED else sqlite3.SQLITE_OK


class Engine:
    def open(self, image: bytes) -> Case:
        return Case(image)

    def build(self, scripts: list[str], reverse: bool) -> tuple[bytes, dict[str, Any]]:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.execute("PRAGMA temp_store = 2")
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            connection.set_authorizer(_may_build)
            for place, script in enumerate(scripts):
                _run_script(connection, script, place)
            connection.set_authorizer(None)
            with suppress(sqlite3.Error):
                connection.execute("COMMIT")
            if reverse:
                sqlite_about.reverse(connection)
            connection.execute("ANALYZE")
            return connection.serialize(), sqlite_about.about(connection)


def _run_script(connection: sqlite3.Connection, script: str, place: int) -> None:
    """Statement by statement, so that an error can say which one it was."""
    for statement in sqlite_about.statements(script):
        try:
            connection.execute(statement).fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            told = ended(error)
            raise Ended(f"script {place}", f"{error}\n{_start(statement)}") from told


def _start(statement: str) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= 120 else text[:120] + "…"


ENGINE = Engine()
_rehearsal: list[bytes] = []


def prepare() -> None:
    """Use once what every run uses: nothing can be imported or opened later."""
    kernel.keep_freed_memory()
    image, _ = ENGINE.build(
        [
            "CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL, count REAL)",
            "INSERT INTO words (word, count) VALUES ('a', 1), ('b', 2.5), ('c', NULL)",
        ],
        reverse=False,
    )
    _rehearsal.append(image)
    with suppress(Ended):
        Case(image).plan("SELECT nothing")
    "x".encode("utf-8", "replace").decode("utf-8", "replace")
    rehearse()


def rehearse() -> None:
    """Touch the pages that every run touches, before anybody waits for them."""
    text = "SELECT w.word, count(*) FROM words w JOIN words v USING (id) GROUP BY 1 ORDER BY 2, 1"
    with Case(_rehearsal[0]).ask(text, 1000) as answer:
        list(answer.batches())


def run(request: dict[str, Any], channel: Channel) -> None:
    query.serve(ENGINE, request, channel)
