"""Whether the release step may be skipped: only when nothing it reads has changed."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlarena.core.config import Settings
from mlarena.core.released import is_current, remember

pytestmark = pytest.mark.pure


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("mlarena/app.py", "migrations/versions/1_first.py", "content/starter/pack.yaml"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("as it was")
    (root / "requirements.txt").write_text("flask\n")
    (root / "Procfile").write_text("web: true\n")
    return root


def settings_of(tmp_path: Path, database: str = "") -> Settings:
    (tmp_path / "data").mkdir(exist_ok=True)
    return Settings(_env_file=None, mlarena_data=tmp_path / "data", database_url=database)


def migrate(url: str, version: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(sa.text(f"INSERT INTO alembic_version VALUES ('{version}')"))
    engine.dispose()


@pytest.fixture
def settled(tmp_path: Path, project: Path) -> Settings:
    settings = settings_of(tmp_path)
    migrate(settings.database, "1")
    remember(project, settings)
    return settings


def test_the_first_start_has_work_to_do(tmp_path: Path, project: Path) -> None:
    settings = settings_of(tmp_path)
    assert not is_current(project, settings)
    assert not Path(settings.database.removeprefix("sqlite:///")).exists()  # asking made nothing


def test_afterwards_nothing_is_left_to_do(project: Path, settled: Settings) -> None:
    assert is_current(project, settled)


@pytest.mark.parametrize(
    "name", ["migrations/versions/1_first.py", "content/starter/pack.yaml", "mlarena/app.py"]
)
def test_a_changed_file_is_work(project: Path, settled: Settings, name: str) -> None:
    (project / name).write_text("as it is")
    os.utime(project / name, ns=(1, 1))
    assert not is_current(project, settled)


def test_a_new_migration_is_work(project: Path, settled: Settings) -> None:
    (project / "migrations/versions/2_second.py").write_text("new")
    assert not is_current(project, settled)


def test_a_database_that_is_gone_or_went_back_is_work(project: Path, settled: Settings) -> None:
    path = Path(settled.database.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0'")
    assert not is_current(project, settled)
    path.unlink()
    assert not is_current(project, settled)


def test_another_database_is_work(tmp_path: Path, project: Path, settled: Settings) -> None:
    other = settings_of(tmp_path, f"sqlite:///{tmp_path / 'other.sqlite'}")
    migrate(other.database, "1")
    assert not is_current(project, other)


def test_starter_content_that_is_wanted_after_all_is_work(project: Path, settled: Settings) -> None:
    without = settled.model_copy(update={"starter_content": False})
    assert not is_current(project, without)
    remember(project, without)
    assert is_current(project, without)
    assert not is_current(project, settled)


@pytest.mark.parametrize("note", ["", "not JSON", "{}", "[]"])
def test_a_note_that_cannot_be_read_is_work(project: Path, settled: Settings, note: str) -> None:
    (settled.mlarena_data / "released.json").write_text(note)
    assert not is_current(project, settled)


@pytest.mark.services
def test_on_postgresql(tmp_path: Path, project: Path, postgres_url: str) -> None:
    settings = settings_of(tmp_path, postgres_url)
    migrate(settings.database, "1")
    try:
        remember(project, settings)
        assert is_current(project, settings)
        migrate(settings.database, "2")
        assert not is_current(project, settings)
    finally:
        engine = sa.create_engine(settings.database)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE alembic_version"))
        engine.dispose()
