"""The console as the arena fills: `python -m benchmarks.console [--submissions 1000000]`.

Every page of the instructor's console is rendered in this process by the app itself, for an admin, on
PostgreSQL (BENCH_DATABASE_URL names a server; a database of our own is made on it), on a small arena and on
a large one. The aims: at most 100 ms a page, and the same number of statements on both. Then the whole
submissions log is exported: what it takes of memory at its most must not grow with it.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from benchmarks import pages
from benchmarks.boards import filled
from benchmarks.report import Figure, headline, show

RENDER_MS = 100.0
SMALL = {"users": 300, "quests": 50, "submissions": 3_000}
LEARNERS, TASKS = 500, 100
PAIRS = 2_000
MEMORY_MB = 8.0


def prepare(app: Any, users: int) -> dict[str, str]:
    """A cohort of the largest size, pairs that are alike, first views; the pages to look at."""
    from mlarena.accounts.models import User
    from mlarena.cohorts import assignments, service
    from mlarena.core.clock import utcnow
    from mlarena.core.db import db
    from mlarena.submissions.models import Submission, Task

    admin = db.session.get_one(User, users // 2)
    admin.role = "admin"
    db.session.commit()
    cohort = service.create(admin, {"title": "A large class", "timezone": "Europe/Berlin"})
    tasks = list(
        db.session.scalars(
            sa.select(Task.id).where(Task.kind == "quest").order_by(Task.id).limit(TASKS)
        )
    )
    fields = {"title": "All of it", "due_at": utcnow() + timedelta(days=1)}
    assignment = assignments.create(admin, cohort, fields, dict.fromkeys(tasks, 1.0))
    words = {"cohort": cohort.id, "members": min(LEARNERS, users), "now": utcnow()}
    statements = (
        "INSERT INTO cohort_members (cohort_id, user_id, nickname, joined_at) SELECT :cohort, id, '', :now "
        "FROM users ORDER BY id LIMIT :members",
        "INSERT INTO progress (user_id, task_id, status, attempts, best_score, passed_on) SELECT user_id, "
        "task_id, 'completed', count(*), max(score), 1 FROM submissions WHERE user_id IS NOT NULL "
        "GROUP BY user_id, task_id ON CONFLICT DO NOTHING",
        "INSERT INTO first_views (user_id, task_id, at) SELECT user_id, task_id, :now FROM progress "
        "ON CONFLICT DO NOTHING",
    )
    with db.engine.begin() as connection:
        for statement in statements:
            known = {name: value for name, value in words.items() if f":{name}" in statement}
            connection.execute(sa.text(statement), known)
        connection.execute(
            sa.text(
                "INSERT INTO alike_pairs (task_id, earlier_id, later_id, kind, share, shared, found_at) "
                "SELECT task_id, id, id + 1, 'identical', 1, 0, :now FROM submissions "
                "WHERE EXISTS (SELECT FROM submissions AS next WHERE next.id = submissions.id + 1) "
                "ORDER BY id LIMIT :pairs"
            ),
            {"now": words["now"], "pairs": PAIRS},
        )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
    quest, desk = app.config["QUEST"], f"/teach/cohorts/{cohort.id}"
    last = db.session.scalar(sa.select(sa.func.max(Submission.id)))
    found = {
        "today": "/teach",
        "cohorts": "/teach/cohorts",
        "cohort": desk,
        "people": f"{desk}/people",
        "progress": f"{desk}/progress",
        "grades": f"{desk}/grades",
        "statistics of the cohort": f"{desk}/statistics",
        "settings": f"{desk}/settings",
        "assignment": f"{desk}/assignments/{assignment.id}",
        "log": "/teach/submissions",
        "log of a cohort": f"/teach/submissions?cohort={cohort.id}",
        "log of a task": f"/teach/submissions?task={quest}",
        "log, failed": "/teach/submissions?state=failed",
        "log, of a person": "/teach/submissions?person=user7",
        "submission": f"/teach/submissions/{last}",
        "rejudges": "/teach/rejudges",
        "alike": "/teach/alike",
        "alike, a cohort": f"/teach/alike?cohort={cohort.id}",
        "statistics of a task": f"/teach/tasks/{tasks[-1]}/statistics",
        "statistics of a task in the cohort": f"/teach/tasks/{tasks[-1]}/statistics?cohort={cohort.id}",
        "statistics of the task with most": f"/teach/tasks/{quest}/statistics",
        "audit log": "/teach/audit",
    }
    for name in ("quests", "challenges", "competitions", "categories", "levels", "badges", "users"):
        found[f"list of {name}"] = f"/teach/lists/{name}"
    found["list of users, searched"] = "/teach/lists/users?q=user99&sort=-made"
    return found


def measure(export: bool, **size: int) -> dict[str, tuple[float, int]]:
    """Milliseconds and statements by page."""
    with filled("postgresql", size["users"]) as app:
        began = time.perf_counter()
        pages.fill(app, **size)
        addresses = prepare(app, size["users"])
        print(f"   filled in {time.perf_counter() - began:.0f} s")
        admin = app.test_client()
        with admin.session_transaction() as session:
            session["_user_id"], session["login"] = pages._login(size["users"] // 2)
        found = {}
        for name, path in addresses.items():
            once = pages.get(app, admin, path)
            for _ in range(3):
                once()
            found[name] = pages.timed(once)
        if export:
            exported(app, admin)
        return found


def exported(app: Any, admin: Any) -> None:
    """All of the submissions log as CSV: rows a second, and the most memory at any time."""
    began, size, rows, early = time.perf_counter(), 0, 0, 0
    tracemalloc.start()
    with app.app_context():
        answer = admin.get("/teach/submissions/export.csv", buffered=False)
        for piece in answer.response:
            data = piece if isinstance(piece, bytes) else piece.encode()
            size += len(data)
            rows += data.count(b"\n")
            if not early and rows >= 20_000:
                early = tracemalloc.get_traced_memory()[1]
        answer.close()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    took = time.perf_counter() - began
    grown = (most - early) / 2**20
    show(
        Figure("export: rows", rows, "", f"{size / 2**20:.0f} MB in {took:.0f} s, memory traced"),
        Figure(
            "  memory at its most", most / 2**20, "MB", f"{early / 2**20:.1f} MB after 20,000 rows"
        ),
        Figure("  grown since", grown, "MB", f"aim ≤ {MEMORY_MB:g} MB", grown <= MEMORY_MB),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quests", type=int, default=500)
    parser.add_argument("--submissions", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=10_000)
    wanted = parser.parse_args()
    large = {"users": wanted.users, "quests": wanted.quests, "submissions": wanted.submissions}
    headline("console", **large)
    few, many = measure(False, **SMALL), measure(True, **large)
    for name, (took, statements) in many.items():
        small, as_few = few[name]
        show(
            Figure(
                name, took, "ms",
                f"{took / small:.1f} × a small arena's, aim ≤ {RENDER_MS:g} ms", took <= RENDER_MS,
            ),
            Figure("  statements", statements, "", f"{as_few} on a small arena", statements <= as_few),
        )  # fmt: skip


if __name__ == "__main__":
    main()
