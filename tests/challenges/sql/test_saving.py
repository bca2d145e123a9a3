"""What saving a challenge checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mlarena.challenges.sql import Engines, Prepared, SqlCase, SqlSpec, check, judge
from mlarena.challenges.sql.spec import ENGINES, MOST_CASES, Engine
from tests.challenges.sql import club

Prepare = Callable[[SqlSpec], Prepared]
INIT = "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, n INTEGER)"
ROWS = "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 2)"


def spec(solution: str, *data: str, engine: Engine = "sqlite", **changes: Any) -> SqlSpec:
    """A small challenge; the first case is visible, the others are hidden."""
    cases = tuple(SqlCase(n, rows, n == 0) for n, rows in enumerate(data or (ROWS,)))
    return SqlSpec(engine, "FE", INIT, solution, changes.pop("cases", cases), **changes)


def errors(engines: Engines, given: SqlSpec) -> dict[str, list[str]]:
    checked = check(given, engines)
    assert checked.prepared is None
    assert checked.errors
    return checked.errors


def warned(engines: Engines, given: SqlSpec) -> str:
    checked = check(given, engines)
    assert checked.prepared, checked.errors
    return "\n".join(checked.warnings)


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"engine": "oracle"}, "engine", "sqlite, duckdb, postgres"),
        ({"type": "XX"}, "type", "FE"),
        ({"time_limit_ms": 1}, "time_limit_ms", "milliseconds"),
        ({"time_limit_ms": 10**7}, "time_limit_ms", "milliseconds"),
        ({"init": " "}, "init", "make the tables"),
        ({"init": "CREATE TABLE t (\0)"}, "init", "NUL"),
        ({"init": "-- \ud800"}, "init", "Unicode"),
        ({"init": "-" * (9 << 20)}, "init", "8 MB"),
        ({"solution": ""}, "solution", "empty"),
        ({"solution": "DROP TABLE t"}, "solution", "DROP"),
        ({"solution": "SELECT 1; SELECT 2"}, "solution", "one statement"),
        ({"solution": "SELECT '" + "x" * 70_000 + "'"}, "solution", "64 KiB"),
        ({"cases": ()}, "test_cases", "Between 1 and"),
        ({"cases": (SqlCase(1, ROWS, True),) * (MOST_CASES + 1)}, "test_cases", "Between 1 and"),
        ({"cases": (SqlCase(1, ROWS, True), SqlCase(1, ROWS, False))}, "test_cases", "same id"),
        ({"cases": (SqlCase(1, "\0", True),)}, "test_cases.0.data", "NUL"),
        (
            {"cases": (SqlCase(1, ROWS, True, True), SqlCase(2, ROWS, False, True))},
            "test_cases",
            "one case can be the benchmark",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.pure
def test_what_is_written_is_read_first(
    engines: Engines, changes: dict[str, Any], field: str, word: str
) -> None:
    found = errors(engines, replace(spec("SELECT word FROM t"), **changes))
    assert word in found[field][0]


@pytest.mark.pure
@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
@pytest.mark.parametrize(
    ("init", "data", "field", "word"),
    [
        ("CREATE TABLE t (id", ROWS, "init", "t (id"),
        (
            "CREATE TABLE t (id INTEGER); CREATE TABLE t (id INTEGER)",
            ROWS,
            "init",
            "already exists",
        ),
        (INIT, "INSERT INTO nowhere VALUES (1)", "test_cases.0.data", "nowhere"),
        (
            INIT,
            "INSERT INTO t VALUES (1, 'a', 1), (1, 'b', 1)",
            "test_cases.0.data",
            "INSERT INTO t",
        ),
        (INIT, "DROP TABLE t; DROP TABLE t", "test_cases.0.data", "DROP TABLE t"),
        ("ATTACH 'other.db' AS other", ROWS, "init", "ATTACH"),
    ],
)
def test_scripts_that_do_not_run_say_where(
    engines: Engines, engine: Engine, init: str, data: str, field: str, word: str
) -> None:
    given = replace(spec("SELECT 1 FROM t", data, engine=engine), init=init)
    assert word in errors(engines, given)[field][0]


@pytest.mark.pure
def test_a_script_that_loops_is_stopped(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlarena.challenges.sql.engines import jailed

    monkeypatch.setattr(jailed, "BUILD_SECONDS", 0.5)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    loops = spec("SELECT 1 FROM t", f"INSERT INTO t (n) {endless} SELECT i FROM n LIMIT 1000000000")
    assert "longer than 0.5 seconds" in errors(engines, loops)["test_cases.0.data"][0]


@pytest.mark.parametrize("engine", ENGINES)
def test_tables_whose_making_loops_are_stopped(
    engines: Engines, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    from mlarena.challenges.sql.engines import jailed, postgres_templates

    for room in (jailed, postgres_templates):
        monkeypatch.setattr(room, "BUILD_SECONDS", 1.5)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    init = f"{INIT}; CREATE TABLE u AS {endless} SELECT count(*) AS i FROM n"
    found = errors(engines, replace(spec("SELECT word FROM t", engine=engine), init=init))
    assert found.keys() == {"init"}
    assert "longer than 1.5 seconds" in found["init"][0]


@pytest.mark.parametrize("engine", ENGINES)
def test_after_data_that_loops_no_more_is_built(
    engines: Engines, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    """Six cases of it, and an author who waits for an answer."""
    from mlarena.challenges.sql.engines import jailed, postgres_templates

    for room in (jailed, postgres_templates):
        monkeypatch.setattr(room, "BUILD_SECONDS", 1.5)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    loops = f"CREATE TABLE u AS {endless} SELECT count(*) AS i FROM n"
    found = errors(engines, spec("SELECT word FROM t", ROWS, *[loops] * 6, engine=engine))
    assert found.keys() == {"test_cases.1.data"}
    assert "longer than 1.5 seconds" in found["test_cases.1.data"][0]
    # One script ran, and its failure stands for those after it.
    first, *others = engines.get(engine).build([[INIT, loops]] * 3)
    assert len(others) == 2
    assert all(one is first for one in others)


@pytest.mark.pure
def test_every_broken_case_is_named(engines: Engines) -> None:
    found = errors(engines, spec("SELECT word FROM t", ROWS, "INSERT", ROWS, "SELEC"))
    assert set(found) == {"test_cases.1.data", "test_cases.3.data"}


@pytest.mark.pure
@pytest.mark.parametrize(
    ("solution", "word"),
    [
        ("SELECT nope FROM t", "Case 1: no such column: nope"),
        ("SELECT abs(-9223372036854775808 + n - n) FROM t", "overflow"),
        (
            "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i) SELECT n FROM i",
            "50,000",
        ),
        ("SELECT hex(zeroblob(3000000)) FROM t", "16 MB"),
    ],
)
def test_the_solution_must_run_on_every_case(engines: Engines, solution: str, word: str) -> None:
    assert word in errors(engines, spec(solution))["solution"][0]


@pytest.mark.pure
def test_a_solution_that_never_ends_is_told(engines: Engines) -> None:
    endless = "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i) SELECT sum(n) FROM i"
    found = errors(engines, spec(endless, time_limit_ms=50))
    assert "longer than 0.25 seconds" in found["solution"][0]


@pytest.mark.pure
def test_a_result_that_is_empty_everywhere_is_refused(engines: Engines) -> None:
    nothing = spec("SELECT * FROM t WHERE n > 99")
    assert "no rows on any case" in errors(engines, nothing)["solution"][0]
    assert warned(engines, spec("SELECT * FROM t WHERE n > 1", ROWS, "SELECT 1")) is not None


@pytest.mark.parametrize("engine", ENGINES)
class TestOrder:
    def test_ties_are_recorded(self, engines: Engines, prepare: Prepare, engine: Engine) -> None:
        prepared = prepare(spec("SELECT word, n FROM t ORDER BY n", engine=engine))
        assert prepared.cases[0].ties == [2, 1]
        assert judge(prepared, "SELECT word, n FROM t ORDER BY n, word DESC", engines).passed
        assert not judge(prepared, "SELECT word, n FROM t ORDER BY word DESC", engines).passed

    def test_a_total_order_has_no_ties(self, prepare: Prepare, engine: Engine) -> None:
        for query in (
            "SELECT word FROM t ORDER BY n, id",
            "SELECT word FROM t UNION SELECT 'z' ORDER BY word",
            "SELECT word, row_number() OVER (ORDER BY id) AS r FROM t ORDER BY r",
            "SELECT DISTINCT word FROM t ORDER BY word",
            "SELECT word FROM t ORDER BY id DESC",
            "SELECT n + id AS s, word FROM t ORDER BY s, 2",
            "SELECT word, count(*) FROM t GROUP BY word ORDER BY count(*), min(id)",
            "WITH x AS (SELECT * FROM t) SELECT word FROM x ORDER BY lower(word)",
            "SELECT word, CASE WHEN n = 1 THEN 'one' ELSE 'more' END AS kind FROM t ORDER BY 2, word",
        )[: None if engine == "sqlite" else 4]:
            ties = prepare(spec(query, engine=engine)).cases[0].ties
            assert ties is not None, query
            assert set(ties) == {1}, query

    def test_an_unsorted_solution_has_none(self, prepare: Prepare, engine: Engine) -> None:
        query = "SELECT * FROM (SELECT word FROM t ORDER BY word LIMIT 9) x"
        assert prepare(spec(query, engine=engine)).cases[0].ties is None

    def test_a_limit_that_cuts_a_tie_is_refused(self, engines: Engines, engine: Engine) -> None:
        for query in (
            "SELECT word FROM t ORDER BY n LIMIT 1",
            "SELECT word FROM t ORDER BY n DESC LIMIT 2",
            "SELECT word FROM t ORDER BY n LIMIT 2 OFFSET 1",
            "SELECT word FROM t LIMIT 2",
            "SELECT word, n FROM t WHERE n = 1 UNION ALL SELECT word, n FROM t ORDER BY n LIMIT 1",
        ):
            found = errors(engines, spec(query, engine=engine))
            assert "tie" in found["solution"][0], query

    def test_a_limit_between_ties_is_not(self, prepare: Prepare, engine: Engine) -> None:
        assert prepare(spec("SELECT word FROM t ORDER BY n LIMIT 2", engine=engine)).cases[
            0
        ].ties == [2]
        for query in (
            "SELECT n FROM t ORDER BY n LIMIT 1",  # which of the rows that tie makes no difference
            "SELECT word FROM t ORDER BY n DESC LIMIT 1",
            "SELECT word FROM t ORDER BY n, word LIMIT 1 OFFSET 1",
            "SELECT word FROM t LIMIT 9",
        ):
            assert (
                prepare(spec(query, engine=engine)).cases[0].ties is not None or "LIMIT 9" in query
            )

    def test_collations_and_nulls_tie_as_the_engine_says(
        self, prepare: Prepare, engine: Engine
    ) -> None:
        rows = "INSERT INTO t VALUES (1, NULL, 1), (2, NULL, 2), (3, 'b', 3), (4, 'a', 4)"
        prepared = prepare(spec("SELECT id FROM t ORDER BY word", rows, engine=engine))
        assert sorted(prepared.cases[0].ties or []) == [1, 1, 2]
        if engine == "sqlite":
            rows = "INSERT INTO t VALUES (1, 'a', 1), (2, 'A', 2), (3, 'b', 3)"
            query = "SELECT id FROM t ORDER BY word COLLATE NOCASE"
            assert prepare(spec(query, rows)).cases[0].ties == [2, 1]

    def test_a_limit_inside_that_picks_by_chance_is_refused(
        self, engines: Engines, engine: Engine
    ) -> None:
        """Seen only by putting the same rows in in the opposite order."""
        init = "CREATE TABLE t (word TEXT, n INTEGER)"
        query = "SELECT word FROM t WHERE word = (SELECT word FROM t ORDER BY n LIMIT 1)"
        given = replace(
            spec(query, "INSERT INTO t VALUES ('a', 1), ('b', 1)", engine=engine), init=init
        )
        assert "LIMIT picks" in errors(engines, given)["solution"][0]

    def test_rows_taken_as_they_come_are_warned_of(self, engines: Engines, engine: Engine) -> None:
        init = "CREATE TABLE t (word TEXT, n INTEGER)"
        join = "string_agg(word, ',')" if engine != "sqlite" else "group_concat(word)"
        data = "INSERT INTO t VALUES ('a', 1), ('b', 1), ('c', 2)"
        given = replace(spec(f"SELECT n, {join} FROM t GROUP BY n", data, engine=engine), init=init)
        assert "in another order" in warned(engines, given)


@pytest.mark.pure
def test_keys_that_sqlite_lets_pass_are_checked(engines: Engines) -> None:
    init = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE w (word TEXT PRIMARY KEY);"
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id))"
    )
    good = "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1), (2, NULL)"
    for bad, word in [
        ("INSERT INTO b VALUES (1, 7)", "refers to a row of a that does not exist"),
        ("INSERT INTO w VALUES (NULL); INSERT INTO b VALUES (1, NULL)", "holds NULL"),
    ]:
        given = replace(spec("SELECT id FROM b", good, bad), init=init)
        assert word in errors(engines, given)["test_cases.1.data"][0]
    assert check(replace(spec("SELECT id FROM b", good, good), init=init), engines).prepared


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_keys_that_an_engine_enforces_are_its_own_error(engines: Engines, engine: Engine) -> None:
    init = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES a (id))"
    good = "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)"
    given = spec("SELECT a FROM b", good, "INSERT INTO b VALUES (7)", engine=engine)
    found = errors(engines, replace(given, init=init))
    assert "foreign key" in found["test_cases.1.data"][0].lower()


@pytest.mark.parametrize(
    ("solution", "mutant", "stronger"),
    [
        ("SELECT word FROM t WHERE n > 0", "without WHERE n > 0", "(9, 'x', 0)"),
        ("SELECT DISTINCT word FROM t", "without DISTINCT", "(9, 'a', 5)"),
        (
            "SELECT word, u.n FROM t JOIN (SELECT 1 AS n UNION SELECT 2) u ON u.n = t.n",
            "with LEFT JOIN u instead of JOIN",
            "(9, 'x', 3)",
        ),
        (
            "SELECT word, u.n FROM t LEFT JOIN (SELECT 1 AS n UNION SELECT 2) u ON u.n = t.n",
            "with JOIN u instead of LEFT JOIN",
            "(9, 'x', 3)",
        ),
        ("SELECT id, id + n - n FROM t", "with its first two columns swapped", None),
        ("SELECT n, count(*) FROM t GROUP BY n HAVING count(*) < 5", "without HAVING", None),
        ("SELECT word FROM t UNION SELECT 'q'", "with UNION ALL", "(9, 'q', 1)"),
        ("SELECT count(DISTINCT word) FROM t", "without DISTINCT", "(9, 'a', 5)"),
    ],
)
def test_cases_that_let_a_typical_mistake_pass_are_warned_of(
    engines: Engines, solution: str, mutant: str, stronger: str | None
) -> None:
    engine: Engine = "sqlite"
    told = warned(engines, spec(solution, engine=engine))
    assert "weak" in told
    assert mutant in told
    if stronger:
        strong = warned(engines, spec(solution, ROWS, f"{ROWS}, {stronger}", engine=engine))
        assert mutant not in strong


def test_what_makes_no_difference_is_the_authors_to_say(engines: Engines) -> None:
    solution, done = "SELECT word FROM t WHERE n > 0", "without WHERE n > 0"
    given = spec(solution, engine="sqlite")
    assert done in warned(engines, given)
    assert done not in warned(engines, replace(given, no_difference=(done,)))
    strong = spec(solution, ROWS, f"{ROWS}, (9, 'x', 0)", engine="sqlite")
    told = warned(engines, replace(strong, no_difference=(done, "without HAVING")))
    assert f"“{done}” does make a difference" in told
    assert "“without HAVING” does make a difference, or is not tried" in told


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_weak_cases_are_found_on_every_engine(engines: Engines, engine: Engine) -> None:
    told = warned(engines, spec("SELECT DISTINCT word FROM t WHERE n > 0", engine=engine))
    assert "without WHERE n > 0" in told
    assert "without DISTINCT" in told


@pytest.mark.pure
def test_advice_about_the_cases(engines: Engines) -> None:
    told = warned(engines, spec("SELECT word FROM t"))
    assert "Every case is visible" in told
    hidden = (SqlCase(1, ROWS, is_visible=False),)
    assert "No case is visible" in warned(engines, spec("SELECT word FROM t", cases=hidden))
    assert "current time" in warned(engines, spec("SELECT word, date('now') FROM t"))


@pytest.mark.pure
def test_a_benchmark_must_take_long_enough(engines: Engines) -> None:
    cases = (SqlCase(1, ROWS, True, is_benchmark=True),)
    found = errors(engines, spec("SELECT word FROM t", cases=cases))
    assert "below 20 ms" in found["test_cases.0.data"][0]


@pytest.mark.pure
def test_an_engine_that_is_not_here_is_said(engines: Engines, jail_of_sql: Any) -> None:
    found = errors(Engines(jail_of_sql), spec("SELECT word FROM t", engine="postgres"))
    assert "CHALLENGE_DATABASE_URL" in found["engine"][0]


@pytest.mark.pure
def test_the_club_is_a_challenge_in_every_respect(engines: Engines) -> None:
    checked = check(club.spec("sqlite", "SELECT name FROM facilities"), engines)
    assert checked.ok
    assert [warning for warning in checked.warnings if "weak" in warning] == []
