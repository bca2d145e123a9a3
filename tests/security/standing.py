"""A world that is made once and stands for as long as nobody changes anything in it.

To make the people and things of a test takes longer than five callers at a door. Most doors only look, or
send everybody away: the next one is tried in the same world. Whoever changes something in the database, or by
anything but GET in Redis, leaves the world to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import redis as redis_library

READING = ("SELECT", "PRAGMA", "EXPLAIN")


@dataclass
class Standing:
    """What one test hands to the next: the ids of things, and who is signed in, by caller."""

    redis: redis_library.Redis
    about: tuple[Any, ...] = ()
    things: dict[str, Any] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    keys: dict[tuple[str, str], Any] = field(default_factory=dict)
    stands: bool = False
    _watching: bool = False

    def begin(self, about: tuple[Any, ...]) -> None:
        """A new world, in which this is tried."""
        self.about, self.stands = about, True
        self.things, self.people, self.keys = {}, {}, {}

    def note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        """Hears every statement; what is written while a world is being made belongs to it."""
        if self._watching and not statement.lstrip().upper().startswith(READING):
            self.stands = False

    @contextmanager
    def watched(self, method: str) -> Iterator[None]:
        """Somebody is at a door."""
        written = self._written()
        self._watching = True
        try:
            yield
        finally:
            self._watching = False
        # A page may fill a cache. It stays what it was.
        if method != "GET" and self._written() != written:
            self.stands = False

    def _written(self) -> int:
        """How often something was changed in this Redis, by anybody."""
        return int(self.redis.info("persistence")["rdb_changes_since_last_save"])
