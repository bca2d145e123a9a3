"""Fills the boards of the benchmark: the database writes the rows itself, a million in some seconds."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from mlarena.boards.entries import now_version
from mlarena.core.db import UtcDateTime, db

# The tables that grow with users, so that none of their statements may read them whole.
GROWING = (
    *("users", "board_entries", "learner_totals", "xp_entries", "activity_days", "kind_totals"),
    *("submissions", "verdicts", "progress", "login_sessions", "blobs", "blob_chunks"),
)

NUMBERS = {
    "sqlite": (
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count) "
    ),
    "postgresql": "WITH numbers(n) AS (SELECT generate_series(1, :count)) ",
}
WHEN = {
    "sqlite": "datetime('2026-01-01', '+' || n || ' seconds') || '.000000'",
    "postgresql": "timestamptz '2026-01-01Z' + n * interval '1 second'",
}
# Spread without order, about a hundred people on each value.
SCORE = "(n % 9973 * 7919 % 9973) * 10.0"

INSERTS = (
    "INSERT INTO users (id, username, username_key, email, email_key, full_name, password_hash, role, "
    "timezone, kaggle_username, listed, credentials_version, created_at) {numbers} SELECT n, "
    "'user' || n, 'user' || n, 'u' || n || '@example.org', 'u' || n || '@example.org', '', 'none', "
    "'learner', 'UTC', '', {true}, 1, {when} FROM numbers",
    "INSERT INTO login_sessions (id, user_id, created_at, expires_at) {numbers} SELECT 'login-' || n, n, "
    "{when}, {when} FROM numbers",
    "INSERT INTO learner_totals (user_id, xp, passed, perfect, current_streak, longest_streak, freezes) "
    "{numbers} SELECT n, n % 9973 * 7919 % 9973 * 10, 1, 0, 0, 0, 0 FROM numbers",
    "INSERT INTO xp_entries (user_id, key, amount, reason, created_at) {numbers} SELECT n, 'task:0', "
    "n % 9973 * 7919 % 9973 * 10, 'Passed', {when} FROM numbers",
    "INSERT INTO kind_totals (user_id, kind, passed) {numbers} SELECT n, 'quest', 1 FROM numbers",
    "INSERT INTO activity_days (user_id, day, submissions, frozen, first_at, first_zone, last_at, "
    "last_zone) {numbers} SELECT n, '2026-01-01', 1, {false}, {when}, 'UTC', {when}, 'UTC' FROM numbers",
    "INSERT INTO progress (user_id, task_id, status, attempts, best_score) {numbers} SELECT n, {quest}, "
    f"'completed', 1, {SCORE} FROM numbers",
    "INSERT INTO submissions (id, user_id, task_id, attempt_no, status, payload, blob_sha256, score, "
    "passed, xp_awarded, queued_at, finished_at, claims, dispatches, dispatched_at) {numbers} SELECT n, "
    f"n, {{quest}}, 1, 'scored', '{{{{}}}}', 'sha-' || n, {SCORE}, {{true}}, 100, {{when}}, {{when}}, 1, "
    "1, {when} FROM numbers",
    "INSERT INTO verdicts (submission_id, status, cases, report, created_at) {numbers} SELECT n, "
    "'scored', '[]', '{{}}', {when} FROM numbers",
    *(
        "INSERT INTO board_entries (board, user_id, score, sort_key, reached_at, version, hidden, "
        f"details) {{numbers}} SELECT '{board}', n, {SCORE} * {scale}, -{SCORE} * {scale}, {{when}}, "
        ":version + n, {false}, '{{}}' FROM numbers"
        for board, scale in (("global", 1), ("quest:{quest}", 0.00001))
    ),
)


def load(users: int, quest: int) -> None:
    """`users` people, each with a pass of the quest: submission and verdict, totals and ledger, and a
    row on the boards of all XP and of the quest."""
    dialect = db.engine.dialect.name
    words = {
        "quest": quest,
        "numbers": NUMBERS[dialect],
        "when": WHEN[dialect],
        "true": "1" if dialect == "sqlite" else "true",
        "false": "0" if dialect == "sqlite" else "false",
    }
    # Versions of the past: these rows changed long before the index was built.
    version = now_version() - 10**12
    with db.engine.begin() as connection:
        for insert in INSERTS:
            statement = sa.text(insert.format(**words))
            connection.execute(statement, {"count": users, "version": version})
        connection.execute(
            sa.text(
                "INSERT INTO board_entries (board, label, score, sort_key, reached_at, version, hidden, "
                f"details) VALUES ('quest:{quest}', 'linear model', 0.5, -0.5, :at, :version, :no, '{{}}')"
            ).bindparams(sa.bindparam("at", type_=UtcDateTime)),
            {"at": datetime(2026, 1, 1, tzinfo=UTC), "version": version, "no": False},
        )
        if dialect == "postgresql":
            for table in ("users", "xp_entries", "submissions", "board_entries"):
                connection.execute(
                    sa.text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                        f"(SELECT max(id) FROM {table}))"
                    )
                )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As autovacuum does: without it no index alone could answer anything.
        connection.execute(sa.text("VACUUM ANALYZE" if dialect == "postgresql" else "ANALYZE"))
