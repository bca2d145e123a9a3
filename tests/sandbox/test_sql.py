"""The kinds `sql` (SQLite) and `duckdb`: queries of strangers, case after case, in the jail."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlarena.sandbox import Ended, Limits, Sandbox
from mlarena.sandbox.evaluation import read_only

pytestmark = pytest.mark.pure

KINDS = ("sql", "duckdb")
LIMITS = Limits(memory_mb=640, wall_seconds=10, cpu_seconds=20, result_bytes=8 << 20)
INIT = "CREATE TABLE t (id INTEGER PRIMARY KEY, word VARCHAR NOT NULL)"
DATA = "INSERT INTO t VALUES (1, 'one'), (2, 'two; and more'), (3, 'three')"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(kinds=(), on_demand=KINDS) as started:
        yield started


def pieces(
    sandbox: Sandbox,
    kind: str,
    request: dict[str, Any],
    inputs: list[bytes],
    count: int,
    seconds: float = 10,
    limits: Limits = LIMITS,
) -> list[tuple[bytes, bytes]]:
    """The first `count` pieces of an answer."""
    opened = [read_only(data) for data in inputs]
    try:
        with sandbox.converse(kind, request, opened, limits) as child:
            return [child.next(seconds) for _ in range(count)]
    finally:
        for descriptor in opened:
            os.close(descriptor)


def build(sandbox: Sandbox, kind: str, *scripts: str, reverse: bool = False) -> bytes:
    request = {"do": "build", "reverse": reverse}
    told, image = pieces(sandbox, kind, request, [json.dumps(scripts).encode()], 2)
    assert b"error" not in told[1][:10], told
    assert image[0] == b"BLOB"
    return image[1]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def image(sandbox: Sandbox, kind: str) -> bytes:
    return build(sandbox, kind, INIT, DATA)


@pytest.fixture
def ask(sandbox: Sandbox, kind: str, image: bytes) -> Ask:
    """ask(query) -> what is told about each case; cases=, milliseconds=, most_rows=, most_bytes="""

    def run(query: str, cases: int = 1, milliseconds: int = 2000, **bounds: int) -> Any:
        request = {
            "do": "query",
            "cases": [[0, len(image)]] * cases,
            "milliseconds": milliseconds,
            **{"most_rows": 1000, "most_bytes": 1 << 20, **bounds},
        }
        found = pieces(sandbox, kind, request, [query.encode(), image], cases)
        return [json.loads(payload) for _, payload in found]

    return run


def test_a_query_on_several_cases(ask: Ask) -> None:
    for told in ask("SELECT word, id FROM t ORDER BY id DESC LIMIT 2", cases=3):
        assert told["columns"] == ["word", "id"]
        assert told["rows"] == [["three", 3], ["two; and more", 2]]
        assert told["more"] is False
        assert told["ms"] < 1000


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO t VALUES (4, 'four')",
        "DELETE FROM t",
        "UPDATE t SET word = 'x'",
        "DROP TABLE t",
        "CREATE TABLE u (i INTEGER)",
        "CREATE TEMP TABLE u (i INTEGER)",
        "CREATE VIEW v AS SELECT 1",
        "ATTACH 'file.db' AS other",
        "ATTACH ':memory:' AS other",
        "DETACH arena",
        "PRAGMA user_version",
        "PRAGMA writable_schema = 1",
        "VACUUM",
        "VACUUM INTO 'file.db'",
        "REINDEX",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM t",
        "WITH x AS (SELECT 1) DELETE FROM t",
        "",
        "-- nothing",
    ],
)
def test_what_does_not_read_is_refused_by_the_engine(ask: Ask, query: str) -> None:
    first, second = ask(query, cases=2)
    assert first["error"] in ("refused", "error")
    assert second == first
    assert ask("SELECT count(*) FROM t")[0]["rows"] == [[3]]


@pytest.mark.parametrize(
    ("only", "query"),
    [
        ("sql", "SELECT load_extension('libm')"),
        ("sql", "SELECT * FROM pragma_database_list"),
        ("sql", "SELECT fts3_tokenizer('simple')"),
        ("duckdb", "SELECT * FROM read_csv('/etc/passwd')"),
        ("duckdb", "SELECT * FROM read_text('/etc/passwd')"),
        ("duckdb", "SELECT * FROM '/etc/passwd'"),
        ("duckdb", "SELECT * FROM glob('/*')"),
        ("duckdb", "COPY t TO '/tmp/x.csv'"),
        ("duckdb", "EXPORT DATABASE '/tmp/x'"),
        ("duckdb", "SET threads = 8"),
        ("duckdb", "SET enable_external_access = true"),
        ("duckdb", "RESET lock_configuration"),
        ("duckdb", "INSTALL httpfs"),
        ("duckdb", "LOAD httpfs"),
        ("duckdb", "SELECT * FROM duckdb_secrets(redact => false)"),
        ("duckdb", "FROM query('DELETE FROM t')"),
        ("duckdb", "SELECT getenv('HOME')"),
        ("duckdb", "CALL pragma_version()"),
        ("duckdb", "CREATE SECRET (TYPE s3)"),
        ("duckdb", "SELECT * FROM duckdb"),  # a variable of the Python around it
    ],
)
def test_ways_out_of_an_engine_are_closed(ask: Ask, kind: str, only: str, query: str) -> None:
    if kind == only:
        (told,) = ask(query)
        assert "error" in told or told["rows"] == [], told


def test_duckdb_runs_locked(sandbox: Sandbox) -> None:
    image = build(sandbox, "duckdb", INIT)
    names = (
        "enable_external_access",
        "lock_configuration",
        "python_enable_replacements",
        "threads",
    )
    query = f"SELECT name, value FROM duckdb_settings() WHERE name IN {names} ORDER BY name"
    request = {"do": "query", "cases": [[0, len(image)]], "milliseconds": 2000}
    request |= {"most_rows": 10, "most_bytes": 1000}
    ((_, payload),) = pieces(sandbox, "duckdb", request, [query.encode(), image], 1)
    assert json.loads(payload)["rows"] == [
        ["enable_external_access", "false"],
        ["lock_configuration", "true"],
        ["python_enable_replacements", "false"],
        ["threads", "1"],
    ]


def test_a_query_out_of_time_is_interrupted_and_the_next_case_runs(ask: Ask) -> None:
    started = time.monotonic()
    told = ask(ENDLESS, cases=2, milliseconds=300)
    assert [one["error"] for one in told] == ["timeout", "timeout"]
    assert time.monotonic() - started >= 0.6


def test_an_opcode_that_cannot_be_interrupted_is_ended_from_outside(sandbox: Sandbox) -> None:
    """SQLite looks at its clock between opcodes only: one that takes long is the parent's to end."""
    image = build(sandbox, "sql", INIT)
    heavy = "SELECT instr(hex(zeroblob(7000000)), hex(zeroblob(3000000)) || 'x')"
    request = {"do": "query", "cases": [[0, len(image)]], "milliseconds": 200}
    request |= {"most_rows": 10, "most_bytes": 1000}
    with pytest.raises(Ended, match="timeout"):
        pieces(sandbox, "sql", request, [heavy.encode(), image], 1, seconds=0.5)


def test_a_large_result_is_cut(ask: Ask) -> None:
    million = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
    (told,) = ask(million + "SELECT i FROM n", milliseconds=9000, most_rows=1000)
    assert told["more"] is True
    assert len(told["rows"]) == 1000
    (told,) = ask(million + "SELECT 'some text' FROM n", milliseconds=9000, most_rows=10**7)
    assert told["more"] is True
    assert told["rows"] == []


@pytest.mark.parametrize(
    ("only", "query"),
    [
        ("sql", "SELECT group_concat(hex(zeroblob(1000000))) FROM t a, t b, t c, t d, t e, t f"),
        ("sql", f"SELECT zeroblob({1 << 30})"),
        (
            "duckdb",
            "SELECT list(r) FROM (SELECT repeat('x', 1000000) || i AS r FROM range(5000) n(i))",
        ),
        ("duckdb", "SELECT count(DISTINCT random()) FROM range(50000000)"),
    ],
)
def test_memory_is_bounded(ask: Ask, kind: str, only: str, query: str) -> None:
    if kind == only:
        (told,) = ask(query, milliseconds=9000)
        assert told["error"] in ("memory", "error", "timeout"), str(told)[:200]


def test_values_that_json_has_no_word_for(ask: Ask, kind: str) -> None:
    if kind == "sql":
        query = "SELECT 1e400, -1e400, x'00ff', CAST(x'c3' AS TEXT), 9223372036854775807, NULL, ''"
        expected = [["f", "inf"], ["f", "-inf"], ["b", "00ff"], "\ufffd", 2**63 - 1, None, ""]
    else:
        query = (
            "SELECT 'inf'::DOUBLE, 'nan'::DOUBLE, 1.50::DECIMAL(5, 2), DATE '2012-01-02', "
            "TIMESTAMP '2012-01-02 03:04:05.5', TIMESTAMPTZ '2012-01-02 03:04:05+02', "
            "TIME '03:04:05', INTERVAL 1 DAY, '\\x00\\xFF'::BLOB, [1, NULL], {'a': 'b'}, "
            "170141183460469231731687303715884105727::HUGEINT, true, NULL, "
            "'c0ffee00-0000-4000-8000-000000000000'::UUID"
        )
        expected = [
            *(["f", "inf"], ["f", "nan"], ["n", "1.50"], ["d", "2012-01-02"]),
            *(["ts", "2012-01-02 03:04:05.500000"], ["ts", "2012-01-02 01:04:05"]),
            *(["t", "03:04:05"], ["i", [0, 1, 0]], ["b", "00ff"]),
            *(["l", [1, None]], ["o", [["a", "b"]]], 2**127 - 1, True, None),
            "c0ffee00-0000-4000-8000-000000000000",
        ]
    assert ask(query)[0]["rows"] == [expected]


@pytest.mark.parametrize(
    ("scripts", "place", "word"),
    [
        (["CREATE TABLE t (", ""], 0, "t ("),
        (["CREATE TABLE t (i INTEGER)", "INSERT INTO u VALUES (1)"], 1, "INSERT INTO u"),
        (["ATTACH 'x.db' AS y", ""], 0, "ATTACH"),
        (["CREATE TABLE t (i INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (1)"], 1, "INSERT"),
    ],
)
def test_a_script_that_does_not_run_says_which_statement(
    sandbox: Sandbox, kind: str, scripts: list[str], place: int, word: str
) -> None:
    asked = json.dumps(scripts).encode()
    ((_, payload),) = pieces(sandbox, kind, {"do": "build"}, [asked], 1)
    told = json.loads(payload)
    assert told["error"] == f"script {place}"
    assert word in told["message"]


def test_a_script_that_never_ends_is_ended(sandbox: Sandbox, kind: str) -> None:
    asked = json.dumps([f"CREATE TABLE t AS {ENDLESS}"]).encode()
    with pytest.raises(Ended, match="timeout"):
        pieces(sandbox, kind, {"do": "build"}, [asked], 1, seconds=0.5)


def test_what_is_in_a_database_is_told(sandbox: Sandbox, kind: str) -> None:
    scripts = [
        "CREATE TABLE a (x INTEGER PRIMARY KEY, y VARCHAR NOT NULL, z INTEGER);"
        "CREATE TABLE b (x INTEGER REFERENCES a (x)); CREATE VIEW v AS SELECT y FROM a;",
        "INSERT INTO a VALUES (1, ';', 2)",
    ]
    (_, payload), _ = pieces(sandbox, kind, {"do": "build"}, [json.dumps(scripts).encode()], 2)
    about = json.loads(payload)["about"]
    tables = {table["name"]: table for table in about["tables"]}
    assert list(tables) == ["a", "b", "v"]
    assert [column["name"] for column in tables["a"]["columns"]] == ["x", "y", "z"]
    assert [column["key"] for column in tables["a"]["columns"]] == [True, False, False]
    assert [column["nullable"] for column in tables["a"]["columns"]] == [False, False, True]
    assert tables["b"]["links"] == [{"columns": ["x"], "table": "a", "references": ["x"]}]
    assert tables["v"]["kind"] == "view"
    assert tables["a"]["rows"] == 1


def test_rows_can_be_put_in_the_other_way_round(sandbox: Sandbox, kind: str) -> None:
    init = "CREATE TABLE t (word VARCHAR, n INTEGER)"
    data = "INSERT INTO t VALUES ('a', 1), ('b', 2); INSERT INTO t VALUES ('c', 3)"
    request = {"do": "query", "milliseconds": 2000, "most_rows": 10, "most_bytes": 1000}
    found = []
    for reverse in (False, True):
        image = build(sandbox, kind, init, data, reverse=reverse)
        asked = request | {"cases": [[0, len(image)]]}
        ((_, payload),) = pieces(sandbox, kind, asked, [b"SELECT n FROM t", image], 1)
        found.append(json.loads(payload)["rows"])
    assert found == [[[1], [2], [3]], [[3], [2], [1]]]


def test_a_race_runs_at_the_word_and_is_timed_from_outside(
    sandbox: Sandbox, kind: str, image: bytes
) -> None:
    last = 300_000 if kind == "sql" else 3000
    query = ENDLESS.replace("FROM n)", f"FROM n WHERE i < {last})").encode()
    request = {"do": "race", "cases": [[0, len(image)]], "milliseconds": 5000}
    opened = [read_only(query), read_only(image)]
    with sandbox.converse(kind, request, opened, LIMITS) as child:
        child.next(10)
        before = child.cpu_ms()
        time.sleep(0.2)
        assert child.cpu_ms() - before < 20, "it waits for the word"
        child.go()
        told = json.loads(child.next(10)[1])
        spent = child.cpu_ms() - before
    for descriptor in opened:
        os.close(descriptor)
    assert told["rows"] == 1
    assert 0.5 * spent < told["ms"] + 5, "most of it is the query"
    assert spent > 5


def test_the_children_are_jailed_like_all_others(sandbox: Sandbox, kind: str, image: bytes) -> None:
    request = {"do": "race", "cases": [[0, len(image)]], "milliseconds": 5000}
    opened = [read_only(b"SELECT 1"), read_only(image)]
    with sandbox.converse(kind, request, opened, LIMITS) as child:
        child.next(10)
        process = Path(f"/proc/{child._handle.pid}")
        status = dict(
            line.split(":\t", 1) for line in process.joinpath("status").read_text().splitlines()
        )
        descriptors = sorted(int(one.name) for one in process.joinpath("fd").iterdir())
        # DuckDB has one for a moment while it opens a database, and joins it.
        until = time.monotonic() + 30
        while len(list(process.joinpath("task").iterdir())) > 1 and time.monotonic() < until:
            time.sleep(0.01)
        threads = len(list(process.joinpath("task").iterdir()))
    for descriptor in opened:
        os.close(descriptor)
    assert status["Seccomp"] == "2"
    assert status["Seccomp_filters"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == 0
    if os.geteuid() == 0:
        assert status["Uid"].split() == ["65534"] * 4
    assert len(descriptors) == 7  # nothing, output twice, result, go, and the two inputs
    assert threads == 1


def test_kinds_on_demand_start_when_they_are_asked_for() -> None:
    with Sandbox(kinds=(), on_demand=("sql",)) as sandbox:
        assert sandbox.ready
        assert sandbox._supervisors == {}
        assert build(sandbox, "sql", INIT)
        assert list(sandbox._supervisors) == ["sql"]
        with pytest.raises(KeyError):
            sandbox.converse("duckdb", {}, [], LIMITS)
