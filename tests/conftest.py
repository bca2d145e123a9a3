"""Fixtures of the whole suite: a migrated database, a real Redis, people, and doors to knock at.

By default everything is embedded: SQLite and a Redis server of the suite's own. With
`--services=real` the same tests run on PostgreSQL and Redis, as named by MLARENA_TEST_DATABASE_URL and
MLARENA_TEST_REDIS_URL (default: the local ones).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_library
import sqlalchemy as sa
from flask.testing import FlaskClient

from mlarena.app import create_app
from mlarena.core.config import Settings
from mlarena.core.db import db
from mlarena.core.embedded import EmbeddedRedis

POSTGRES = os.environ.get(
    "MLARENA_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("MLARENA_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
REQUIRED = os.environ.get("MLARENA_REQUIRE_SERVICES") == "1"
PASSWORD = "correct horse battery"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--services", choices=("embedded", "real"), default="embedded")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The second run, on real services, leaves out what touches neither."""
    if config.getoption("--services") == "real":
        once = [item for item in items if item.get_closest_marker("pure")]
        config.hook.pytest_deselected(items=once)
        items[:] = [item for item in items if not item.get_closest_marker("pure")]


def _needed(what: str, why: Exception) -> None:
    if REQUIRED:
        pytest.fail(f"{what} is required here and does not answer: {why}")
    pytest.skip(f"{what} does not answer: {why}")


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    name = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture(scope="session")
def postgres_url(worker_number: int) -> Iterator[str]:
    """A database of this run's own on the real PostgreSQL."""
    name = f"mlarena_test_{os.getpid()}_{worker_number}"
    admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    except sa.exc.OperationalError as error:
        _needed("PostgreSQL", error)
    yield sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def real_redis_url(worker_number: int) -> Iterator[str]:
    """A Redis database number of this xdist worker's own, emptied."""
    url = REDIS.rsplit("/", 1)[0] + f"/{8 + worker_number}"
    client = redis_library.Redis.from_url(url)
    try:
        client.flushdb()
    except redis_library.exceptions.ConnectionError as error:
        _needed("Redis", error)
    yield url
    client.flushdb()
    client.close()


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    if request.config.getoption("--services") == "real":
        yield request.getfixturevalue("real_redis_url")
        return
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(scope="session")
def settings(
    request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    data = tmp_path_factory.mktemp("data")
    if request.config.getoption("--services") == "real":
        database = request.getfixturevalue("postgres_url")
    else:
        database = f"sqlite:///{data / 'test.sqlite'}"
    return Settings(
        _env_file=None,
        mlarena_env="testing",
        mlarena_data=data,
        secret_key="0123456789abcdef" * 4,
        database_url=database,
        redis_url=redis_url,
        mail_url="memory:",
        ratelimit_enabled=False,
        public_url="",
        sweep_seconds=0.5,
        lease_seconds=2,
    )


@pytest.fixture(scope="session")
def migrated_app(settings: Settings) -> Iterator[Any]:
    """The app on a database that the migrations made; on SQLite the empty file is kept to copy."""
    from flask_migrate import upgrade

    app = create_app(settings)
    with app.app_context():
        upgrade()
        db.engine.dispose()
    path = Path(sa.make_url(settings.database).database or "")
    if settings.database.startswith("sqlite"):
        shutil.copy(path, path.with_suffix(".empty"))
    yield app
    with app.app_context():
        db.engine.dispose()


def _empty(app: Any, settings: Settings) -> None:
    with app.app_context():
        db.session.remove()
        if settings.database.startswith("sqlite"):
            db.engine.dispose()
            path = Path(sa.make_url(settings.database).database or "")
            for rest in ("-wal", "-shm"):
                path.with_name(path.name + rest).unlink(missing_ok=True)
            shutil.copy(path.with_suffix(".empty"), path)
            return
        names = ", ".join(f'"{table.name}"' for table in db.metadata.sorted_tables)
        with db.engine.begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def app(migrated_app: Any, settings: Settings) -> Iterator[Any]:
    """The app with an empty database, an empty Redis, and its context pushed."""
    _empty(migrated_app, settings)
    migrated_app.extensions["redis"].flushdb()
    migrated_app.extensions.get("mailman", None)
    with migrated_app.app_context():
        yield migrated_app
        db.session.remove()


@pytest.fixture
def client(app: Any) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def runner(app: Any) -> Any:
    return app.test_cli_runner()


@pytest.fixture
def make_user(app: Any) -> Callable[..., Any]:
    """make_user("ada", role="instructor") -> User, with PASSWORD as its password."""
    from mlarena.accounts import service

    def make(username: str = "ada", role: str = "learner", **more: Any) -> Any:
        user = service.create_user(
            username=username, email=f"{username}@example.org", password=PASSWORD, role=role
        )
        for name, value in more.items():
            setattr(user, name, value)
        db.session.commit()
        return user

    return make


@pytest.fixture
def user(make_user: Callable[..., Any]) -> Any:
    return make_user("ada")


@pytest.fixture
def bearer(app: Any) -> Callable[..., dict[str, str]]:
    """bearer(user) -> headers with a fresh access token."""

    def headers(user: Any) -> dict[str, str]:
        answer = app.test_client().post(
            "/api/v1/auth/login", json={"username": user.username, "password": PASSWORD}
        )
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json['data']['access_token']}"}

    return headers


@pytest.fixture
def signed_in(app: Any) -> Callable[[Any], FlaskClient]:
    """signed_in(user) -> a browser-like client with a session of that user."""

    def enter(user: Any) -> FlaskClient:
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = user.get_id()
            session["_fresh"] = True
        return browser

    return enter
