"""A Kaggle to talk to, an arena that is set up for it, a mirror of its one competition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis as redis_library
from rq import Queue

from mlarena.core import clock
from mlarena.core.db import db
from tests.kaggle.stub import Stub, serve

START = datetime(2026, 11, 10, 12, tzinfo=UTC)
END = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 13, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def served() -> Iterator[Stub]:
    stub, server = serve()
    yield stub
    stub.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def stub(served: Stub) -> Iterator[Stub]:
    """Well again, with nobody on its board."""
    served.reset()
    yield served
    served.released.set()


@pytest.fixture
def set_up(app: Any, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The app with credentials for the stub, in the middle of the competition."""
    told = {"kaggle_username": "arena", "kaggle_key": "k1", "kaggle_api_url": stub.url}
    settings = app.extensions["settings"].model_copy(update={**told, "kaggle_seconds": 5})
    monkeypatch.setitem(app.extensions, "settings", settings)
    with clock.freeze(NOW):
        yield app


@pytest.fixture
def asked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page asks a worker for is answered here, by the same job."""
    from mlarena.competitions.kaggle import mirrors

    def here(_queue: str, _seconds: int, job: Callable[..., Any], *about: Any) -> Any:
        return job(*about)

    monkeypatch.setattr(mirrors, "ask", here)


@pytest.fixture
def mirror(set_up: Any, asked_here: None) -> int:
    """The id of the mirrored competition, whose board nobody has read yet."""
    from mlarena.competitions.kaggle import mirrors

    made = mirrors.mirror(None, "titanic")
    set_up.extensions["redis"].delete("rq:queue:outside")
    return made


@pytest.fixture
def tick(set_up: Any) -> Iterator[Callable[..., None]]:
    """tick(job) -> the clock's job and all that it asks for, done by a real worker."""
    from mlarena.submissions.queues import OUTSIDE
    from mlarena.worker import ArenaWorker

    url = set_up.extensions["settings"].redis
    connection = redis_library.Redis.from_url(url)
    queue = Queue(OUTSIDE, connection=connection)

    def run(*jobs: Callable[[], Any]) -> None:
        for job in jobs:
            queue.enqueue(job)
        ArenaWorker(set_up, queues=[queue], connection=connection).work(
            burst=True, logging_level="WARNING"
        )
        db.session.expire_all()

    yield run
    connection.close()


@pytest.fixture
def board(app: Any) -> Callable[..., list[tuple[Any, str, float]]]:
    """board(id) -> [(rank, name, score), …] as anybody sees it."""
    from mlarena.boards import service as boards

    def read(competition_id: int, viewer: Any = None) -> list[tuple[Any, str, float]]:
        db.session.expire_all()
        page = boards.page(f"competition:{competition_id}", 1, 100, viewer)
        return [(row.rank, row.username, round(row.score, 6)) for row in page.rows]

    return read


@pytest.fixture
def told(set_up: Any) -> Callable[[], bool]:
    """told() -> whether the board's watchers were told of a change since the last time."""

    def ask() -> bool:
        redis = set_up.extensions["redis"]
        return bool(redis.delete("mlarena:live:boards"))

    return ask
