"""A jail and the engines, started once for all tests of SQL judging.

PostgreSQL is one of our own, from the optional package; with `--services=real` the server of the
tests, used as CHALLENGE_DATABASE_URL would be.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlarena.challenges.sql import Engines, Judged, Prepared, SqlSpec, check, judge
from mlarena.challenges.sql.engines.postgres_server import Server, drop
from mlarena.sandbox import Sandbox

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The services are PostgreSQL: what is judged by another engine was seen in the first run."""
    if config.getoption("--services") == "real":
        others = {
            item
            for item in items
            if isinstance(item, pytest.Function)
            and HERE in item.path.parents
            and item.name.endswith(("-sqlite]", "-duckdb]", "[sqlite]", "[duckdb]"))
        }
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def jail_of_sql() -> Iterator[Sandbox]:
    with Sandbox(kinds=(), on_demand=("sql", "duckdb")) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def postgres_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("challenge-postgres")


@pytest.fixture(scope="session")
def challenge_url(request: pytest.FixtureRequest) -> str:
    if request.config.getoption("--services") != "real":
        return ""
    return os.environ.get(
        "MLARENA_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
    )


@pytest.fixture(scope="session")
def engines(jail_of_sql: Sandbox, challenge_url: str, postgres_folder: Path) -> Iterator[Engines]:
    with Engines(
        jail_of_sql, challenge_database_url=challenge_url, embedded_folder=postgres_folder
    ) as opened:
        yield opened
    if challenge_url:
        _leave_nothing(challenge_url)


def _leave_nothing(url: str) -> None:
    """The server of the tests outlives them: templates, too, are to go, and what close() left."""
    server = Server(url)
    server.sweep()
    with server.admin() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname ~ '^mlarena_t_[0-9a-f]{32}$'")
        for (name,) in cursor.fetchall():
            drop(cursor, "database", name)
    server.close()


@pytest.fixture(scope="session")
def prepare(engines: Engines) -> Callable[[SqlSpec], Prepared]:
    """prepare(spec) -> the challenge, checked and ready; its bytes are read as a worker does."""
    kept: dict[SqlSpec, Prepared] = {}

    def make(spec: SqlSpec) -> Prepared:
        if spec not in kept:
            checked = check(spec, engines)
            assert checked.prepared, checked.errors
            kept[spec] = Prepared.from_bytes(checked.prepared.to_bytes())
        return kept[spec]

    return make


@pytest.fixture(scope="session")
def attempt(
    engines: Engines, prepare: Callable[[SqlSpec], Prepared]
) -> Callable[[SqlSpec, str], Judged]:
    """attempt(spec, query) -> how it is judged on all cases."""
    return lambda spec, query: judge(prepare(spec), query, engines)
