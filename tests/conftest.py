"""Fixtures of the whole suite: a migrated database, a real Redis, people, and doors to knock at.

By default everything is embedded: SQLite and a Redis server of the suite's own. With
`--services=real` the same tests run on PostgreSQL and Redis, as named by MLARENA_TEST_DATABASE_URL and
MLARENA_TEST_REDIS_URL (default: the local ones).
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import redis as redis_library
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from mlarena.accounts import passwords
from mlarena.app import create_app
from mlarena.core.config import Settings
from mlarena.core.db import db
from mlarena.core.embedded import EmbeddedRedis
from mlarena.core.security import limiter

# Without kept bytecode each process of the run rewrites every test's assertions, and each one that the tests
# start compiles the arena: more than half of what either costs.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# One thread for every model, as in the jail. Where several processes have as many as there are cores, threads
# wait for each other, and do so by turning round and round: twenty times the work for a small boosted model.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

# No assertion on elapsed time: a machine with much else to do is no fault of what is tested. A fixture
# that is made once for all examples is meant so: the examples make what is theirs.
hypothesis_settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("patient")

pytest_plugins = ["tests.cpu_table", "tests.spread"]

POSTGRES = os.environ.get(
    "MLARENA_TEST_DATABASE_URL", "postgresql+psycopg2://postgres@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("MLARENA_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
REQUIRED = os.environ.get("MLARENA_REQUIRE_SERVICES") == "1"
# Chromium draws the suggestions below its address bar as two pages of its own, for every window: three
# quarters of what a context costs. Of two such lists it heeds the later, so Playwright's own stands here too.
WITHOUT = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    f"--disable-features={','.join(WITHOUT)}",
]
PASSWORD = "correct horse battery"


@sa.event.listens_for(sa.Engine, "connect")
def _wait_for_no_disk(connection: Any, _record: Any) -> None:
    """As on PostgreSQL: see `postgres_url`. After the arena's own settings, which come first."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--services", choices=("embedded", "real"), default="embedded")


def _turn(item: pytest.Item) -> int:
    """When to run it: slow ones first, those of them with a browser later: they share a first start of
    the arena, for which all but one would wait."""
    if item.get_closest_marker("browser"):
        return 1
    return 0 if item.get_closest_marker("slow") else 2


# Who asks for none of these has neither a database nor a Redis of this run.
SERVICES = {"settings", "redis_url", "real_redis_url", "postgres_url", "challenge_url"}
ALL_PURE = re.compile(r"^pytestmark = .*\bpytest\.mark\.pure\b", re.MULTILINE)


def _pure(item: pytest.Item) -> bool:
    asked = set(item.fixturenames) if isinstance(item, pytest.Function) else set()
    return item.get_closest_marker("pure") is not None or not asked & SERVICES


def pytest_collection_finish() -> None:
    """What is there by now stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The second run does not even import a module of which it would leave out everything."""
    if config.getoption("--services") == "real" and collection_path.suffix == ".py":
        return bool(ALL_PURE.search(collection_path.read_text(encoding="utf-8"))) or None
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest come first, so that no process is left with them at the end. The second run, on real
    services, leaves out what touches neither."""
    items.sort(key=_turn)
    if config.getoption("--services") == "real":
        config.hook.pytest_deselected(items=[item for item in items if _pure(item)])
        items[:] = [item for item in items if not _pure(item)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The system's Chromium, driven by Playwright."""
    # Not for the whole session: while it is open, asyncio.run() has no thread to itself.
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if REQUIRED:
            pytest.fail("Chromium is required here: apt-get install chromium")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


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
            # What is killed in these tests is the arena, never the machine: no commit waits for a disk.
            connection.execute(sa.text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
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
    """The app on a database that the migrations made; on SQLite a copy of the empty file is kept."""
    from flask_migrate import upgrade

    app = create_app(settings)
    app.test_client_class = Visitor
    with app.app_context():
        upgrade()
        db.engine.dispose()
    if settings.database.startswith("sqlite"):
        path = Path(sa.make_url(settings.database).database or "")
        shutil.copy(path, path.with_suffix(".empty"))
    yield app
    with app.app_context():
        db.engine.dispose()


def _empty(app: Any, settings: Settings) -> None:
    with app.app_context():
        db.session.remove()
        if settings.database.startswith("sqlite"):
            # Not by a fresh copy of the file: somebody's connection may still be open on this one, and
            # every later one in this process then fails with "disk I/O error".
            with db.engine.begin() as connection:
                for (table,) in connection.exec_driver_sql(_with_rows()).all():
                    connection.exec_driver_sql(f'DELETE FROM "{table}"')
            return
        with db.engine.begin() as connection:
            connection.execute(sa.text(_emptying()))


@cache
def _with_rows() -> str:
    """Which SQLite tables have rows: those first that refer to others."""
    names = [table.name for table in reversed(db.metadata.sorted_tables)]
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")"
        for name in (*names, "sqlite_sequence")
    )


@cache
def _emptying() -> str:
    """Empties every PostgreSQL table that has rows and puts the sequences back.

    TRUNCATE makes new files for all tables and indexes: half a second a test, against some 3 ms of this.
    """
    deletes = " ".join(
        f'IF EXISTS (SELECT FROM "{table.name}") THEN DELETE FROM "{table.name}"; END IF;'
        for table in reversed(db.metadata.sorted_tables)
    )
    return f"""DO $$ DECLARE one regclass; BEGIN {deletes}
        FOR one IN SELECT seqrelid::regclass FROM pg_sequence
            WHERE pg_sequence_last_value(seqrelid) IS NOT NULL
        LOOP PERFORM setval(one, 1, false); END LOOP; END $$"""


# What the suite's people have their passwords kept with: at its real cost, hashing outlasts most tests.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with next to no work, except where a test is about that (`real_hashes`)."""
    if not request.node.get_closest_marker("real_hashes"):
        monkeypatch.setattr(passwords, "_hasher", QUICK)
        monkeypatch.setattr(passwords, "_nobody", _nobody)


@cache
def _nobody() -> str:
    return QUICK.hash("the password of nobody")


@pytest.fixture
def as_left() -> bool:
    """Whether a test takes database and Redis as the one before it left them: tests/security does."""
    return False


@pytest.fixture
def app(migrated_app: Any, settings: Settings, as_left: bool) -> Iterator[Any]:
    """The app with an empty database, an empty Redis, and its context pushed."""
    if not as_left:
        _empty(migrated_app, settings)
        migrated_app.extensions["redis"].flushdb()
    limiter.enabled = settings.ratelimit_enabled  # some test's other app may have switched it
    migrated_app.extensions.get("mailman", None)
    with migrated_app.app_context():
        yield migrated_app
        db.session.remove()


class Visitor(FlaskClient):
    """Each request in a context of its own, as in life: who is logged in is kept in `g`, and the
    context that the `app` fixture holds open would hand it on to the next request."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        with self.application.app_context():
            return super().open(*args, **kwargs)


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
    from mlarena.accounts import logins

    def enter(user: Any) -> FlaskClient:
        browser = app.test_client()
        login = logins.open_login(user, logins.BROWSER)
        with browser.session_transaction() as session:
            session["_user_id"] = user.get_id()
            session["login"] = login.id
        return browser

    return enter


@pytest.fixture
def send_form() -> Callable[..., Any]:
    """send_form(browser, "/login", username=...) posts as a browser does: with the page's CSRF token.

    `page` is where the form stands, if it is not at the address that it is sent to.
    """
    import re

    def send(browser: FlaskClient, address: str, page: str = "", **fields: Any) -> Any:
        shown = browser.get(page or address)
        found = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
        assert found, f"{page or address} answered {shown.status_code} and shows no form"
        return browser.post(address, data={"csrf_token": found[1], **fields})

    return send


SECRET = b"the suite's own secret, 32 bytes"


@pytest.fixture(scope="session")
def built_dataset() -> Callable[[str], Any]:
    """built_dataset("iris") -> the data set of that name, made once for the run."""
    from mlarena.quests.datasets import build

    return cache(lambda name: build(name, SECRET))


@pytest.fixture
def make_quest(app: Any, built_dataset: Callable[[str], Any]) -> Callable[..., Any]:
    """make_quest("iris", metric="f1_macro", threshold=0.9, level_xp=0, ...) -> a published Quest."""
    from mlarena.quests.authoring import save_dataset, save_quest
    from mlarena.rewards.models import Level

    def make(
        dataset: str = "iris",
        *,
        slug: str = "",
        metric: str = "f1_macro",
        threshold: float = 0.9,
        level_xp: int = 0,
        **more: Any,
    ) -> Any:
        built = built_dataset(dataset)
        level = db.session.scalar(sa.select(Level).where(Level.required_xp == level_xp))
        if level is None:
            level = Level(
                slug=f"level-{level_xp}",
                order=level_xp,
                name=f"Level at {level_xp} XP",
                required_xp=level_xp,
            )
            db.session.add(level)
            db.session.flush()
        quest = save_quest(
            slug or f"{dataset}-quest",
            {
                "title": f"The {dataset} quest",
                "status": "published",
                "xp_reward": 100,
                "level_id": level.id,
                "dataset_id": save_dataset(built).id,
                "task_type": built.task_type,
                "metric": metric,
                "threshold": threshold,
                **more,
            },
        )
        db.session.commit()
        return quest

    return make


@pytest.fixture
def quest(make_quest: Callable[..., Any]) -> Any:
    """A published, open quest on iris: macro F1 above 0.9, 100 XP."""
    return make_quest()


@pytest.fixture(scope="session")
def jail(migrated_app: Any) -> Iterator[Any]:
    """The process's real sandbox, warm for the whole run."""
    from mlarena.submissions import jail as room

    # Not inside the context: one that stays pushed for the whole run would be everybody's.
    with migrated_app.app_context():
        sandbox = room.sandbox()
    yield sandbox
    room.close()


@pytest.fixture
def work(app: Any, settings: Settings, jail: Any) -> Iterator[Callable[[], None]]:
    """work() -> a real worker takes everything off the queues, then returns."""
    from rq import Queue

    from mlarena.core.wake import Woken
    from mlarena.worker import QUEUES, WOKEN, ArenaWorker

    connection = redis_library.Redis.from_url(settings.redis)

    def run() -> None:
        queues = [Queue(name, connection=connection) for name in QUEUES]
        followers = [Woken(app, work) for work, _ in WOKEN]
        more = True
        while more:
            ArenaWorker(app, queues=queues, connection=connection).work(
                burst=True, logging_level="WARNING"
            )
            more = any(one.turn(connection, 0.01) for one in followers)
        db.session.expire_all()

    yield run
    connection.close()


@pytest.fixture
def good_model(built_dataset: Callable[[str], Any]) -> Callable[..., bytes]:
    """good_model("iris") -> the bytes of an honest fitted model (joblib); `estimator=` for another."""
    import io

    import joblib
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    def make(name: str = "iris", estimator: Any = None) -> bytes:
        built = built_dataset(name)
        features = built.train.drop(columns=[built.target] if built.target else [])
        if estimator is None:
            kind = (
                RandomForestRegressor if built.task_type == "regression" else RandomForestClassifier
            )
            estimator = kind(20, random_state=0)
        estimator.fit(features, built.train[built.target] if built.target else None)
        file = io.BytesIO()
        joblib.dump(estimator, file)
        return file.getvalue()

    return make


@pytest.fixture
def upload(app: Any) -> Callable[..., Any]:
    """upload(headers, quest, content, "model.joblib") -> the API's answer."""
    import io

    def send(
        headers: dict[str, str], quest: Any, content: bytes, name: str = "model.joblib"
    ) -> Any:
        return app.test_client().post(
            f"/api/v1/quests/{quest.id}/submit",
            data={"model_file": (io.BytesIO(content), name)},
            headers=headers,
        )

    return send


@pytest.fixture
def queries(app: Any) -> Iterator[list[str]]:
    """Every statement sent to the database since the test began (or since `queries.clear()`)."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def another_app(app: Any, settings: Settings) -> Iterator[Callable[..., Any]]:
    """another_app(redis_url=..., ...) -> an app of other settings on the same database and Redis."""
    made = []

    def make(**changes: Any) -> Any:
        other = create_app(settings.model_copy(update=changes))
        other.test_client_class = Visitor
        made.append(other)
        return other

    yield make
    for other in made:
        with other.app_context():
            db.engine.dispose()  # the next test puts another file in the database's place
