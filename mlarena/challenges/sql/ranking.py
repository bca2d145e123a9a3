"""What an accepted attempt costs, as a multiple of the solution's cost.

A single wall-clock run orders a true 10 % gap wrongly 13 to 20 % of the time. The least processor time of
several runs, told in yardsticks (see engines.racing), orders it rightly on a busy machine too. The
solution's was told so when the version was saved: every attempt is divided by the same number, so its
error orders nobody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlarena.challenges.sql import statement
from mlarena.challenges.sql.engines import Engines
from mlarena.challenges.sql.engines.racing import yardsticks
from mlarena.challenges.sql.engines.ran import Lap
from mlarena.challenges.sql.prepared import Prepared
from mlarena.challenges.sql.results import Cost

BUCKET = math.log(1.05)  # costs within 5 % are a tie


def rank(prepared: Prepared, query: str, engines: Engines) -> Cost | None:
    """The cost of an accepted `query` on the benchmark case; None when there is no such case.

    Takes some 8 times what the attempt takes on that case, and three seconds at most to wait for the
    machine's own speed. Raises EngineUnavailable.
    """
    where = prepared.benchmark
    if where is None or prepared.yardsticks is None:
        return None
    group, place = where
    attempt = statement.attempt(statement.as_text(query), prepared.engine)
    engine = engines.get(prepared.engine)
    laps = engine.race(attempt.text, prepared.images(group), place, prepared.time_limit_ms)
    return None if laps is None else cost(laps, prepared.yardsticks)


def cost(attempt: Sequence[Lap], solution: float) -> Cost:
    """From the laps of the attempt, and what the solution takes in yardsticks."""
    ratio = yardsticks(attempt) / solution
    return Cost(
        ratio=ratio,
        bucket=round(math.log(ratio) / BUCKET),
        steps=min(lap.steps for lap in attempt),
        execution_ms=min(lap.milliseconds for lap in attempt),
    )
