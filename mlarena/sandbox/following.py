"""Who follows a run while it goes on: hears what it prints, sees its parts, may end it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType


class Stop:
    """A switch that ends a run, from any thread. To be closed, as a context manager does."""

    def __init__(self) -> None:
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        """A descriptor that becomes readable once the switch is thrown, and stays so."""
        return self._event

    def throw(self) -> None:
        os.eventfd_write(self._event, 1)

    def __enter__(self) -> Stop:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._event)


@dataclass(frozen=True)
class Follower:
    """`told` hears each piece of text as it is printed, in the thread that waits for the run."""

    told: Callable[[str], None] | None = None
    stop: Stop | None = None
