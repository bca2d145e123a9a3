"""What is told to whom: a channel of the tests' own, and a settled verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import pytest

from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.notifications import routing
from mlarena.notifications.channels import channels, register_channel
from mlarena.notifications.models import Broadcast, Notification


class Pigeon:
    """A channel that sends at once, to whoever is not in `away`; `raises` is what its next flights do."""

    name = "pigeon"
    word = "Pigeon"
    digest = False

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[str]]] = []
        self.away: set[int] = set()
        self.raises: list[Exception] = []

    def wants(self, kind: Any) -> bool:
        return True

    def reaches(self, user_ids: Collection[int]) -> set[int]:
        return set(user_ids) - self.away

    def send(self, user: User, notices: Sequence[Notification]) -> None:
        if self.raises:
            raise self.raises.pop(0)
        self.sent.append((user.username, [one.title for one in notices]))


class Pigeonhole:
    """A channel that is a store: what is put there is rolled back with the transaction, like a row."""

    name = "pigeonhole"
    word = "Pigeonhole"
    digest = False

    def __init__(self) -> None:
        self.held: dict[str, list[str]] = {}
        self.away: set[int] = set()
        self.cursed = ""
        self._put: list[tuple[str, list[str]]] = []

    def wants(self, kind: Any) -> bool:
        return True

    def reaches(self, user_ids: Collection[int]) -> set[int]:
        return set(user_ids) - self.away

    def put(self, letters: Sequence[tuple[User, Sequence[Notification]]]) -> None:
        self._put = [(user.username, [one.title for one in told]) for user, told in letters]
        if self.cursed in dict(self._put):
            raise RuntimeError("not this one")

    def withdraw(self, notification_ids: Any) -> None:
        """What is in a pigeonhole has arrived."""

    def wake(self) -> None:
        for name, titles in self._put:
            self.held[name] = self.held.get(name, []) + titles


@pytest.fixture
def pigeonhole(app: Any) -> Iterator[Pigeonhole]:
    hole = Pigeonhole()
    register_channel(hole)
    yield hole
    del channels()[hole.name]


@pytest.fixture
def pigeon(app: Any) -> Iterator[Pigeon]:
    bird = Pigeon()
    register_channel(bird)
    yield bird
    del channels()[bird.name]


@pytest.fixture
def routed(app: Any) -> Callable[[], int]:
    """routed() -> everything that waits is routed, as the worker's thread does it."""

    def waits() -> bool:
        unrouted = db.select(Notification.id).where(Notification.routed_at.is_(None))
        unspread = db.select(Broadcast.id).where(Broadcast.done_at.is_(None))
        found = db.session.scalar(unrouted.limit(1)) or db.session.scalar(unspread.limit(1))
        db.session.rollback()
        return found is not None

    def route() -> int:
        db.session.commit()
        done = routing.route_all()
        while waits():  # a turn may have been over before it came to anybody
            done += routing.route_all()
        db.session.expire_all()
        return done

    return route
