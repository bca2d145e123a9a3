from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from mlarena.accounts.models import User
from mlarena.boards import index, mirror
from mlarena.boards import service as boards
from mlarena.boards.entries import Change
from mlarena.core.db import db

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that took Redis away must not keep the next one from asking it."""
    monkeypatch.setattr(mirror, "_quiet_until", 0.0)


@pytest.fixture
def people(app: Any) -> Callable[[int], list[User]]:
    """people(3) -> that many learners named p1, p2, …, without the cost of passwords."""

    def make(count: int) -> list[User]:
        names = [f"p{number}" for number in range(1, count + 1)]
        rows = [
            User(username=n, username_key=n, email=n, email_key=n, password_hash="none")
            for n in names
        ]
        db.session.add_all(rows)
        db.session.commit()
        return rows

    return make


@pytest.fixture
def enter(app: Any) -> Callable[..., Change | None]:
    """enter("quest:1", user_id, 0.9) -> recorded, committed and told to the index, as settle does."""

    def make(
        board: str, user_id: int, score: float, direction: str = "higher", at: datetime = LONG_AGO
    ) -> Change | None:
        change = boards.record(board, user_id, score, direction, at)
        db.session.commit()
        if change:
            index.apply([change])
        return change

    return make


@pytest.fixture
def open_board(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """open_board("quest") -> boards of that kind can be seen, those with an id below 100."""
    from mlarena.boards import names

    def make(kind: str) -> None:
        shown = names.Kind(
            lambda number, viewer: number < 100,
            lambda number: f"The {kind} {number}",
            lambda number: names.Aim(),
        )
        monkeypatch.setitem(names._kinds, kind, shown)

    return make


@pytest.fixture
def without_redis(app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A context in which Redis is away: nothing listens where the app looks for it."""
    import redis

    @contextmanager
    def away() -> Iterator[None]:
        nobody = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
        with monkeypatch.context() as patch:
            patch.setitem(app.extensions, "redis", nobody)
            yield
        mirror._quiet_until = 0.0

    return away


@pytest.fixture
def statements(app: Any) -> Callable[[], Any]:
    """with statements() as seen: … -> the SQL that was sent to the database meanwhile."""

    @contextmanager
    def watch() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return watch
