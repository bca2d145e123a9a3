"""Pages as the arena fills: `python -m benchmarks.pages [--quests 1000] [--submissions 1000000]`.

Each page is rendered in this process by the app itself, for a learner who has begun every quest, on an
arena of that size and on a small one, on SQLite and on PostgreSQL (`--database`; BENCH_DATABASE_URL names
a server, a database of our own is made on it). The aims: at most 30 ms a page, and the same number of
statements on both.
"""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from benchmarks.boards import filled, milliseconds
from benchmarks.boards_load import GROWING, NUMBERS, SCORE, WHEN
from benchmarks.report import Figure, headline, show

RENDER_MS = 30.0
RUNS = 60
ALSO_GROWING = ("submissions", "verdicts", "progress", "user_badges", "board_moments", "visits")
# The learner who looks, out of the middle of the boards.
SMALL = {"users": 300, "quests": 13, "submissions": 300}

# Copies of the first quest, with its data set, dealt out over the levels.
QUESTS = (
    "INSERT INTO tasks (id, kind, slug, title, summary, description, status, position, xp_reward, version, "
    "created_at) {numbers} SELECT {first} + n, 'quest', 'copy-' || n, 'Quest no. ' || n, summary, "
    "description, 'published', n, xp_reward, 1, created_at FROM numbers, tasks WHERE tasks.id = {quest}",
    "INSERT INTO quests (id, level_id, dataset_id, task_type, metric, threshold, starter_code, hints, "
    "limits) {numbers} SELECT {first} + n, 1 + n % {levels}, dataset_id, task_type, metric, threshold, "
    "starter_code, hints, limits FROM numbers, quests WHERE quests.id = {quest}",
)
# Everybody hands something in at quest after quest; of the reader there is one at each.
SUBMISSIONS = (
    "INSERT INTO submissions (id, user_id, task_id, attempt_no, status, payload, score, passed, "
    "xp_awarded, queued_at, finished_at, claims, dispatches, dispatched_at) {numbers} SELECT {users} + n, "
    f"1 + n % {{users}}, {{first}} + 1 + n / {{users}} % {{copies}}, 2 + n / ({{users}} * {{copies}}), "
    f"'scored', '{{{{}}}}', {SCORE}, {{true}}, 0, {{when}}, {{when}}, 1, 1, {{when}} FROM numbers",
    "INSERT INTO progress (user_id, task_id, status, attempts, best_score) {numbers} SELECT {reader}, "
    "{first} + n, CASE WHEN n % 3 = 0 THEN 'submitted' ELSE 'completed' END, 1, 0.7 FROM numbers",
)
# The first fifty of twenty boards, the quest's among them, have come and gone, again and again.
MOMENTS = (
    "INSERT INTO board_moments (board, user_id, score, sort_key, reached_at, entered_at) {numbers} "
    "SELECT 'quest:' || ({quest} + n % 20), 1 + n % 49, n * 0.00001, -n * 0.00001, {when}, {when} "
    "FROM numbers"
)
MOST_MOMENTS = 100_000
# Everybody has a badge, was here lately and has XP of this week.
PEOPLE = (
    "INSERT INTO user_badges (user_id, badge_id, earned_at) {numbers} SELECT n, "
    "(SELECT min(id) FROM badges), {when} FROM numbers",
    "INSERT INTO visits (user_id, day, seen_at) {numbers} SELECT n, '2026-01-01', {when} FROM numbers",
    "INSERT INTO board_entries (board, user_id, score, sort_key, reached_at, version, hidden, details) "
    "{numbers} SELECT '{week}', n, n % 997, -(n % 997), {when}, n, {false}, '{{}}' FROM numbers",
)


def fill(app: Any, users: int, quests: int, submissions: int) -> dict[str, str]:
    """Quests and submissions up to these numbers; the addresses of the pages to look at."""
    from mlarena.boards import index
    from mlarena.boards.names import BoardName
    from mlarena.core.db import db

    dialect, quest, reader = db.engine.dialect.name, app.config["QUEST"], users // 2
    there = db.session.scalar(sa.text("SELECT count(*) FROM quests")) or 0
    copies = max(0, quests - there)
    words = {
        "numbers": NUMBERS[dialect],
        "when": WHEN[dialect],
        "true": "1" if dialect == "sqlite" else "true",
        "false": "0" if dialect == "sqlite" else "false",
        "week": BoardName("weekly").stored(),
        "quest": quest,
        "first": db.session.scalar(sa.text("SELECT max(id) FROM tasks")),
        "levels": db.session.scalar(sa.text("SELECT count(*) FROM levels")),
        "users": users,
        "copies": max(1, copies),
        "reader": reader,
    }
    db.session.rollback()
    with db.engine.begin() as connection:
        if copies:
            for insert in QUESTS:
                connection.execute(sa.text(insert.format(**words)), {"count": copies})
            counts = (max(0, submissions - users), copies)
            for insert, count in zip(SUBMISSIONS, counts, strict=True):
                connection.execute(sa.text(insert.format(**words)), {"count": count})
        moments = min(MOST_MOMENTS, submissions)
        connection.execute(sa.text(MOMENTS.format(**words)), {"count": moments})
        for insert in PEOPLE:
            connection.execute(sa.text(insert.format(**words)), {"count": users})
        connection.execute(
            sa.text("UPDATE installation_notes SET value = :new WHERE name = 'catalogue'"),
            {"new": uuid.uuid4().hex},  # what is kept of the quests is read again
        )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if dialect == "postgresql" else "ANALYZE"))
    index.rebuild(words["week"])
    return {
        "home": "/",
        "quest map": "/quests",
        "one level of it": "/quests?level=1",
        "quest": f"/quests/{quest}",
        "boards": "/boards",
        "boards, far down": f"/boards?page={users // 100}",
        "boards, one level": "/boards?level=2",
        "board of the week": "/boards/weekly",
        "board of the quest": f"/boards/quest/{quest}",
        "board of the quest as it stood": f"/boards/quest/{quest}?at=2026-01-01T00:05:00Z",
        "submission": f"/submissions/{reader}",
        "profile": f"/users/{reader}",
        "badges": f"/users/{reader}/badges",
    }


def measure(kind: str, **size: int) -> dict[str, tuple[float, int]]:
    """Milliseconds and statements by page, signed in and (`…, signed out`) by a stranger."""
    from mlarena.core.db import db

    with filled(kind, size["users"]) as app:
        began = time.perf_counter()
        addresses = fill(app, **size)
        count = db.session.scalar(sa.text("SELECT count(*) FROM submissions"))
        quests = db.session.scalar(sa.text("SELECT count(*) FROM quests"))
        print(
            f"   {kind}: {quests:,} quests, {count:,} submissions, {size['users']:,} people "
            f"(quests and submissions filled in {time.perf_counter() - began:.0f} s)"
        )
        reader, stranger = app.test_client(), app.test_client()
        with reader.session_transaction() as session:
            number = size["users"] // 2
            session["_user_id"], session["login"] = _login(number)
        # What has just been loaded is cold, and the first page would pay for all.
        for path in addresses.values():
            for _ in range(20):
                get(app, reader, path)()
        found = {name: timed(get(app, reader, path)) for name, path in addresses.items()}
        if kind == "postgresql":
            explained(app, reader, addresses)
        for name in ("home", "quest map", "quest"):
            found[f"{name}, signed out"] = timed(get(app, stranger, addresses[name]))
        return found


def _login(user_id: int) -> tuple[str, str]:
    """What a browser that this user is signed in with keeps: their id, and a login that is not over."""
    from mlarena.accounts.logins import BROWSER, open_login
    from mlarena.accounts.models import User
    from mlarena.core.db import db

    user = db.session.get_one(User, user_id)
    login = open_login(user, BROWSER)
    return str(user.get_id()), login.id


def get(app: Any, client: Any, path: str) -> Callable[[], None]:
    def once() -> None:
        with app.app_context():
            answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")

    return once


def explained(app: Any, reader: Any, addresses: dict[str, str]) -> None:
    """Which statements of these pages PostgreSQL answers by reading a growing table whole."""
    statements: dict[str, tuple[str, Any]] = {}
    page = ""

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            statements.setdefault(statement, (page, parameters))

    sa.event.listen(db_engine(), "before_cursor_execute", note)
    for page, path in addresses.items():  # noqa: B007 – `note` reads it
        get(app, reader, path)()
    sa.event.remove(db_engine(), "before_cursor_execute", note)
    connection = db_engine().raw_connection()
    whole = []
    try:
        cursor = connection.cursor()
        for statement, (where, parameters) in statements.items():
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            if any(f"Seq Scan on {table}" in plan for table in (*GROWING, *ALSO_GROWING)):
                whole.append(f"   {where}: {statement}\n{plan}")
    finally:
        connection.close()
    print(f"   EXPLAIN of {len(statements)} statements: {len(whole)} read a growing table whole")
    print("\n".join(whole), end="\n" if whole else "")


def db_engine() -> Any:
    from mlarena.core.db import db

    return db.engine


def timed(once: Callable[[], None]) -> tuple[float, int]:
    """Milliseconds of a render, and how many statements it takes."""
    from mlarena.core.db import db

    took = milliseconds(once, RUNS)
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    once()
    sa.event.remove(db.engine, "before_cursor_execute", note)
    return took, len(statements)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quests", type=int, default=1_000)
    parser.add_argument("--submissions", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    wanted = parser.parse_args()
    large = {
        "users": wanted.users,
        "quests": wanted.quests,
        "submissions": wanted.submissions,
    }
    headline("pages", **large)
    for kind in wanted.database or ("sqlite", "postgresql"):
        few, many = measure(kind, **SMALL), measure(kind, **large)
        for name, (took, statements) in many.items():
            small, as_few = few[name]
            show(
                Figure(
                    name,
                    took,
                    "ms",
                    f"{took / small:.1f} × a small arena's, aim ≤ {RENDER_MS:g} ms",
                    took <= RENDER_MS,
                ),
                Figure(
                    "  statements",
                    statements,
                    "",
                    f"{as_few} on a small arena",
                    statements == as_few,
                ),
            )


if __name__ == "__main__":
    main()
