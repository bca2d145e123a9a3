"""The board of a mirrored competition, read and written: `python -m benchmarks.kaggle [--rows 10000]`.

A Kaggle of the suite's own hands the board out, through Kaggle's real client; SQLite and PostgreSQL
(127.0.0.1:5432, a database of its own). First all rows are new, then nothing has changed, then a row in a
hundred has: its score, and with it the ranks of those between its old place and its new one. The aim is that
a board that has not changed takes at most a second and writes nothing.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.boards import database
from benchmarks.report import Figure, headline, show
from tests.kaggle.stub import Team, serve

AIM_SECONDS = 1.0
ROUNDS = 5
WRITES = ("INSERT", "UPDATE", "DELETE")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    given = parser.parse_args()
    headline("kaggle", rows=given.rows, database=given.database)
    kinds = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    for kind in kinds:
        show(*measured(kind, given.rows))


def measured(kind: str, rows: int) -> list[Figure]:
    from flask_migrate import upgrade

    from mlarena.app import create_app
    from mlarena.competitions.kaggle import mirrors, sync
    from mlarena.core.config import Settings
    from mlarena.core.db import db
    from mlarena.core.embedded import EmbeddedRedis

    stub, server = serve()
    stub.ends = "2099-01-01T00:00:00Z"
    stub.rows = board(rows)
    stub.file = stub.zipped()
    with tempfile.TemporaryDirectory(prefix="mlarena-bench-") as name:
        folder = Path(name)
        with database(kind, folder) as url, EmbeddedRedis(folder / "redis") as redis:
            settings = Settings(
                _env_file=None,  # type: ignore[call-arg]
                mlarena_env="testing",
                mlarena_data=folder,
                secret_key="0" * 64,
                database_url=url,
                redis_url=redis.url,
                log_level="ERROR",
                kaggle_api_token="token",
                kaggle_api_url=stub.url,
            )
            app = create_app(settings)
            with app.app_context():
                upgrade()
                mirrors.ask = lambda _queue, _seconds, job, *about: job(*about)  # type: ignore
                made = mirrors.mirror(None, "titanic")
                watch = Watch(db.engine)
                first, _ = watch.timed(lambda: sync.sync(made))
                same = [watch.timed(lambda: sync.sync(made)) for _ in range(ROUNDS)]
                moved = []
                for _ in range(ROUNDS):
                    shake(stub.rows)
                    stub.file = stub.zipped()
                    moved.append(watch.timed(lambda: sync.sync(made)))
                db.session.remove()
                db.engine.dispose()
    server.shutdown()
    server.server_close()
    unchanged = statistics.median(seconds for seconds, _ in same)
    writes = sum(count for _, count in same)
    return [
        Figure(f"{kind}: {rows:,} rows for the first time", first, "s"),
        Figure(
            f"{kind}: nothing has changed",
            unchanged,
            "s",
            f"at most {AIM_SECONDS:g} s",
            unchanged <= AIM_SECONDS,
        ),
        Figure(f"{kind}: writes then", writes, "", "none", writes == 0),
        Figure(
            f"{kind}: a row in a hundred has changed", statistics.median(s for s, _ in moved), "s"
        ),
    ]


def board(rows: int) -> list[Team]:
    """Teams of one to three, the best first; lower is better."""
    return [
        Team(
            1000 + n,
            f"Team number {n}",
            round(0.1 + n / rows, 5),
            ",".join(f"user{n}x{member}" for member in range(1 + n % 3)),
            day=1 + n % 28,
        )
        for n in range(rows)
    ]


def shake(rows: list[Team]) -> None:
    """One row in a hundred gets better by a little, as boards go."""
    for row in random.sample(rows, max(1, len(rows) // 100)):
        row.score = round(row.score * random.uniform(0.98, 1.0), 5)
        row.entries += 1
    rows.sort(key=lambda row: row.score)


class Watch:
    """How long something takes, and how many rows it writes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._writes = 0
        sa.event.listen(engine, "before_cursor_execute", self._note)

    def timed(self, do: Callable[[], Any]) -> tuple[float, int]:
        self._writes, begun = 0, time.perf_counter()
        do()
        return time.perf_counter() - begun, self._writes

    def _note(self, _connection: Any, _cursor: Any, statement: str, given: Any, *rest: Any) -> None:
        if statement.lstrip().startswith(WRITES):
            self._writes += len(given) if rest and rest[-1] else 1


if __name__ == "__main__":
    main()
