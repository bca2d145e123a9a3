"""How Alembic runs: on the app's own engine, one history for SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from flask import current_app

from mlarena.core.db import UtcDateTime, db


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration is history: it names SQLAlchemy's types, not ours, which may move."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    options = dict(current_app.extensions["migrate"].configure_args)
    options.setdefault("render_item", plain_types)
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run on a database: set DATABASE_URL and leave out --sql.")
run()
