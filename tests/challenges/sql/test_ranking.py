"""What an accepted attempt costs, and who shares a rank."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from mlarena.challenges.sql import Engines, Prepared, SqlCase, SqlSpec, rank
from mlarena.challenges.sql.engines.jailed import settled
from mlarena.challenges.sql.engines.ran import Lap, rounded
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


def laps(*cpu: float, steps: int = 0) -> list[Lap]:
    return [Lap(one, one + 1, steps) for one in cpu]


def test_laps_are_run_until_the_least_two_agree() -> None:
    assert settled([laps(100, 130, 100.9), laps(180, 300, 181)])
    assert not settled([laps(100, 130, 100.9), laps(180, 300, 183)])


def test_the_least_processor_time_counts() -> None:
    found = cost(laps(100, 130, 90), laps(300, 180, 500))
    assert found.ratio == 2
    assert found.execution_ms == 181
    assert found.bucket == round(math.log(2) / math.log(1.05))


@pytest.mark.parametrize(
    ("ratio", "same"), [(1.0, True), (1.02, True), (0.98, True), (1.06, False), (0.94, False)]
)
def test_costs_within_five_percent_are_a_tie(ratio: float, same: bool) -> None:
    reference = cost(laps(100), laps(100))
    assert reference.bucket == 0
    assert (cost(laps(100), laps(100 * ratio)).bucket == 0) == same


def test_fewer_steps_break_a_tie_and_equal_ones_share_the_rank() -> None:
    few, many, as_many = (
        cost(laps(100), laps(101, steps=steps)).rank_key() for steps in (100, 200, 200)
    )
    assert few < many
    assert many == as_many
    assert cost(laps(100), laps(50, steps=900)).rank_key() < few


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
