"""What an accepted attempt costs, and who shares a rank."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.challenges.sql import Engines, Prepared, SqlCase, SqlSpec, rank
from mlarena.challenges.sql.engines.racing import Pace, race, settled, yardsticks
from mlarena.challenges.sql.engines.ran import Lap, Run, rounded
from mlarena.challenges.sql.ranking import cost
from mlarena.challenges.sql.spec import Engine

pytestmark = pytest.mark.pure

INIT = "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT)"
ROWS = (
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
    "SELECT i, 'w' || (i % 97) FROM n"
)
DUCK_ROWS = "INSERT INTO t SELECT i, 'w' || (i % 97) FROM range(1, {} + 1) n(i)"
SOLUTION = "SELECT word, count(DISTINCT id % 1000) FROM t GROUP BY word"


SOLUTIONS = 10.0  # yardsticks


def laps(*cpu: float, beside: float = 10.0, steps: int = 0) -> list[Lap]:
    return [Lap(one, beside, one + 1, steps) for one in cpu]


class Machine:
    """Its speed changes from stretch to stretch, on each core by itself; a slow stretch slows a query less
    than the yardstick. Every run is some percent off, to the slow side."""

    def __init__(self, query: float, seed: int, clean: float = 0.4) -> None:
        self._query, self._chance, self._clean = query, random.Random(seed), clean
        self._core, self._slow, self._left = 0, [True, True], [0, 0]
        self.turns = 0

    def _run(self, milliseconds: float, slower: float) -> float:
        core = self._core
        if self._left[core] == 0:
            self._slow[core] = self._chance.random() > self._clean
            self._left[core] = self._chance.randrange(5, 60)
        self._left[core] -= 1
        off = 1 + self._chance.expovariate(1 / 0.02)
        return milliseconds * off * (slower if self._slow[core] else 1.0)

    def yardstick(self) -> float:
        return self._run(10.0, 1.85)

    def lap(self) -> Run:
        took = self._run(self._query, 1.7)
        return Run(took, took, 0)

    def turn(self) -> None:
        self.turns += 1
        self._core = 1 - self._core


@given(seed=st.integers(0, 10**6))
def test_two_queries_ten_percent_apart_stand_in_order_whatever_the_machine_does(seed: int) -> None:
    pace = Pace()
    race(Machine(20, seed, clean=1.0), pace)
    less = yardsticks(race(Machine(20, seed), pace, patience=0.1))
    more = yardsticks(race(Machine(22, seed + 1), pace, patience=0.1))
    assert less < more


def test_a_race_goes_where_the_machine_is_at_its_own_speed() -> None:
    pace = Pace()
    race(Machine(20, 1, clean=1.0), pace)
    disturbed = Machine(20, 2)
    found = race(disturbed, pace)
    assert sum(lap.yardstick_ms < 11 for lap in found) >= 2
    assert disturbed.turns > 0


def test_a_machine_that_never_comes_to_rest_is_not_waited_for_for_ever() -> None:
    pace = Pace()
    pace.note(10.0)
    found = race(Machine(20, 3, clean=0.0), pace, patience=0.05)
    assert len(found) >= 7
    assert yardsticks(found) == pytest.approx(20 * 1.7 / 18.5, rel=0.05)


def test_another_machine_s_speed_is_forgotten() -> None:
    pace = Pace()
    pace.note(1.0)
    for _ in range(50):
        pace.note(10.0)
    assert pace.fastest() == 10.0


def test_laps_are_run_until_the_least_two_agree() -> None:
    assert settled(laps(180, 300, 181), 10)
    assert not settled(laps(180, 300, 183), 10)
    assert not settled([*laps(180), *laps(180, beside=11)], 10)  # nor by one at another speed
    assert not settled(laps(180, 181, beside=11), 10)


def test_the_least_processor_time_counts_of_the_laps_at_the_machine_s_own_speed() -> None:
    found = cost([*laps(300, 200, 500), *laps(150, beside=12)], SOLUTIONS)
    assert found.ratio == 2
    assert found.execution_ms == 151
    assert found.bucket == round(math.log(2) / math.log(1.05))


@pytest.mark.parametrize(
    ("ratio", "same"), [(1.0, True), (1.02, True), (0.98, True), (1.06, False), (0.94, False)]
)
def test_costs_within_five_percent_are_a_tie(ratio: float, same: bool) -> None:
    reference = cost(laps(100), SOLUTIONS)
    assert reference.bucket == 0
    assert (cost(laps(100 * ratio), SOLUTIONS).bucket == 0) == same


def test_fewer_steps_break_a_tie_and_equal_ones_share_the_rank() -> None:
    few, many, as_many = (
        cost(laps(101, steps=steps), SOLUTIONS).rank_key() for steps in (100, 200, 200)
    )
    assert few < many
    assert many == as_many
    assert cost(laps(50, steps=900), SOLUTIONS).rank_key() < few


def test_steps_are_rounded() -> None:
    assert [rounded(count) for count in (0, 7, 99, 123, 1_249, 987_654)] == [
        *(0, 7, 99, 120, 1200, 990_000)
    ]


@pytest.fixture(params=["sqlite", "duckdb"])
def prepared(request: pytest.FixtureRequest, prepare: Callable[[SqlSpec], Prepared]) -> Prepared:
    engine: Engine = request.param
    rows, many = (ROWS, 60_000) if engine == "sqlite" else (DUCK_ROWS, 1_500_000)
    init = INIT if engine == "sqlite" else INIT.replace(" PRIMARY KEY", "")
    cases = (
        SqlCase(1, rows.format(100), is_visible=True),
        SqlCase(2, rows.format(many), is_visible=False, is_benchmark=True),
    )
    return prepare(SqlSpec(engine, "FE", init, SOLUTION, cases))


def test_more_work_costs_more(prepared: Prepared, engines: Engines) -> None:
    same = rank(prepared, SOLUTION, engines)
    six_times = " UNION ALL ".join(["SELECT * FROM t"] * 6)
    more = rank(
        prepared,
        f"SELECT word, count(DISTINCT id % 1000) FROM ({six_times}) x GROUP BY word",
        engines,
    )
    assert same
    assert more
    assert more.ratio > 1.5 * same.ratio  # how exact it is: benchmarks.sql
    assert same.execution_ms >= 10
    if prepared.engine == "sqlite":
        assert 4 < more.steps / same.steps < 9


def test_without_a_benchmark_nothing_is_ranked(
    prepare: Callable[[SqlSpec], Prepared], engines: Engines
) -> None:
    cases = (SqlCase(1, ROWS.format(100), is_visible=True),)
    prepared = prepare(SqlSpec("sqlite", "FE", INIT, SOLUTION, cases))
    assert rank(prepared, SOLUTION, engines) is None


def test_a_query_that_fails_on_the_benchmark_has_no_cost(
    prepared: Prepared, engines: Engines
) -> None:
    assert rank(prepared, "SELECT nope FROM t", engines) is None
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    prepared.time_limit_ms, kept = 300, prepared.time_limit_ms
    try:
        assert rank(prepared, endless, engines) is None
    finally:
        prepared.time_limit_ms = kept
