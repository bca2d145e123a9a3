"""One migration history, up and down, on both databases, with data in it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_migrate import check, downgrade, upgrade

from mlarena.core.db import db


def test_the_models_are_what_the_migrations_make(app: Any) -> None:
    check()  # exits with an error when autogenerate would find something
    if db.engine.dialect.name == "sqlite":  # and leaves no connection without its foreign keys
        assert db.session.scalar(sa.text("PRAGMA foreign_keys")) == 1


def test_down_and_up_again_with_data_in_it(
    another_app: Any, settings: Any, tmp_path: Any, request: Any
) -> None:
    from mlarena.accounts import service

    if settings.database.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    else:
        url = settings.database
    app = another_app(database_url=url)
    with app.app_context():
        upgrade()
        service.create_user(
            username="ada", email="ada@example.org", password="correct horse battery", role="admin"
        )
        db.session.commit()
        downgrade(revision="base")
        left = set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}
        assert left == set()
        upgrade()
        assert db.session.scalar(sa.text("SELECT count(*) FROM users")) == 0
        db.session.remove()
        db.engine.dispose()
