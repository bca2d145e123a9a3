"""What an attempt may be, and what it is told when it is not one."""

from __future__ import annotations

import pytest

from mlarena.challenges.sql import Refusal, normalise, read_attempt
from mlarena.challenges.sql.statement import MOST_BYTES, as_text, attempt

pytestmark = pytest.mark.pure

ALL = ("sqlite", "duckdb", "postgres")

GOOD = {
    "all": [
        "select 1",
        "  SELECT 1 ;  ",
        "select 1; -- a last word\n ; ;",
        "/* before */ select 1 /* after */",
        "with a as (select 1 as x) select * from a order by x",
        "values (1, 2), (3, 4)",
        "(select 1) union all (select 2)",
        "select 'a;b', ';' || \"x;y\" from t -- ; drop table t",
        "select replace(a, 'x', 'y'), \"delete\" from t",
        "select 'DROP TABLE x' as update_",
        "select count(*) filter (where a > 1) over (partition by b order by c) from t",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select * from n",
        "select 'żółć 日本 👩‍🔬'",
        "select * from t natural left join u cross join v",
        "select case when exists (select 1 from t) then 1 else 0 end",
    ],
    "sqlite": [
        'select [a b], `c`, "d" from t indexed by i',
        "select x'00ff', a glob 'x*', a ->> '$.x' from t limit 3, 4",
    ],
    "duckdb": [
        "from t",
        "from t select a",
        "select * exclude (a), columns('b.*') from t qualify row_number() over () = 1",
        "select [1, 2][1], {'a': 1}.a, list_transform([1], x -> x + 1)",
        "select a from t group by all order by all",
    ],
    "postgres": [
        "table t",
        "select distinct on (a) a, b from t order by a, b",
        "select e'\\n', $$;$$, $q$ ; drop table t $q$, date '2012-01-01' + 3",
        "select * from generate_series(1, 3) with ordinality as g(n, i)",
        "select /* nested /* comment */ ; */ 1",
        "select substring(a from 1 for 2), extract(month from b), a::text from t",
        "select * from t, lateral (select 1) l fetch first 3 rows with ties",
    ],
}


@pytest.mark.parametrize(
    ("engine", "query"),
    [(engine, query) for engine in ALL for query in (*GOOD["all"], *GOOD[engine])],
)
def test_statements_that_read_pass_whole(engine: str, query: str) -> None:
    text = read_attempt(query, engine)
    assert text in query
    assert text == read_attempt(query.encode(), engine)
    assert not text.rstrip().endswith(";")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        (";;", "empty"),
        ("-- nothing", "only a comment"),
        ("/* nothing */", "only a comment"),
        ("/* nothing */ -- more", "only a comment"),
        ("select 1; select 2", "one statement"),
        ("select 1; drop table t", "one statement"),
        ("delete from t", "DELETE"),
        ("insert into t values (1)", "INSERT"),
        ("update t set a = 1", "UPDATE"),
        ("merge into t using u on true when matched then delete", "MERGE"),
        ("create table t (a int)", "CREATE"),
        ("drop table t", "DROP"),
        ("alter table t add b int", "ALTER"),
        ("truncate t", "TRUNCATE"),
        ("with x as (select 1) delete from t", "inside WITH"),
        ("with x as (delete from t returning *) select * from x", "inside WITH"),
        ("with x as (insert into t values (1) returning *) select * from x", "inside WITH"),
        ("with x as (update t set a = 1 returning *) select * from x", "inside WITH"),
        ("pragma table_info(t)", "PRAGMA"),
        ("attach 'x' as y", "ATTACH"),
        ("copy t to 'x'", "COPY"),
        ("set x = 1", "SET"),
        ("call f()", "CALL"),
        ("explain select 1", "EXPLAIN"),
        ("begin", "BEGIN"),
        ("vacuum", "VACUUM"),
        ("grant select on t to u", "GRANT"),
        ("hello", "begins with"),
        ("SELECTION", "begins with"),
        ("select '\0'", "NUL"),
        ("select '\ud800'", "UTF-8"),
        (b"select '\xff'", "UTF-8"),
        ("select '" + "x" * MOST_BYTES + "'", "64 KiB"),
        ("select '" + "ż" * (MOST_BYTES // 2) + "'", "64 KiB"),  # bytes count, not characters
        ("select " * 400_000, "64 KiB"),
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("engine", ALL)
def test_anything_else_is_refused_by_name(engine: str, query: str | bytes, word: str) -> None:
    with pytest.raises(Refusal, match=word):
        read_attempt(query, engine)


@pytest.mark.parametrize(
    ("engine", "query"),
    [
        ("sqlite", "select load_extension('x')"),
        ("sqlite", "select writefile ('x', 'y')"),
        ("duckdb", "from read_csv('/etc/passwd')"),
        ("duckdb", "select * from parquet_scan('x')"),
        ("duckdb", "select getenv('HOME')"),
        ("postgres", "select pg_read_file('/etc/passwd')"),
        ("postgres", "select pg_ls_dir('.')"),
        ("postgres", "select lo_import('/etc/passwd')"),
        ("postgres", "select * from dblink('x', 'y') as t(a int)"),
        ("postgres", "select set_config('statement_timeout', '0', false)"),
        ("postgres", "select pg_terminate_backend(1)"),
        ("postgres", "select 1 into t"),
        ("postgres", "select * from t for update"),
    ],
)
def test_what_reaches_outside_is_refused_by_name(engine: str, query: str) -> None:
    with pytest.raises(Refusal, match="not allowed"):
        read_attempt(query, engine)


def test_what_cannot_be_read_is_left_to_the_engine() -> None:
    assert read_attempt("select 'not closed", "sqlite") == "select 'not closed"
    assert read_attempt("select from where", "postgres") == "select from where"


@pytest.mark.parametrize("shape", ["(", "f(", "case when ", "[", "a<", "not ", "(select "])
def test_deep_nesting_is_read_in_no_time(shape: str) -> None:
    query = "select " + shape * (60_000 // len(shape)) + "1"
    found = attempt(as_text(query), "duckdb")
    assert not found.sorts


@pytest.mark.parametrize(
    ("query", "sorts"),
    [
        ("select a from t order by a", True),
        ("select a from t", False),
        ("select a from (select a from t order by a) x", False),
        ("select row_number() over (order by a) from t", False),
        ("select group_concat(a order by b) from t", False),
        ("with x as (select a from t order by a) select * from x", False),
        ("with x as (select a from t) select * from x order by 1", True),
        ("select a from t union select b from u order by 1", True),
        ("(select a from t order by a)", True),
        ("((select a from t)) order by a", True),
        ("select 'order by' from t -- order by a", False),
        ("select a from t where b in (select c from u order by c limit 1)", False),
        ("select a from t window w as (order by a)", False),
        ("select a from t order by a limit 3", True),
    ],
)
def test_only_the_outermost_order_by_sorts(query: str, sorts: bool) -> None:
    assert attempt(query, "sqlite").sorts == sorts


def test_a_long_query_that_is_not_parsed_still_shows_whether_it_sorts() -> None:
    columns = ", ".join(f"a{number}" for number in range(3000))
    assert attempt(f"select {columns} from t order by 1", "sqlite").sorts
    assert not attempt(f"select {columns} from (select * from t order by 1) x", "sqlite").sorts


def test_normalising() -> None:
    one = "SELECT  A, 'It''s'  -- first\nFROM T /* x */ WHERE \"Q\" = 1;"
    other = "select a, 'It''s' from t\n where \"Q\"=1"
    assert normalise(one, "postgres") == normalise(other, "postgres")
    for different in (
        other.replace("It", "it"),
        other.replace('"Q"', '"q"'),
        other.replace("1", "2"),
        other.replace("a,", ""),
    ):
        assert normalise(different, "postgres") != normalise(other, "postgres")
    assert normalise("select 'open  quote", "sqlite") == "select 'open quote"
