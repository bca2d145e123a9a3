"""What an instructor writes: the engine, the schema, the solution and the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Engine = Literal["sqlite", "duckdb", "postgres"]
Ranking = Literal["FE", "LE"]
ENGINES: tuple[str, ...] = get_args(Engine)

DEFAULT_TIME_LIMIT_MS = 2000
MOST_TIME_LIMIT_MS = 30_000
MOST_CASES = 50


@dataclass(frozen=True)
class SqlCase:
    """One case: `data` is SQL that fills the tables of the challenge's `init`.

    `id` is the caller's own (the row's, or a number made up before there is one); it comes back in
    results. `is_benchmark` marks the one case on which accepted attempts are ranked; it is judged
    like any other too.
    """

    id: int
    data: str
    is_visible: bool
    is_benchmark: bool = False


@dataclass(frozen=True)
class SqlSpec:
    """A challenge as written. `time_limit_ms` is what one query may take on one case.

    `no_difference`: what, done to the solution, gives the same query whatever the rows, in the words of the
    check's warnings ("with LEFT JOIN visits instead of JOIN"). It cannot prove that; the author can.
    """

    engine: Engine
    type: Ranking
    init: str
    solution: str
    cases: tuple[SqlCase, ...]
    require_names: bool = False
    no_difference: tuple[str, ...] = ()
    time_limit_ms: int = DEFAULT_TIME_LIMIT_MS
