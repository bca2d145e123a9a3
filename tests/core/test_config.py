"""Configuration by environment: a bad value is one line that names its variable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlarena.core.config import ConfigError, load_settings

pytestmark = pytest.mark.pure

PRODUCTION = {
    "MLARENA_ENV": "production",
    "SECRET_KEY": "x" * 40,
    "DATABASE_URL": "postgresql://db/mlarena",
    "REDIS_URL": "redis://redis:6379/0",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT", "MLARENA_ENV", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eight thousand"),
        ("PORT", "70000"),
        ("DATABASE_URL", "mysql://here"),
        ("REDIS_URL", "localhost"),
        ("STORAGE_URL", "ftp://files"),
        ("MAIL_URL", "mail.example.org"),
        ("PUBLIC_URL", "arena.example.org"),
        ("MLARENA_ENV", "staging"),
        ("SANDBOX_MEMORY_MB", "lots"),
        ("WORKERS", "0"),
        ("OUTGOING_ALLOW", "localhost"),
        ("EVENTS_LENGTH", "0"),
    ],
)
def test_a_bad_value_names_its_variable(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ConfigError) as said:
        load_settings()
    assert str(said.value).startswith(f"{name}: ")
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
def test_production_is_complete_or_does_not_start(
    environment: pytest.MonkeyPatch, missing: str
) -> None:
    for name, value in PRODUCTION.items():
        environment.setenv(name, value)
    load_settings()
    environment.delenv(missing)
    with pytest.raises(ConfigError, match=f"^{missing}: "):
        load_settings()


def test_strangers_queries_never_run_in_the_applications_own_database(
    environment: pytest.MonkeyPatch,
) -> None:
    """By whatever words both URLs lead there."""
    environment.setenv("DATABASE_URL", "postgres://app:secret@localhost/arena")
    environment.setenv("CHALLENGE_DATABASE_URL", "postgresql://other@127.0.0.1:5432/arena")
    with pytest.raises(ConfigError, match=r"^CHALLENGE_DATABASE_URL: is the application's own"):
        load_settings()
    environment.setenv("CHALLENGE_DATABASE_URL", "postgresql://other@127.0.0.1:5432/challenges")
    load_settings()


def test_a_process_that_cannot_start_says_one_line(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "worker.py"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PORT": "no", "MLARENA_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("PORT: ")
    assert done.stderr.count("\n") == 1
