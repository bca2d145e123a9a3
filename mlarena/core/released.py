"""Whether the release step has anything to do: known without loading the app, which takes a second.

After a release its inputs are noted in the data folder: the project's files (by size and time), the
database, the schema version found in it, and whether the starter content is wanted. While none of them
changes, `make run` skips the step.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

from mlarena.core.config import Settings

FOLDERS = ("mlarena", "migrations", "content")
FILES = ("requirements.txt", "Procfile")


def is_current(root: Path, settings: Settings) -> bool:
    """Whether the last release noted in the data folder is still true. A doubt is a no."""
    try:
        noted = json.loads(_note(settings).read_text())
    except (OSError, ValueError):
        return False
    return bool(noted == _state(root, settings)) and noted["schema"] is not None


def remember(root: Path, settings: Settings) -> None:
    """Note that the release step was done just now."""
    _note(settings).write_text(json.dumps(_state(root, settings)))


def _note(settings: Settings) -> Path:
    return settings.mlarena_data / "released.json"


def _state(root: Path, settings: Settings) -> dict[str, str | bool | None]:
    return {
        "project": project_state(root),
        # Hashed: it may hold a password.
        "database": hashlib.sha256(settings.database.encode()).hexdigest(),
        "starter": settings.starter_content,
        "schema": _schema(settings.database),
    }


def project_state(root: Path) -> str:
    """A digest of the files that a release depends on, by their names, sizes and times."""
    paths = [root / name for name in FILES]
    for folder in FOLDERS:
        paths += [path for path in (root / folder).rglob("*") if path.suffix != ".pyc"]
    seen = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        stat = path.stat()
        seen.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def _schema(url: str) -> str | None:
    """The migration that the database is at; None if it cannot be told."""
    query = "SELECT version_num FROM alembic_version"
    if url.startswith("sqlite:///"):
        try:
            # Read-only: a file that is not there must not be made here.
            file = sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)
        except sqlite3.Error:
            return None
        try:
            row = file.execute(query).fetchone()
        except sqlite3.Error:
            return None
        finally:
            file.close()
        return str(row[0]) if row else None
    import psycopg2

    try:
        server = psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=3)
    except psycopg2.Error:
        return None
    try:
        with server.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
    except psycopg2.Error:
        return None
    finally:
        server.close()
    return str(row[0]) if row else None
