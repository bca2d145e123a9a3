"""From the text of a query to a result per case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from mlarena.challenges.sql import statement
from mlarena.challenges.sql.engines import Engines, EngineUnavailable
from mlarena.challenges.sql.engines.ran import MOST_BYTES, Engine, Failure, PlanFailed, Ran
from mlarena.challenges.sql.prepared import Group, Prepared, PreparedCase
from mlarena.challenges.sql.results import CaseResult, Category, Grid, Judged
from mlarena.scoring.tables import compare

# Cases out of time, after which the rest is not waited for; in a run somebody sits and waits.
MOST_TIMEOUTS, MOST_IN_A_RUN = 3, 1

OnCase = Callable[[CaseResult], None]

HIDDEN_WORDS: dict[str, str] = {
    "wrong_rows": "Not the expected rows.",
    "wrong_order": "The rows are right, but not in the expected order.",
    "wrong_columns": "Not the expected columns.",
    "error": "The query stopped with an error on this case.",
    "timeout": "The query took too long on this case.",
    "refused": "The query does something that is not allowed.",
}


def judge(
    prepared: Prepared,
    query: str,
    engines: Engines,
    *,
    cases: Literal["all", "visible"] = "all",
    on_case: OnCase | None = None,
) -> Judged:
    """Run `query` on the cases and compare. `on_case` hears each result as soon as it is there.

    Never raises for what a learner can write.
    """
    try:
        attempt = statement.attempt(statement.as_text(query), prepared.engine)
        most = MOST_TIMEOUTS if cases == "all" else MOST_IN_A_RUN
        judging = _Judging(prepared, attempt, engines.get(prepared.engine), on_case, most)
        judging.run("visible")
        if cases == "all":
            judging.run("hidden")
    except statement.Refusal as refusal:
        return Judged(error=str(refusal), category="refused")
    except EngineUnavailable as unavailable:
        return Judged(error=str(unavailable), category="unavailable")
    found = judging.found
    results = [found[case.id] for case in prepared.cases if case.id in found]
    passed = sum(result.passed for result in results)
    return Judged(
        results=results,
        score=round(100 * passed / len(results), 2) if results else 0.0,
        execution_ms=sum(result.execution_ms or 0.0 for result in results),
    )


class _Judging:
    """One attempt: first the visible cases, then, in another process, the hidden ones."""

    def __init__(
        self,
        prepared: Prepared,
        attempt: statement.Attempt,
        engine: Engine,
        on_case: OnCase | None,
        most_timeouts: int,
    ) -> None:
        self._most_timeouts = most_timeouts
        self._prepared, self._attempt, self._engine = prepared, attempt, engine
        self._on_case = on_case
        self._cases: list[PreparedCase] = []
        self._timeouts = 0
        self._static: str | None = None
        self.found: dict[int, CaseResult] = {}

    def run(self, group: Group) -> None:
        self._cases = self._prepared.of(group)
        if self._cases and self._timeouts < self._most_timeouts:
            self._engine.run(
                self._attempt.text,
                self._prepared.images(group),
                range(len(self._cases)),
                self._prepared.time_limit_ms,
                self._take,
            )
        for case in self._cases:
            if case.id not in self.found:
                before = "a case" if self._most_timeouts == 1 else f"{self._most_timeouts} cases"
                words = f"Not run: the query took too long on {before} before."
                self._tell(case, _failed(case, "timeout", words))

    def _take(self, number: int, ran: Ran) -> bool:
        case = self._cases[number]
        if ran.failure and ran.failure.category == "timeout":
            self._timeouts += 1
        self._tell(case, self._result(case, ran))
        return self._timeouts < self._most_timeouts

    def _tell(self, case: PreparedCase, result: CaseResult) -> None:
        self.found[case.id] = result
        if self._on_case:
            self._on_case(result)

    def _result(self, case: PreparedCase, ran: Ran) -> CaseResult:
        if ran.failure or ran.table is None:
            return self._failure(case, ran.failure or Failure("error"))
        found = compare(case.expected, ran.table, self._prepared.rule(case), self._attempt.sorts)
        result = CaseResult(
            test_case_id=case.id,
            is_visible=case.is_visible,
            status="COMPLETED",
            passed=found.equal,
            category=found.fault,
            execution_ms=ran.milliseconds,
        )
        if not case.is_visible:
            return replace(result, message=HIDDEN_WORDS[found.fault] if found.fault else None)
        return replace(
            result,
            message=found.message or None,
            expected_result=case.expected_grid,
            actual_result=Grid.of(ran.table),
            difference=found.difference.as_json() if found.difference else None,
        )

    def _failure(self, case: PreparedCase, failure: Failure) -> CaseResult:
        category: Category = "error"
        if failure.category in ("timeout", "refused"):
            category = "timeout" if failure.category == "timeout" else "refused"
        if case.is_visible:
            result = _failed(case, category, self._words(failure))
            return replace(result, expected_result=case.expected_grid)
        words = HIDDEN_WORDS[category]
        if failure.category in ("error", "refused"):
            # What the engine says without any data in sight may be told; anything else may show it.
            words = self._said_without_data() or words
        return _failed(case, category, words)

    def _words(self, failure: Failure) -> str:
        seconds = self._prepared.time_limit_ms / 1e3
        words = {
            "timeout": f"The query took longer than {seconds:g} seconds and was stopped.",
            "memory": "The query needed more memory than it may use.",
            "too_big": f"The result is larger than {MOST_BYTES >> 20} MB.",
            "crashed": "The engine broke on this query.",
        }
        return words.get(failure.category) or failure.message or "The query failed."

    def _said_without_data(self) -> str:
        """The engine's message for the query on empty tables: a syntax error, a wrong name."""
        if self._static is None:
            self._static = ""
            try:
                self._engine.plan(self._attempt.text, self._prepared.images("schema"), 0)
            except PlanFailed as failed:
                self._static = str(failed)
        return self._static


def _failed(case: PreparedCase, category: Category, message: str) -> CaseResult:
    return CaseResult(
        test_case_id=case.id,
        is_visible=case.is_visible,
        status="FAILED",
        passed=False,
        category=category,
        message=message,
    )
