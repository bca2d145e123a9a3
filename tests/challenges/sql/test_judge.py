"""From a query to a result per case, on SQLite: what is told, to whom, and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from mlarena.challenges.sql import (
    CaseResult,
    Engines,
    Judged,
    Prepared,
    Refusal,
    SqlCase,
    SqlSpec,
    describe,
    explain,
    judge,
)
from mlarena.challenges.sql.judge import MOST_TIMEOUTS
from tests.challenges.sql import club

pytestmark = pytest.mark.pure

Attempt = Callable[[SqlSpec, str], Judged]
Prepare = Callable[[SqlSpec], Prepared]
SOLUTION = "SELECT surname, count(*) AS n FROM members GROUP BY surname ORDER BY n DESC"
SPEC = club.spec("sqlite", SOLUTION)
ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, count(*) FROM n"
)


@pytest.fixture
def prepared(prepare: Prepare) -> Prepared:
    return prepare(SPEC)


def test_a_right_query(attempt: Attempt) -> None:
    judged = attempt(SPEC, SOLUTION)
    assert judged.passed
    assert judged.score == 100
    assert judged.error is None
    assert [result.test_case_id for result in judged.results] == [1, 2, 3]
    assert [result.status for result in judged.results] == ["COMPLETED"] * 3
    assert all(result.execution_ms is not None for result in judged.results)
    assert judged.execution_ms == sum(result.execution_ms or 0 for result in judged.results)


def test_the_score_is_the_share_of_cases_passed(attempt: Attempt) -> None:
    spec = club.spec("sqlite", "SELECT count(*) > 20 FROM members")
    judged = attempt(spec, "SELECT 1")
    assert [result.passed for result in judged.results] == [True, True, False]
    assert judged.score == 66.67
    assert not judged.passed


def test_visible_cases_show_both_results_and_the_difference(attempt: Attempt) -> None:
    shown = attempt(SPEC, SOLUTION.replace("count(*)", "count(*) + (surname = 'Kaya')")).results[0]
    assert shown.category == "wrong_rows"
    assert shown.expected_result
    assert shown.actual_result
    assert shown.expected_result.columns == ["surname", "n"]
    assert shown.expected_result.total == len(shown.expected_result.rows)
    assert shown.difference
    (line,) = shown.difference["rows"]
    assert line["kind"] == "changed"
    assert line["cells"] == [1]
    assert line["expected"][0] == "Kaya"


@pytest.mark.parametrize(
    ("query", "category"),
    [
        ("SELECT surname, 1 FROM members", "wrong_rows"),
        (SOLUTION.replace("ORDER BY n DESC", ""), "wrong_order"),
        (SOLUTION.replace("DESC", "ASC"), "wrong_order"),
        ("SELECT count(*) AS n, surname FROM members GROUP BY surname ORDER BY n DESC", "wrong_columns"),
        ("SELECT surname FROM members", "wrong_columns"),
        ("SELECT nope, 1 FROM members", "error"),
        ("SELECT abs(-9223372036854775808), 1", "error"),
        ("SELECT * FROM pragma_table_info('members')", "refused"),
    ],
)  # fmt: skip
def test_categories_and_what_hidden_cases_keep_to_themselves(
    attempt: Attempt, query: str, category: str
) -> None:
    visible, *hidden = attempt(SPEC, query).results
    assert visible.category == category
    assert visible.message
    for result in hidden:
        assert result.category == category
        assert result.expected_result is None
        assert result.actual_result is None
        assert result.difference is None
        assert not any(char.isdigit() for char in result.message or ""), "no counts either"


def test_an_error_that_shows_data_stays_with_the_visible_case(
    prepare: Prepare, engines: Engines
) -> None:
    """On DuckDB a failed conversion quotes the value; a syntax error is told everywhere."""
    prepared = prepare(club.spec("duckdb", SOLUTION))
    judged = judge(prepared, "SELECT CAST(surname AS INTEGER), 1 FROM members ORDER BY 1", engines)
    assert "GUEST" in str(judged.results[0].message)
    assert "GUEST" not in str(judged.results[1:])
    judged = judge(prepared, "SELECT nope, 1 FROM members", engines)
    assert all("nope" in str(result.message) for result in judged.results)


def test_only_visible_cases_are_run_for_a_run(prepared: Prepared, engines: Engines) -> None:
    judged = judge(prepared, SOLUTION, engines, cases="visible")
    assert [result.test_case_id for result in judged.results] == [1]
    assert judged.passed


def test_results_are_told_one_by_one(prepared: Prepared, engines: Engines) -> None:
    told: list[CaseResult] = []
    judged = judge(prepared, SOLUTION, engines, on_case=told.append)
    assert told == judged.results


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("", "empty"),
        ("-- x", "comment"),
        ("DROP TABLE members", "DROP"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT load_extension('x')", "load_extension"),
        ("x" * 70_000, "64 KiB"),
        ("SELECT '\ud800'", "UTF-8"),
    ],
)
def test_what_is_no_attempt_is_refused_before_anything_runs(
    attempt: Attempt, query: str, word: str
) -> None:
    judged = attempt(SPEC, query)
    assert judged.category == "refused"
    assert word in str(judged.error)
    assert judged.results == []
    assert judged.score == 0
    assert not judged.passed


def test_a_query_out_of_time_is_not_waited_for_on_every_case(
    prepare: Prepare, engines: Engines
) -> None:
    cases = tuple(SqlCase(number, club.CASES[0].data, number < 5) for number in range(8))
    prepared = replace(prepare(club.spec("sqlite", SOLUTION, cases=cases)), time_limit_ms=200)
    judged = judge(prepared, ENDLESS, engines)
    assert [result.category for result in judged.results] == ["timeout"] * 8
    waited = [r for r in judged.results if "Not run" not in str(r.message)]
    assert len(waited) == MOST_TIMEOUTS
    assert "0.2 seconds" in str(judged.results[0].message)
    tried = judge(prepared, ENDLESS, engines, cases="visible")  # somebody sits and waits
    assert ["Not run" in str(result.message) for result in tried.results] == [False] + [True] * 4


def test_a_case_that_breaks_the_child_is_its_own_loss(
    prepare: Prepare, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first case outlasts what is waited for from outside; the others go on in another child."""
    from mlarena.challenges.sql.engines import jailed

    cases = (
        SqlCase(1, "INSERT INTO t VALUES (7000000)", True),
        SqlCase(2, "INSERT INTO t VALUES (1)", True),
        SqlCase(3, "INSERT INTO t VALUES (2)", True),
    )
    solution = "SELECT n FROM t"
    prepared = prepare(SqlSpec("sqlite", "FE", "CREATE TABLE t (n INTEGER)", solution, cases))
    prepared = replace(prepared, time_limit_ms=100)
    monkeypatch.setattr(jailed, "SLACK_SECONDS", 0.3)
    slow = "SELECT CASE WHEN instr(hex(zeroblob(n)), hex(zeroblob(n / 2)) || 'x') THEN 0 ELSE n END FROM t"
    judged = judge(prepared, slow, engines)
    assert [result.category for result in judged.results] == ["timeout", None, None]


def test_results_of_a_million_rows_are_cut(attempt: Attempt) -> None:
    million = ENDLESS.replace("FROM n)", "FROM n WHERE i < 1000000)").replace("i, count(*)", "i, i")
    judged = attempt(replace(SPEC, time_limit_ms=20_000), million)
    assert judged.results[0].category == "wrong_rows"
    assert "more than 50,000 rows" in str(judged.results[0].message)
    assert judged.results[0].actual_result
    assert len(judged.results[0].actual_result.rows) == 200


def test_memory_and_size_are_told(attempt: Attempt) -> None:
    spec = replace(SPEC, time_limit_ms=20_000)
    words = attempt(
        spec, "SELECT hex(zeroblob(4000000)), memid FROM members ORDER BY memid"
    ).results[0]
    assert words.category == "error"
    assert "16 MB" in str(words.message)


def test_unusual_values_and_words_travel(prepare: Prepare, engines: Engines) -> None:
    init = 'CREATE TABLE "naïve 表" ("größe 📏" TEXT, b BLOB, r REAL)'
    data = (
        "INSERT INTO \"naïve 表\" VALUES ('it''s; \"𝕏\" -- no /* comment', x'00ff', 1e999), "
        "('line\nbreak\ttab', NULL, -1e999), (char(0) || 'zero' || char(8238), x'', 0.1 + 0.2)"
    )
    solution = 'SELECT * FROM "naïve 表"'
    prepared = prepare(SqlSpec("sqlite", "FE", init, solution, (SqlCase(1, data, True),)))
    judged = judge(prepared, 'SELECT "größe 📏", b, r FROM "naïve 表" ORDER BY r', engines)
    assert judged.passed, judged
    result = judged.results[0].actual_result
    assert result
    cells = {cell for row in result.rows for cell in row}
    assert {"inf", "-inf", "x'00ff'", "x''", None, "line\nbreak\ttab"} < cells
    text = json.dumps(asdict(judged), ensure_ascii=False)
    assert "\\u0000" not in text, "no page and no database holds a NUL"
    assert "\u202e" not in text
    wrong = judge(prepared, 'SELECT upper("größe 📏"), b, r FROM "naïve 表"', engines)
    assert wrong.results[0].category == "wrong_rows"


def test_names_are_required_where_the_challenge_says_so(prepare: Prepare, engines: Engines) -> None:
    prepared = prepare(club.spec("sqlite", SOLUTION, require_names=True))
    assert judge(prepared, SOLUTION.replace(" n", " N"), engines).passed
    judged = judge(prepared, SOLUTION.replace(" n", " number"), engines)
    assert judged.results[0].category == "wrong_columns"
    assert "must be called n" in str(judged.results[0].message)


def test_an_attempt_sees_one_case_at_a_time(prepare: Prepare, engines: Engines) -> None:
    """Each case is a database of its own: nothing of one is left, or to be found, in another."""
    for engine in ("sqlite", "duckdb", "postgres"):
        prepared = prepare(club.spec(engine, "SELECT count(*) FROM members"))  # type: ignore[arg-type]
        found = []
        catalogue = {
            "sqlite": "SELECT count(*) FROM sqlite_schema WHERE name = 'members'",
            "duckdb": "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'members'",
            "postgres": "SELECT count(*) FROM pg_tables WHERE tablename = 'members' "
            "AND has_schema_privilege(schemaname, 'usage')",
        }[engine]

        def take(_: int, ran: object, found: list[object] = found) -> bool:
            found.append(ran.table.rows)  # type: ignore[attr-defined]
            return True

        engines.get(engine).run(catalogue, prepared.images("hidden"), [0, 1], 2000, take)
        assert found == [[[1]], [[1]]], engine


def test_prepared_challenges_are_stored_and_read(prepared: Prepared, engines: Engines) -> None:
    again = Prepared.from_bytes(prepared.to_bytes())
    assert again.to_bytes() == prepared.to_bytes()
    assert judge(again, SOLUTION, engines).passed
    whole = prepared.to_bytes()
    forged = whole.replace(b'"ties"', b'"lies"', 1)
    for bad in (b"", b"nonsense", whole[:-1], whole + b"x", forged, b"MLASQL01\xff\xff\xff\xff"):
        with pytest.raises(ValueError, match=r"prepared|codec"):
            Prepared.from_bytes(bad)


def test_the_attempts_process_never_gets_expected_results(prepared: Prepared) -> None:
    """Neither the solution nor its results are among what is handed to the jail."""
    for group in ("visible", "hidden", "schema"):
        for image in prepared.images(group).images:  # type: ignore[arg-type]
            assert b"GROUP BY" not in image
            assert SOLUTION.encode() not in image


@pytest.mark.parametrize("engine", ["sqlite", "duckdb", "postgres"])
def test_tables_and_plans_are_described(prepare: Prepare, engines: Engines, engine: str) -> None:
    prepared = prepare(club.spec(engine, SOLUTION))  # type: ignore[arg-type]
    tables = {table.name: table for table in describe(prepared).tables}
    assert set(tables) == {"members", "facilities", "bookings"}
    bookings = tables["bookings"]
    assert [column.name for column in bookings.columns] == [
        *("bookid", "facid", "memid", "starttime", "slots")
    ]
    assert [column.primary_key for column in bookings.columns] == [True] + [False] * 4
    assert not bookings.columns[4].nullable
    assert {(link.columns, link.table, link.references) for link in bookings.foreign_keys} == {
        (("facid",), "facilities", ("facid",)),
        (("memid",), "members", ("memid",)),
    }
    assert bookings.sample
    assert bookings.sample.total == 150
    assert len(bookings.sample.rows) == 5
    plan = explain(prepared, SOLUTION, engines)
    assert "members" in str(plan)
    assert plan.children
    with pytest.raises(Refusal, match="nope"):
        explain(prepared, "SELECT nope FROM members", engines)
    with pytest.raises(Refusal, match="DROP"):
        explain(prepared, "DROP TABLE members", engines)
