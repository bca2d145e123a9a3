"""What only a jail can do, asked of a worker. One in every web process would cost each some hundred MB, and
need the data of every challenge there too."""

from __future__ import annotations

from typing import Any

from mlarena.challenges import jobs
from mlarena.submissions.asking import ask
from mlarena.submissions.queues import CHECKS, RUNS

# A query may be given 30 s, and what takes longer ends the run; a benchmark case is built and run many times
# when it is saved.
RUN_SECONDS = 40
CHECK_SECONDS = 55


def run(version_id: int, payload: dict[str, Any]) -> dict[str, Any]:
    """The visible cases of one attempt. Raises Unavailable."""
    return ask(RUNS, RUN_SECONDS, jobs.run, version_id, payload)


def plan(version_id: int, query: str) -> dict[str, Any]:
    """{"plan", "error"}. Raises Unavailable."""
    return ask(RUNS, RUN_SECONDS, jobs.plan, version_id, query)


def check(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The saving checks of some content, see `bench.check`. Raises Unavailable."""
    return ask(CHECKS, CHECK_SECONDS, jobs.check, kind, fields)


def rehearse(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The same, of something that nobody saves yet: nothing of it is kept. Raises Unavailable."""
    return ask(CHECKS, CHECK_SECONDS, jobs.check, kind, fields, False)
