"""How Alembic runs: on the app's own engine, one history for SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from mlarena.core.db import UtcDateTime, db


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration is history: it names SQLAlchemy's types, not ours, which may move."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def ours(item: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
    """The index that documents are searched by is made by its migration, for each database another one."""
    if not reflected or compared is not None:
        return True
    if kind == "table":
        return not str(name).startswith("documents_words")
    return (kind, name) not in {("column", "words"), ("index", "ix_documents_words")}


def run() -> None:
    options = dict(current_app.extensions["migrate"].configure_args)
    options.setdefault("render_item", plain_types)
    options.setdefault("include_object", ours)
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            _begin_whole(connection)
        context.configure(connection=connection, target_metadata=db.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if connection.dialect.name == "sqlite":
            # The connection goes back to the pool, and whoever gets it counts on them.
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _begin_whole(connection: Connection) -> None:
    """SQLite can take a failed migration back whole, but its driver only begins before an INSERT.

    Changing a table there copies it and drops the old one, which with foreign keys on would delete the
    rows that point to it. Both have to be said before the transaction.
    """
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


if context.is_offline_mode():
    raise SystemExit("Migrations run on a database: set DATABASE_URL and leave out --sql.")
run()
