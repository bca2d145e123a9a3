"""The database: one SQLAlchemy, its column types, and SQLite's settings."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, DateTime, Engine, MetaData, TypeDecorator, event, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.orm import DeclarativeBase, object_mapper
from sqlalchemy.sql import FromClause

from mlarena.core.errors import NotFound

# Names that Alembic can find again on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


# Rows stay readable after a commit: nothing is read again only to be shown. Who needs the newest state of
# a row asks for it (populate_existing).
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, always UTC. SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone does not enter the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stamp: datetime = value
        return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


def insert(model: type[Base] | FromClause) -> Any:
    """The database's own INSERT, for its ON CONFLICT: SQLAlchemy has one for each, not one for both."""
    return (postgresql if db.engine.dialect.name == "postgresql" else sqlite).insert(model)


def made_once(build: Callable[[], Any]) -> Callable[[], Any]:
    """A statement with bound parameters, built once for each kind of database.

    Building one like an upsert with its cases takes longer than SQLite takes to carry it out.
    """
    made: dict[str, Any] = {}

    @wraps(build)
    def statement() -> Any:
        dialect = db.engine.dialect.name
        if dialect not in made:
            made[dialect] = build()
        return made[dialect]

    return statement


def hold(row: Base, still: Callable[[], object] | None = None, alone: bool = False) -> None:
    """From here to our own commit nobody else changes `row`, and it says what stands there now.

    `still` is asked then: what it raises lets the row go. `alone`: nobody begins to refer to it either, so
    that it can be deleted. Ends the transaction before it, and raises NotFound for what is gone.
    """
    # By a write: SQLite cannot upgrade a transaction that began with a reading, PostgreSQL waits for it.
    # By the base table alone: PostgreSQL locks no row of an outer join.
    mapper = object_mapper(row)
    table: Any = mapper.base_mapper.local_table
    (key,), (held,) = table.primary_key.columns, mapper.primary_key_from_instance(row)
    same = next(column for column in table.columns if not column.primary_key)
    db.session.commit()
    try:
        locked = db.session.execute(
            update(table).where(key == held).values({same: same}).returning(key)
        ).all()
        if not locked:
            raise NotFound("It is not there any more: somebody has deleted it.")
        if alone:
            db.session.execute(select(key).where(key == held).with_for_update())
        db.session.refresh(row)
        if still is not None:
            still()
    except BaseException:
        db.session.rollback()
        raise


Json = JSON().with_variant(JSONB(), "postgresql")


# A writer waits its turn for so long.
LOCKED_SECONDS = 10.0
# SQLite's own patience looks ever more seldom, ten times a second at last: among many short writes one that
# has waited long is passed by all that have just come. So it is short, and who is refused asks again at once:
# in Python, where a web process does other things meanwhile.
BUSY_MS = 1
AGAIN_SECONDS = 0.001


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets pages read while a verdict is written."""
    if isinstance(connection, sqlite3.Connection):
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={1000 * LOCKED_SECONDS:.0f}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "cache_size=-65536",
            # An uploaded model is a few thousand pages; at the usual 1,000 every upload would also wait
            # for the log to be copied back.
            "wal_autocheckpoint=16000",
            f"busy_timeout={BUSY_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


@event.listens_for(Engine, "do_execute")
def _execute(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
    return _in_turn(cursor, lambda: cursor.execute(statement, parameters))


@event.listens_for(Engine, "do_executemany")
def _execute_many(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
    return _in_turn(cursor, lambda: cursor.executemany(statement, parameters))


def _passes(error: sqlite3.OperationalError) -> bool:
    """Whether it is a lock, which somebody lets go of. Who has read what is no longer so waits in vain."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT


def _in_turn(cursor: Any, work: Callable[[], Any]) -> bool:
    """Carry it out on SQLite, again for as long as somebody else writes. False where it is not SQLite's.

    Nothing of it was done by then: the lock is what a statement asks for first.
    """
    if not isinstance(cursor, sqlite3.Cursor):
        return False
    until = time.monotonic() + LOCKED_SECONDS
    while True:
        try:
            work()
        except sqlite3.OperationalError as error:
            if not _passes(error) or time.monotonic() > until:
                raise
        else:
            return True
        time.sleep(AGAIN_SECONDS)


@event.listens_for(Engine, "handle_error")
def _keep_values_out(context: ExceptionContext) -> None:
    """Where parameters are hidden (production), the server's own words must not show them either:
    PostgreSQL's DETAIL quotes the row that failed, and its LINE the statement with the values in it."""
    shown = context.sqlalchemy_exception
    if shown is None or context.engine is None or not context.engine.hide_parameters:
        return
    first = str(context.original_exception).partition("\n")[0]
    context.original_exception.args = (first,)
    shown.args = (f"({type(context.original_exception).__name__}) {first}",)
