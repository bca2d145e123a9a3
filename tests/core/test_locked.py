"""SQLite's one writer at a time: who waits gets a turn, and who waits in vain is told."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from mlarena.core import db as database


@pytest.fixture
def engine(tmp_path: Path, app: Flask) -> Engine:
    """A database of its own; the app is there for its settings of every connection."""
    engine = create_engine(f"sqlite:///{tmp_path / 'turns.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (word TEXT)"))
    return engine


def holder(engine: Engine) -> sqlite3.Connection:
    """Somebody of another process who has begun to write."""
    other = sqlite3.connect(str(engine.url.database), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO notes VALUES ('theirs')")
    return other


def words(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT word FROM notes ORDER BY rowid")))


def test_a_writer_waits_until_the_other_has_done(engine: Engine) -> None:
    other = holder(engine)
    done = threading.Timer(0.5, lambda: other.execute("COMMIT"))
    done.start()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO notes VALUES (:word)"), [{"word": "a"}, {"word": "b"}])
        connection.execute(text("INSERT INTO notes VALUES ('c')"))
    done.join()
    assert words(engine) == ["theirs", "a", "b", "c"]


def test_who_waits_in_vain_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCKED_SECONDS", 0.2)
    other = holder(engine)
    with pytest.raises(OperationalError, match="locked"), engine.begin() as connection:
        connection.execute(text("INSERT INTO notes VALUES ('ours')"))
    other.execute("COMMIT")
    assert words(engine) == ["theirs"]


def test_what_was_read_and_is_no_longer_so_is_not_waited_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCKED_SECONDS", 3600.0)
    with engine.connect() as connection:
        # A transaction that begins with a reading: SQLite's own BEGIN, which the driver leaves out.
        connection.exec_driver_sql("BEGIN")
        connection.execute(text("SELECT count(*) FROM notes")).all()
        holder(engine).execute("COMMIT")
        with pytest.raises(OperationalError, match="locked"):
            connection.execute(text("INSERT INTO notes VALUES ('ours')"))
        connection.rollback()
    assert words(engine) == ["theirs"]


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (sqlite3.SQLITE_BUSY, True),
        (
            sqlite3.SQLITE_BUSY_RECOVERY,
            True,
        ),  # somebody was killed, and another tidies up after them
        (sqlite3.SQLITE_BUSY_SNAPSHOT, False),
        (sqlite3.SQLITE_FULL, False),
    ],
)
def test_which_refusals_pass(app: Flask, code: int, passes: bool) -> None:
    refused: list[str] = []

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *given: Any) -> Any:
            if sql.startswith("INSERT") and not refused:
                refused.append(sql)
                error = sqlite3.OperationalError("not now")
                error.sqlite_errorcode = code
                raise error
            return super().execute(sql, *given)

    class Connection(sqlite3.Connection):
        def cursor(self, _factory: Any = None) -> Any:
            return super().cursor(Cursor)

    engine = create_engine("sqlite://", connect_args={"factory": Connection})
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (word TEXT)"))
        if passes:
            connection.execute(text("INSERT INTO notes VALUES ('ours')"))
        else:
            with pytest.raises(OperationalError, match="not now"):
                connection.execute(text("INSERT INTO notes VALUES ('ours')"))
        assert connection.scalar(text("SELECT count(*) FROM notes")) == int(passes)
    assert refused
