"""What SQL challenges cost: `python -m benchmarks.sql [--only judge,http,list,order] [--runs 60]`.

judge   in this process, as a worker does it: an attempt on 10 cases, a run on the visible ones, one case
http    on a whole arena: Run as a page waits for it, and a worker's time from claim to verdict on 10 cases
list    the list of 1,000 challenges with 100,000 rows of progress: requests a second, and statements
order   how often two queries that are truly 10 % apart stand in the right order with all cores busy
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any

from benchmarks.arena import Arena, arena
from benchmarks.report import Figure, headline, show
from benchmarks.web import CONNECTIONS, measure, request_bytes
from mlarena.challenges.sql import Engines, Prepared, SqlCase, SqlSpec, check, judge, rank
from mlarena.sandbox import Sandbox

INIT = "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, n INTEGER)"
ROWS = (
    "INSERT INTO t WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < {}) "
    "SELECT x, 'w' || (x % 97), x % 1000 FROM i"
)
SOLUTION = "SELECT word, count(*), sum(n) FROM t GROUP BY word"
CASES = [{"data": ROWS.format(20 + n), "is_visible": n < 3} for n in range(10)]
# The same work on a tenth more rows. A plain scan: its time is a straight line in their number, as that of
# a sort is not.
PART = "SELECT sum(length(word || n) * n % 13) FROM t WHERE id <= {}"
LESS, MORE = PART.format(150_000), PART.format(165_000)
PAUSE = 0.03
# The better end of what was measured of CTFd's list of 50 challenges, and how many times that is the aim.
CTFD, TIMES = 56, 8
CHALLENGES, USERS, EACH = 1000, 1000, 100


def took(runs: int, work: Callable[[], object]) -> list[float]:
    """Milliseconds of each run, with a pause between two."""
    found = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) * 1e3)
        time.sleep(PAUSE)
    return found


def figure(name: str, milliseconds: list[float], most: float) -> Figure:
    middle = statistics.median(milliseconds)
    against = f"least {min(milliseconds):.1f}, aim {most:g} ms"
    return Figure(name, middle, "ms", against, middle <= most)


def prepared(engines: Engines, cases: tuple[SqlCase, ...]) -> Prepared:
    found = check(SqlSpec("sqlite", "FE", INIT, SOLUTION, cases), engines).prepared
    if found is None:
        raise RuntimeError("the challenge is not what its own checks want")
    return found


def judging(engines: Engines, runs: int) -> None:
    small = tuple(
        SqlCase(n, str(case["data"]), bool(case["is_visible"])) for n, case in enumerate(CASES)
    )
    ten, one = prepared(engines, small), prepared(engines, small[:1])
    judge(ten, SOLUTION, engines)
    show(
        figure("attempt on 10 cases", took(runs, lambda: judge(ten, SOLUTION, engines)), 25),
        figure(
            "run on 3 visible cases",
            took(runs, lambda: judge(ten, SOLUTION, engines, cases="visible")),
            60,
        ),
        figure("one case in the jail", took(runs, lambda: judge(one, SOLUTION, engines)), 4),
    )


def busy() -> None:
    while True:
        sum(range(10_000))


def ordering(engines: Engines, orders: int) -> None:
    large = (SqlCase(0, ROWS.format(50), True), SqlCase(1, ROWS.format(165_000), False, True))
    ranked = prepared(engines, large)

    def ratio(query: str) -> float:
        found = rank(ranked, query, engines)
        if found is None:
            raise RuntimeError(f"not ranked: {query}")
        return found.ratio

    quiet = min(ratio(MORE) for _ in range(5)) / min(ratio(LESS) for _ in range(5))
    cores = os.cpu_count() or 1
    others = [multiprocessing.Process(target=busy, daemon=True) for _ in range(cores)]
    for other in others:
        other.start()
    try:
        right = strictly = 0
        for _ in range(orders):
            less, more = rank(ranked, LESS, engines), rank(ranked, MORE, engines)
            right += bool(less and more and less.ratio < more.ratio)
            strictly += bool(less and more and less.rank_key() < more.rank_key())
    finally:
        for other in others:
            other.kill()
    percent = 100 / orders
    by_ratio, by_place = right * percent, strictly * percent
    show(
        Figure("the true gap, with the cores free", quiet, "×", "aim 1.10"),
        Figure(f"ordered rightly, {cores} cores busy", by_ratio, "%", "aim 99", by_ratio >= 99),
        Figure("as their places on the board say", by_place, "%", "aim 99", by_place >= 99),
    )  # fmt: skip


def over_http(here: Arena, runs: int) -> None:
    user_id, token = here.learner()
    with closing(sqlite3.connect(here.data / "mlarena.sqlite")) as database, database:
        database.execute("UPDATE users SET role = 'instructor' WHERE id = ?", (user_id,))
    written = {
        "kind": "sql",
        "name": "Words",
        "init": INIT,
        "solution": SOLUTION,
        "test_cases": CASES,
        "publish": True,
    }
    status, answer = here.call("POST", "/challenges", token, written)
    if status != 201:
        raise RuntimeError(f"create: {status} {answer}")
    challenge_id = answer["data"]["id"]

    def run() -> None:
        path = f"/challenges/{challenge_id}/run"
        status, answer = here.call("POST", path, token, {"query": SOLUTION})
        if status != 200 or not all(case["passed"] for case in answer["data"]["cases"]):
            raise RuntimeError(f"run: {status} {answer}")

    run()
    attempts = [attempted(here, token, challenge_id, number) for number in range(runs)]
    show(
        figure("Run, over HTTP", took(runs, run), 60),
        figure("claim to verdict in the worker, 10 cases", attempts[1:], 25),
    )


def attempted(here: Arena, token: str, challenge_id: int, number: int) -> float:
    """Hand in a query that nobody has handed in; milliseconds from its claim to its verdict."""
    body = {"challenge_id": challenge_id, "query": f"{SOLUTION} HAVING count(*) > -{number}"}
    status, answer = here.call("POST", "/attempts", token, body)
    if status != 202:
        raise RuntimeError(f"attempt: {status} {answer}")
    while answer["data"]["status"] in ("queued", "running"):
        time.sleep(PAUSE)
        _, answer = here.call("GET", f"/submissions/{answer['data']['id']}", token)
    told = answer["data"]
    if not told["passed"]:
        raise RuntimeError(f"verdict: {told}")
    first, last = (datetime.fromisoformat(told[name]) for name in ("started_at", "finished_at"))
    return (last - first).total_seconds() * 1e3


def listing(here: Arena, seconds: float) -> None:
    reader_id, token = here.learner()
    few = statements(here, reader_id)
    fill(here, reader_id)
    many = statements(here, reader_id)
    signed = {"Authorization": f"Bearer {token}"}
    doors = {"challenge list": "/challenges", "narrowed down": "/challenges?kind=sql&q=copy"}
    for name, path in doors.items():

        def make(path: str = path) -> bytes:
            return request_bytes("GET", path, signed)

        measure(here, make, 1)
        load = measure(here, make, seconds)
        wrong = load.answers - load.statuses.get(200, 0)
        show(
            Figure(name, load.rate, "req/s", f"{load.rate / CTFD:.1f} × CTFd's {CTFD}, aim {TIMES} ×",
                   load.rate >= CTFD * TIMES),
            Figure(f"{name}: processor time a request", load.cpu_seconds / load.answers * 1e3, "ms"),
            Figure(f"{name}: p99 of {CONNECTIONS} connections",
                   statistics.quantiles(load.milliseconds, n=100)[98], "ms"),
        )  # fmt: skip
        if wrong:
            print(f"   {wrong} answers were not as they should be: {load.statuses}")
    show(
        Figure(
            "statements of the list", many, "", f"{few} on the starter's challenges", many == few
        )
    )


def app_on(here: Arena) -> Any:
    """The app in this process, on the arena's database and Redis."""
    from mlarena.app import create_app
    from mlarena.core.config import load_settings

    os.environ.update(
        MLARENA_DATA=str(here.data),
        REDIS_URL=f"unix://{next((here.data / 'redis').glob('*.sock'))}",
        LOG_LEVEL="ERROR",
    )
    return create_app(load_settings())


def statements(here: Arena, reader_id: int) -> int:
    """How many statements the list takes, once the catalogue is read."""
    import sqlalchemy as sa

    from mlarena.accounts.models import User
    from mlarena.challenges import service
    from mlarena.challenges.catalogue import Filter
    from mlarena.core.db import db

    app, sent = app_on(here), []
    with app.app_context():
        reader = db.session.get_one(User, reader_id)
        service.listing(reader, Filter(), 0, 50)
        sa.event.listen(db.engine, "before_cursor_execute", lambda *about: sent.append(about[2]))
        service.listing(reader, Filter(), 0, 50)
        db.session.remove()
        db.engine.dispose()
    return len(sent)


def fill(here: Arena, reader_id: int) -> None:
    """Copies of the starter's challenges, and learners who have begun a hundred each; the reader, too."""
    with closing(sqlite3.connect(here.data / "mlarena.sqlite", timeout=30)) as database, database:
        numbers = "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < {}) "
        columns = [row[1] for row in database.execute("PRAGMA table_info(challenges)")]
        there = [row[0] for row in database.execute("SELECT id FROM challenges ORDER BY id")]
        first = database.execute("SELECT max(id) FROM tasks").fetchone()[0]
        copies = CHALLENGES - len(there)
        database.execute(
            "CREATE TEMP TABLE patterns AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS place "
            "FROM challenges"
        )
        like = f"patterns ON place = n % {len(there)}"
        database.execute(
            "INSERT INTO tasks (id, kind, slug, title, summary, description, status, position, xp_reward, "
            f"version, created_at) {numbers.format(copies)} SELECT {first} + n, kind, 'copy-' || n, "
            "'Copy no. ' || n, summary, description, 'published', n, xp_reward, version, created_at "
            f"FROM i JOIN {like} JOIN tasks USING (id)"
        )
        rest = ", ".join(name for name in columns if name != "id")
        database.execute(
            f"INSERT INTO challenges (id, {rest}) {numbers.format(copies)} SELECT {first} + n, {rest} "
            f"FROM i JOIN {like} JOIN challenges USING (id)"
        )
        database.execute(
            "INSERT INTO users (username, username_key, email, email_key, full_name, password_hash, role, "
            f"timezone, kaggle_username, listed, credentials_version, created_at) {numbers.format(USERS)} "
            "SELECT 'u' || n, 'u' || n, 'u' || n || '@example.org', 'u' || n || '@example.org', '', 'none', "
            "'learner', 'UTC', '', 1, 1, '2026-01-01 00:00:00.000000' FROM i"
        )
        database.execute(
            "INSERT INTO progress (user_id, task_id, status, attempts, best_score) "
            f"{numbers.format(EACH)} SELECT users.id, {first} + 1 + (users.id * 7 + n * 9) % {copies}, "
            "CASE n % 3 WHEN 0 THEN 'submitted' ELSE 'completed' END, 1, 70 FROM i, users "
            "WHERE users.password_hash = 'none' OR users.id = ? "
            "ON CONFLICT DO NOTHING",
            (reader_id,),
        )
        database.execute(
            "INSERT INTO installation_notes (name, value) VALUES ('challenges', 'filled') "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        )
        held = database.execute("SELECT count(*) FROM progress").fetchone()[0]
        listed = database.execute("SELECT count(*) FROM challenges").fetchone()[0]
        print(f"   {listed:,} challenges, {held:,} rows of progress")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="judge,http,list,order")
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--orders", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=8)
    given = parser.parse_args()
    wanted = set(given.only.split(","))
    headline("sql", runs=given.runs, orders=given.orders, seconds=given.seconds)
    if wanted & {"judge", "order"}:
        with Sandbox(kinds=("sql",)) as sandbox, Engines(sandbox) as engines:
            if "judge" in wanted:
                judging(engines, given.runs)
            if "order" in wanted:
                ordering(engines, given.orders)
    if wanted & {"http", "list"}:
        with arena(WORKERS="1", WEB_CONCURRENCY="1") as here:
            here.quiet()
            if "http" in wanted:
                over_http(here, given.runs)
            if "list" in wanted:
                listing(here, given.seconds)


if __name__ == "__main__":
    main()
