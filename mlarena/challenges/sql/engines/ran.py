"""What the engines have in common, seen from outside: cases in, results or failures out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mlarena.challenges.sql.results import PlanNode
from mlarena.scoring.tables import Table

MOST_ROWS = 50_000
MOST_BYTES = 16 << 20
BUILD_SECONDS = 20.0


class EngineUnavailable(RuntimeError):
    """The engine is not there; the message says why, for an instructor or operator."""


class BuildFailed(Exception):
    """A script does not run. `place` is its number (0 is `init`), None when the time was up."""

    def __init__(self, message: str, place: int | None = None) -> None:
        super().__init__(message)
        self.message, self.place = message, place


class BuildLate(BuildFailed):
    """A script that was stopped for its time. What is to be built after it is not waited for."""


class PlanFailed(Exception):
    """The engine cannot plan the query; the message is the engine's, and says nothing of data."""


@dataclass(frozen=True)
class Failure:
    """Why a query gave no result.

    category: error (the engine's message in `message`), refused, timeout, memory, crashed,
        too_big.
    """

    category: str
    message: str = ""


@dataclass(frozen=True)
class Ran:
    """A query on one case: a result, or a failure."""

    table: Table | None = None
    failure: Failure | None = None
    milliseconds: float | None = None
    steps: int = 0


@dataclass(frozen=True)
class Built:
    """A case made ready: what the engine opens it from, and what is in it.

    about: `tables` (name, kind, columns, links, rows) and `problems`, as the engine's reader says.
    """

    image: bytes
    about: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What one run of a query took.

    steps: the engine's own count of its work, rounded, 0 where it has none: opcodes of SQLite; on
        PostgreSQL blocks, and behind them the rows that went through the plan.
    """

    cpu_ms: float
    milliseconds: float
    steps: int


@dataclass(frozen=True)
class Lap:
    """One of the runs that a cost is made of, and what the slower of the two yardsticks beside it took."""

    cpu_ms: float
    yardstick_ms: float
    milliseconds: float
    steps: int


def rounded(count: int) -> int:
    """`count` to two digits: what differs by less is not another way of doing it."""
    if count <= 0:
        return 0
    scale = max(0, math.floor(math.log10(count)) - 1)
    return round(count, -scale)


@dataclass
class Images:
    """Images of the cases that one attempt may see together.

    `shared` keeps what an engine made of them for as long as the images are kept. `reused`: several
    queries of the same author run on them, who may also share what is made for one run, until
    release().
    """

    images: Sequence[bytes]
    reused: bool = False
    shared: dict[str, Any] = field(default_factory=dict)


class Engine(Protocol):
    """An engine that is configured here."""

    def build(
        self, cases: Sequence[Sequence[str]], reverse: bool = False
    ) -> list[Built | BuildFailed]:
        """The cases that an attempt may see together: of each, its scripts on an empty database.

        reverse: the rows of each table are then put in again in the opposite order; for `reused`
        images only. Raises EngineUnavailable.
        """
        ...

    def run(
        self,
        query: str,
        images: Images,
        wanted: Sequence[int],
        milliseconds: float,
        told: Callable[[int, Ran], bool],
    ) -> None:
        """Run `query` on the images numbered in `wanted`, each by itself.

        `told` hears the number and what came of it; it answers whether to go on. Raises
        EngineUnavailable when the fault is ours.
        """
        ...

    def race(self, query: str, images: Images, place: int, milliseconds: float) -> list[Lap] | None:
        """Run `query` and the engine's yardstick in turn, after one warm-up; see racing.

        None when it fails. Raises EngineUnavailable.
        """
        ...

    def plan(self, query: str, images: Images, place: int) -> PlanNode:
        """Raises PlanFailed, EngineUnavailable."""
        ...

    def release(self, images: Images) -> None:
        """Images that were `reused` are needed no more."""
        ...
