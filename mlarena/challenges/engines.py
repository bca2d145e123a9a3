"""The SQL engines of this process. Only one that judges ever opens them; the workers tell the others, with
their signs of life, what they lack."""

from __future__ import annotations

import threading
import time

from mlarena.challenges.sql import Engines
from mlarena.core.config import settings
from mlarena.submissions.jail import sandbox

ASK_SECONDS = 10.0

_engines: Engines | None = None
_absent: Absent | None = None
_opening = threading.Lock()


def engines() -> Engines:
    """This process's engines, opened on first use."""
    global _engines
    with _opening:
        if _engines is None:
            here = settings()
            _engines = Engines(
                sandbox(),
                challenge_database_url=here.challenge_database_url,
                application_database_url=here.database,
                embedded_folder=here.mlarena_data / "challenge-postgres",
            )
        return _engines


class Absent:
    """Engines that are away. Asked again every few seconds, not at every sign of life."""

    def __init__(self, of: Engines) -> None:
        self._of = of
        self._asked = float("-inf")
        self._found: dict[str, str] = {}

    def now(self) -> dict[str, str]:
        if time.monotonic() - self._asked > ASK_SECONDS:
            self._found = self._of.absent()
            self._asked = time.monotonic()
        return self._found


def lacking() -> dict[str, str]:
    """The engines that this process cannot use, and why: what a worker says with its sign of life."""
    global _absent
    here = engines()
    if _absent is None:
        _absent = Absent(here)
    return _absent.now() | {name: why for name, why in here.available().items() if why}


def close() -> None:
    """End them, and what they run."""
    global _engines, _absent
    with _opening:
        if _engines is not None:
            _engines.close()
            _engines = _absent = None
