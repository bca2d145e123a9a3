"""Which challenges can be solved here and now: those whose engine a living worker can use."""

from __future__ import annotations

import time

from mlarena.accounts.models import User
from mlarena.challenges.catalogue import Shelf, catalogue
from mlarena.challenges.models import Challenge
from mlarena.core import health
from mlarena.core.errors import Unavailable
from mlarena.core.redis import RedisError

# Workers beat every three seconds; lists are read some hundred times in that time.
KEPT_SECONDS = 2.0
NAMES = {"sqlite": "SQLite", "duckdb": "DuckDB", "postgres": "PostgreSQL"}
# What the jail refuses is said of all learners' code at once, and needs no list of its own.
JAILED = frozenset({"sqlite", "duckdb"})

_kept: tuple[float, dict[str, str]] | None = None


def missing() -> dict[str, str]:
    """Engines that no worker can use, and why, in words for an instructor.

    Where no worker says anything, or Redis is away, nobody can say: then nothing is.
    """
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > KEPT_SECONDS:
        _kept = time.monotonic(), _read()
    return _kept[1]


def absent() -> dict[str, str]:
    """Those of them that lists leave out."""
    return {name: why for name, why in missing().items() if name not in JAILED}


def _read() -> dict[str, str]:
    try:
        workers = [beat.get("lacking", {}) for beat in health.beats().get("worker", [])]
    except RedisError:
        return {}
    if not workers:
        return {}
    return {name: why for name, why in workers[0].items() if all(name in beat for beat in workers)}


def offered(reader: User | None) -> Shelf:
    """The published challenges; without those that nobody could judge, except for who may mend it."""
    if reader is not None and reader.is_at_least("instructor"):
        return catalogue().shelf()
    return catalogue().shelf(absent())


def why_not(challenge: Challenge) -> str | None:
    """Why it cannot be solved now; None when it can."""
    return absent().get(challenge.engine) if challenge.engine else None


def require(challenge: Challenge) -> None:
    """Raises Unavailable where nobody could judge it: refused at the door, it costs no attempt."""
    if why_not(challenge) is not None:
        raise Unavailable(not_now(challenge))


def not_now(challenge: Challenge) -> str:
    """For a learner, who can mend nothing."""
    engine = NAMES[challenge.engine or "sqlite"]
    return f"{engine} is not to be had in this arena just now, so nothing can be run or handed in here."
