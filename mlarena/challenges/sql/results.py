"""What comes out of checking, judging and ranking. Every field is plain data, ready for JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mlarena.scoring.differences import shown
from mlarena.scoring.tables import Table

if TYPE_CHECKING:
    from mlarena.challenges.sql.prepared import Prepared

MOST_SHOWN = 200

Category = Literal[
    "wrong_rows", "wrong_order", "wrong_columns", "error", "timeout", "refused", "unavailable"
]


@dataclass(frozen=True)
class SolutionRun:
    """What the solution did on one case while it was checked: its first rows, or what is wrong with it."""

    error: str | None
    execution_ms: float | None
    result: Grid | None


@dataclass(frozen=True)
class Checked:
    """What saving a challenge found.

    errors: field -> messages; the fields are `engine`, `init`, `solution`, `test_cases`, and
        `test_cases.N.data` for the N-th case counted from 0. Not empty: the challenge may not be
        published and `prepared` is None.
    warnings: the challenge works, but e.g. a wrong query would pass all its cases.
    ran: the solution on every case, if the checks came so far as to run it.
    """

    errors: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    prepared: Prepared | None = None
    ran: list[SolutionRun] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.errors


@dataclass(frozen=True)
class Grid:
    """A result as text for people: `rows` hold a string per cell, None for NULL.

    `total` counts all rows, of which at most MOST_SHOWN are in `rows`.
    """

    columns: list[str]
    rows: list[list[str | None]]
    total: int

    @classmethod
    def of(cls, table: Table, most: int = MOST_SHOWN) -> Grid:
        return cls(table.columns, [shown(row) for row in table.rows[:most]], len(table.rows))

    def as_json(self) -> dict[str, Any]:
        return {"columns": self.columns, "rows": self.rows, "total": self.total}


@dataclass(frozen=True)
class CaseResult:
    """One case of an attempt.

    status says whether the query ran to its end; passed whether it gave what was expected. category
    is None when passed. Of a hidden case there are no results, no difference and only a general
    message: never data.
    difference (visible, failed): see mlarena.scoring.tables.Difference.as_json.
    """

    test_case_id: int
    is_visible: bool
    status: Literal["COMPLETED", "FAILED"]
    passed: bool
    category: Category | None = None
    message: str | None = None
    execution_ms: float | None = None
    expected_result: Grid | None = None
    actual_result: Grid | None = None
    difference: dict[str, Any] | None = None


@dataclass(frozen=True)
class Judged:
    """An attempt's results in the order of the cases. `score` is 0 to 100: the share passed.

    `error` says why nothing was run at all (then `results` is empty): the query is not one that may
    be attempted (`refused`), or the engine is not there (`unavailable`: ours, worth another try).
    """

    results: list[CaseResult] = field(default_factory=list)
    score: float = 0.0
    error: str | None = None
    category: Category | None = None
    execution_ms: float | None = None

    @property
    def passed(self) -> bool:
        return bool(self.results) and all(result.passed for result in self.results)


@dataclass(frozen=True)
class Cost:
    """What an accepted attempt costs on the benchmark case.

    ratio: its least processor time over the solution's. bucket: the number of its 5 % step on a
        log scale; within a bucket, equal `steps` (the engine's own count of its work, rounded) share
        a rank. execution_ms: the least time it took.
    `rank_key()` orders a board: for FE ascending, for LE descending; equal keys share a rank.
    """

    ratio: float
    bucket: int
    steps: int
    execution_ms: float

    def rank_key(self) -> tuple[int, int]:
        return (self.bucket, self.steps)


@dataclass(frozen=True)
class PlanNode:
    """A step of a query plan, and the steps it takes its rows from."""

    text: str
    children: tuple[PlanNode, ...] = ()


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    nullable: bool = True
    primary_key: bool = False


@dataclass(frozen=True)
class ForeignKey:
    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class TableInfo:
    """A table or view as an attempt sees it; `sample` is of the first visible case."""

    name: str
    kind: Literal["table", "view"]
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    sample: Grid | None = None


@dataclass(frozen=True)
class Description:
    """For the schema browser, completion and the ER picture."""

    engine: str
    tables: tuple[TableInfo, ...]
