"""What an accepted attempt costs, as a multiple of the solution's cost.

A single wall-clock run orders a true 10 % gap wrongly 13 to 20 % of the time. The least processor
time of several runs, taken in turn with the solution's, orders it rightly on a busy machine too.
"""

from __future__ import annotations

import math

from mlarena.challenges.sql import statement
from mlarena.challenges.sql.engines import Engines
from mlarena.challenges.sql.engines.ran import Lap
from mlarena.challenges.sql.prepared import Prepared
from mlarena.challenges.sql.results import Cost

LAPS = 7
BUCKET = math.log(1.05)  # costs within 5 % are a tie


def rank(prepared: Prepared, query: str, engines: Engines) -> Cost | None:
    """The cost of an accepted `query` on the benchmark case; None when there is no such case.

    Takes some 16 times what the solution and the attempt take together on that case. Raises
    EngineUnavailable.
    """
    where = prepared.benchmark
    if where is None:
        return None
    group, place = where
    attempt = statement.attempt(statement.as_text(query), prepared.engine)
    laps = engines.get(prepared.engine).race(
        [prepared.solution, attempt.text],
        prepared.images(group),
        place,
        LAPS,
        prepared.time_limit_ms,
    )
    return None if laps is None else cost(*laps)


def cost(solution: list[Lap], attempt: list[Lap]) -> Cost:
    """From the laps of both."""
    ratio = _least(attempt) / _least(solution)
    return Cost(
        ratio=ratio,
        bucket=round(math.log(ratio) / BUCKET),
        steps=min(lap.steps for lap in attempt),
        execution_ms=min(lap.milliseconds for lap in attempt),
    )


def _least(laps: list[Lap]) -> float:
    return max(min(lap.cpu_ms for lap in laps), 1e-3)
