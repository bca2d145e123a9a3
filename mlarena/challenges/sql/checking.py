"""The checks that run something: one after the other, each on what the one before it found."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mlarena.challenges.sql import order, solution, statement
from mlarena.challenges.sql.engines import racing
from mlarena.challenges.sql.engines.ran import (
    MOST_BYTES,
    MOST_ROWS,
    BuildFailed,
    BuildLate,
    Built,
    Engine,
    EngineUnavailable,
    Failure,
    Ran,
)
from mlarena.challenges.sql.grouped import Grouped, groups_of
from mlarena.challenges.sql.prepared import Piece, Prepared, PreparedCase
from mlarena.challenges.sql.reading import sample_tables
from mlarena.challenges.sql.results import Grid, SolutionRun
from mlarena.challenges.sql.spec import SqlCase, SqlSpec
from mlarena.scoring.tables import Rule, Table, compare

LEAST_BENCHMARK_MS = 20.0
SHOWN_ROWS = 10  # of the solution's result on a case
CHECK_FACTOR = 5  # the solution may take this many times its own limit while it is checked,
MOST_PATIENCE_MS = 20_000  # but no more than this, or its limit: its author waits for the answer
NOT_RUN = Ran(failure=Failure("timeout", "Not run: the solution took too long on a case before."))


class Stop(Exception):
    """Errors were found; nothing further can be checked."""


class Checking:
    """One run of the checks; each step needs what the one before it found."""

    def __init__(self, spec: SqlSpec, engine: Engine) -> None:
        self.spec, self.engine = spec, engine
        self.errors: dict[str, list[str]] = defaultdict(list)
        self.warnings: list[str] = []
        self.ran: list[SolutionRun] = []
        self.attempt = statement.attempt(spec.solution, spec.engine)

    def prepare(self) -> Prepared:
        schema = self._build_schema()
        built = self._build_cases(self.spec.init)
        images = Grouped(self.spec.cases, built)
        try:
            return self._prepare(schema, built, images)
        finally:
            images.release(self.engine)

    def _prepare(self, schema: Built, built: list[Built], images: Grouped) -> Prepared:
        results = self._run_solution(images)
        self._check_not_empty(results)
        ties = self._find_order(images, [ran.table for ran in results if ran.table])
        yardsticks = self._check_benchmark(images)
        self._try_mutants(images, results, ties, built[0].about.get("tables", []))
        self._warn_about_cases()
        cases = [
            _case(case, one, ran, groups)
            for case, one, ran, groups in zip(self.spec.cases, built, results, ties, strict=True)
        ]
        return Prepared(
            engine=self.spec.engine,
            type=self.spec.type,
            solution=self.attempt.text,
            normalised_solution=statement.normalise(self.attempt.text, self.spec.engine),
            require_names=self.spec.require_names,
            time_limit_ms=self.spec.time_limit_ms,
            yardsticks=yardsticks,
            cases=cases,
            schema=Piece.of(schema.image),
            tables=sample_tables(self.spec, built, lambda query, at: self._ask(query, images, at)),
        )

    def _stop_if_wrong(self) -> None:
        if self.errors:
            raise Stop

    def _build_schema(self) -> Built:
        (built,) = self.engine.build([[self.spec.init]])
        if isinstance(built, BuildFailed):
            self.errors["init"].append(built.message)
            raise Stop
        return built

    def _build_cases(self, init: str, reverse: bool = False) -> list[Built]:
        """Every case, visible and hidden ones apart, as attempts will see them; none after one that never
        ends."""
        found: dict[int, Built] = {}
        for numbers in groups_of(self.spec.cases):
            scripts = [[init, self.spec.cases[number].data] for number in numbers]
            for number, built in zip(numbers, self.engine.build(scripts, reverse), strict=True):
                field = f"test_cases.{number}.data"
                if isinstance(built, BuildFailed):
                    self.errors["init" if built.place == 0 else field].append(built.message)
                    if isinstance(built, BuildLate):
                        raise Stop
                    continue
                for problem in built.about.get("problems", []):
                    self.errors[field].append(f"The data breaks a declared key: {problem}.")
                found[number] = built
        self._stop_if_wrong()
        return [found[number] for number in range(len(self.spec.cases))]

    def _run(self, query: str, images: Grouped) -> list[Ran]:
        """`query` on every case, with patience: but what never ends is waited for on one case alone."""
        found: dict[int, Ran] = {}

        def take(number: int, ran: Ran) -> bool:
            found[number] = ran
            return ran.failure is None or ran.failure.category != "timeout"

        images.run(self.engine, query, self._patience, take)
        return [found.get(number, NOT_RUN) for number in range(len(self.spec.cases))]

    @property
    def _patience(self) -> float:
        limit = self.spec.time_limit_ms
        return min(CHECK_FACTOR * limit, max(limit, MOST_PATIENCE_MS))

    def _run_solution(self, images: Grouped) -> list[Ran]:
        results = self._run(self.attempt.text, images)
        for case, ran in zip(self.spec.cases, results, strict=True):
            problem = self._problem(ran)
            if problem and ran is not NOT_RUN:
                self.errors["solution"].append(f"{self._name(case)}: {problem}")
            shown = Grid.of(ran.table, SHOWN_ROWS) if ran.table else None
            self.ran.append(SolutionRun(problem or None, ran.milliseconds, shown))
        self._stop_if_wrong()
        return results

    def _problem(self, ran: Ran) -> str:
        """What is wrong with the solution's own run, if anything is."""
        limit = self.spec.time_limit_ms
        if ran is NOT_RUN and ran.failure:
            return ran.failure.message
        if ran.failure or ran.table is None:
            return _words(ran.failure or Failure("error"), self._patience)
        if ran.table.more:
            return f"it returns more than {MOST_ROWS:,} rows. Add a condition, or aggregate."
        if ran.milliseconds and ran.milliseconds > limit:
            return (
                f"it takes {ran.milliseconds:,.0f} ms, longer than the time limit of {limit:,} ms "
                "that attempts have."
            )
        return ""

    def _name(self, case: SqlCase) -> str:
        return f"Case {self.spec.cases.index(case) + 1}"

    def _check_not_empty(self, results: list[Ran]) -> None:
        if not any(ran.table and ran.table.rows for ran in results):
            self.errors["solution"].append(
                "The solution returns no rows on any case: every query that finds nothing would "
                "pass. Add data that it selects."
            )
        self._stop_if_wrong()

    def _find_order(self, images: Grouped, results: list[Table]) -> list[list[int] | None]:
        """The ties of each case; refuses results that depend on the order of the rows put in."""
        reversed_results = self._run_reversed()
        ties: list[list[int] | None] = []
        for number, (case, result, again) in enumerate(
            zip(self.spec.cases, results, reversed_results, strict=True)
        ):

            def ask(query: str, number: int = number) -> Table | None:
                return self._ask(query, images, number)

            try:
                ties.append(order.find_ties(self.attempt, result, again, ask))
            except order.CutsTie:
                self.errors["solution"].append(
                    f"{self._name(case)}: LIMIT cuts through rows that tie, so that which of them "
                    "are returned is left to chance. Make the ORDER BY total (add a key), or change "
                    "the data."
                )
                continue
            if not compare(result, again, self._rule(None)).equal:
                self._tell_dependence(self._name(case))
        self._stop_if_wrong()
        return ties

    def _tell_dependence(self, name: str) -> None:
        """The same rows, put in in another order, give another result."""
        told = (
            f"{name}: the result is another one when the same rows are put in in another order. Make "
            "it depend on the data alone: "
        )
        if solution.cuts_anywhere(self.attempt):
            self.errors["solution"].append(
                told + "a LIMIT picks some of several rows that tie; make its ORDER BY total."
            )
        else:
            self.warnings.append(
                told
                + "an aggregate or a window function takes rows that tie as they come; give it "
                "an ORDER BY that is total, or right queries may fail."
            )

    def _run_reversed(self) -> list[Table]:
        """The solution on the same rows, put in in the opposite order."""
        images = Grouped(self.spec.cases, self._build_reversed())
        try:
            results = self._run(self.attempt.text, images)
        finally:
            images.release(self.engine)
        for case, ran in zip(self.spec.cases, results, strict=True):
            if ran.table is None and ran is not NOT_RUN:
                failure = ran.failure or Failure("error")
                self.errors["solution"].append(
                    f"{self._name(case)}, with the rows put in in the opposite order: "
                    + _words(failure, self._patience)
                )
        self._stop_if_wrong()
        return [ran.table for ran in results if ran.table]

    def _build_reversed(self) -> list[Built]:
        init = solution.without_foreign_keys(self.spec.init, self.spec.engine)
        if init != self.spec.init:
            try:
                return self._build_cases(init, reverse=True)
            except Stop:  # what sqlglot made of the script does not run: as it was written, then
                self.errors.clear()
        return self._build_cases(self.spec.init, reverse=True)

    def _ask(self, query: str, images: Grouped, number: int) -> Table | None:
        found: list[Ran] = []

        def take(_: int, ran: Ran) -> bool:
            found.append(ran)
            return True

        images.run(self.engine, query, self._patience, take, [number])
        table = found[0].table
        return None if table is None or table.more else table

    def _rule(self, ties: list[int] | None) -> Rule:
        return Rule(
            ties=ties, names=self.spec.require_names, loose_text=self.spec.engine == "sqlite"
        )

    def _check_benchmark(self, images: Grouped) -> float | None:
        """What the solution takes there, in yardsticks."""
        marked = [number for number, case in enumerate(self.spec.cases) if case.is_benchmark]
        if not marked:
            return None  # accepted attempts are not ranked by what they cost
        (number,) = marked
        laps = images.race(self.engine, self.attempt.text, number, self.spec.time_limit_ms)
        took = min((lap.cpu_ms for lap in laps), default=0.0)
        if took < LEAST_BENCHMARK_MS:
            self.errors[f"test_cases.{number}.data"].append(
                f"The solution takes {took:.1f} ms on the benchmark case; below "
                f"{LEAST_BENCHMARK_MS:g} ms, differences are noise. Put in more rows, or do not mark "
                "the case as benchmark."
            )
        self._stop_if_wrong()
        return racing.yardsticks(laps)

    def _try_mutants(
        self,
        images: Grouped,
        results: list[Ran],
        ties: Sequence[list[int] | None],
        tables: list[dict[str, Any]],
    ) -> None:
        """A warning for each typical mistake that would pass, and that the author did not say is none."""
        said = set(self.spec.no_difference)
        for mutant in solution.mutants(self.attempt, tables):
            passes = self._passes(mutant.query, images, results, ties)
            if mutant.done in self.spec.no_difference:
                if passes:
                    said.discard(mutant.done)
            elif passes:
                self.warnings.append(
                    f"The cases are weak: the solution {mutant.done} passes all of them. Add rows "
                    "that make a difference, or say that it makes none, whatever the rows."
                )
        self.warnings += [
            f"“{done}” does make a difference, or is not tried on this solution: take it out of "
            "what makes none."
            for done in self.spec.no_difference
            if done in said
        ]

    def _passes(
        self,
        query: str,
        images: Grouped,
        results: list[Ran],
        ties: Sequence[list[int] | None],
    ) -> bool:
        equal: list[bool] = []
        sorts = statement.attempt(query, self.spec.engine).sorts

        def take(number: int, ran: Ran) -> bool:
            expected = results[number].table
            equal.append(
                bool(
                    expected
                    and ran.table
                    and compare(expected, ran.table, self._rule(ties[number]), sorts).equal
                )
            )
            return equal[-1]

        try:
            images.run(self.engine, query, self.spec.time_limit_ms, take)
        except EngineUnavailable:
            return False
        return all(equal)

    def _warn_about_cases(self) -> None:
        if solution.depends_on_time(self.attempt):
            self.warnings.append(
                "The solution asks for the current time or for chance: what it returns now is what "
                "attempts are compared with later."
            )
        if not any(case.is_visible for case in self.spec.cases):
            self.warnings.append("No case is visible: learners cannot run their queries.")
        if all(case.is_visible for case in self.spec.cases):
            self.warnings.append(
                "Every case is visible: a query that returns the expected rows as they stand would "
                "pass. Add a hidden case."
            )


def _words(failure: Failure, milliseconds: float) -> str:
    words = {
        "timeout": f"it takes longer than {milliseconds / 1e3:g} seconds.",
        "memory": "it needs too much memory.",
        "too_big": f"its result is larger than {MOST_BYTES >> 20} MB.",
        "crashed": "the engine breaks on it.",
    }
    return words.get(failure.category) or failure.message or "it fails."


def _case(case: SqlCase, built: Built, ran: Ran, ties: list[int] | None) -> PreparedCase:
    table = ran.table or Table([], [])
    rows = json.dumps(table.rows, ensure_ascii=False, separators=(",", ":")).encode()
    return PreparedCase(
        id=case.id,
        is_visible=case.is_visible,
        is_benchmark=case.is_benchmark,
        image=Piece.of(built.image),
        result=Piece.of(rows),
        columns=table.columns,
        ties=ties,
        milliseconds=ran.milliseconds or 0.0,
    )
