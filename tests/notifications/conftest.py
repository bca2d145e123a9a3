"""What is told to whom: a channel of the tests' own, and a settled verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import pytest

from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.notifications import routing
from mlarena.notifications.channels import channels, register_channel
from mlarena.notifications.models import Notification


class Pigeon:
    """A channel that sends at once, to whoever is not in `away`; `raises` is what its next flights do."""

    name = "pigeon"
    word = "Pigeon"
    digest = False
    queue = ""

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


@pytest.fixture
def pigeon(app: Any) -> Iterator[Pigeon]:
    bird = Pigeon()
    register_channel(bird)
    yield bird
    del channels()[bird.name]


@pytest.fixture
def routed(app: Any) -> Callable[[], int]:
    """routed() -> everything that waits is routed, as the worker's thread does it."""

    def route() -> int:
        db.session.commit()
        done = routing.route_all()
        while more := routing.route_all():
            done += more
        db.session.expire_all()
        return done

    return route
