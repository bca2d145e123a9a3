"""What an SQL challenge asks: tables, a query that solves it, and the data it is judged on."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from mlarena.challenges.contents.base import CaseIn, Content
from mlarena.challenges.sql import SqlCase, SqlSpec
from mlarena.challenges.sql.spec import (
    DEFAULT_TIME_LIMIT_MS,
    MOST_CASES,
    MOST_TIME_LIMIT_MS,
    Engine,
    Ranking,
)

LONGEST_SCRIPT = 1 << 20  # characters
LONGEST_QUERY = 64 * 1024
MOST_CHANGES = 50

Script = Annotated[str, Field(max_length=LONGEST_SCRIPT)]
Change = Annotated[str, Field(min_length=1, max_length=500)]


class SqlCaseIn(CaseIn):
    """`data` fills the tables of `init`. FE and LE are ranked on the one case that `is_benchmark`."""

    data: Script
    is_benchmark: bool = False


class SqlContent(Content):
    cases_field: ClassVar[str] = "test_cases"

    type: Ranking = "FE"
    engine: Engine = "sqlite"
    init: Script
    solution: str = Field(max_length=LONGEST_QUERY)
    require_names: bool = False
    no_difference: list[Change] = Field(default_factory=list, max_length=MOST_CHANGES)
    time_limit_ms: int = Field(DEFAULT_TIME_LIMIT_MS, ge=100, le=MOST_TIME_LIMIT_MS)
    test_cases: list[SqlCaseIn] = Field(min_length=1, max_length=MOST_CASES)

    @model_validator(mode="after")
    def _one_benchmark(self) -> SqlContent:
        if sum(case.is_benchmark for case in self.test_cases) > 1:
            raise ValueError("One case at most is the benchmark.")
        return self

    def spec(self) -> SqlSpec:
        """For the judge. Its cases are numbered from 1: rows do not exist before the checks are passed."""
        return SqlSpec(
            engine=self.engine,
            type=self.type,
            init=self.init,
            solution=self.solution,
            cases=tuple(
                SqlCase(number, case.data, case.is_visible, case.is_benchmark)
                for number, case in enumerate(self.test_cases, 1)
            ),
            require_names=self.require_names,
            no_difference=tuple(self.no_difference),
            time_limit_ms=self.time_limit_ms,
        )
