"""What the tests of accounts share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def letters(app: Any) -> Callable[..., list[Any]]:
    """letters(1) waits until so many letters were sent, and returns them. They leave in threads."""
    mailman = app.extensions["mailman"]
    mailman.outbox = []

    def sent(number: int) -> list[Any]:
        until = time.monotonic() + 5
        while len(mailman.outbox) < number and time.monotonic() < until:
            time.sleep(0.005)
        assert len(mailman.outbox) == number
        return list(mailman.outbox)

    return sent


@pytest.fixture
def quiet(app: Any) -> Callable[[], None]:
    """quiet() waits for the threads that send letters, and asserts that none was sent."""
    import threading

    mailman = app.extensions["mailman"]
    mailman.outbox = []

    def check() -> None:
        for thread in threading.enumerate():
            if thread.name == "letter":
                thread.join(5)
        assert mailman.outbox == []

    return check
