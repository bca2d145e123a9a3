"""What every start and every deploy does first: migrate, and import the starter content, unless it is not
wanted (STARTER_CONTENT)."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import inspect, text

from mlarena.core.config import settings
from mlarena.core.db import db

ROOT = Path(__file__).resolve().parent.parent
STARTER = ROOT / "content" / "starter"


@click.command("release")
@with_appcontext
@click.pass_context
def release(context: click.Context) -> None:
    """Migrate the database and import the starter content. Quick when both are as they should be."""
    if _revision() != _newest():
        from flask_migrate import upgrade

        click.echo("migrating the database")
        upgrade()
    if not settings().starter_content:
        return
    packs = current_app.cli.commands["packs"]
    assert isinstance(packs, click.Group)  # noqa: S101
    context.invoke(packs.commands["import"], folder=STARTER, if_changed=True, later=True)


def _revision() -> str | None:
    if not inspect(db.engine).has_table("alembic_version"):
        return None
    with db.engine.connect() as connection:
        return connection.scalar(text("SELECT version_num FROM alembic_version"))


def _newest() -> str | None:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(ROOT / "migrations")).get_current_head()
