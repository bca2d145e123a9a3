"""Right and wrong queries in every dialect: no right one is rejected, no wrong one is accepted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlarena.challenges.sql import Engines, Prepared, SqlSpec, judge
from mlarena.challenges.sql.spec import Engine
from tests.challenges.sql import club
from tests.challenges.sql.corpus import ENGINES, EXERCISES, Exercise

# All of them on the engines that are quick; on PostgreSQL, where a run makes a database, every third.
PAIRS = [
    pytest.param(exercise, engine, id=f"{exercise.name}-{engine}")
    for engine in ENGINES
    for exercise in (EXERCISES[::3] if engine == "postgres" else EXERCISES)
]


@pytest.mark.parametrize(("exercise", "engine"), PAIRS)
def test_right_ones_pass_and_wrong_ones_do_not(
    exercise: Exercise,
    engine: Engine,
    prepare: Callable[[SqlSpec], Prepared],
    engines: Engines,
) -> None:
    if not exercise.written_for(engine):
        pytest.skip(f"not written for {engine}")
    solution, right, wrong = exercise.written(engine)
    prepared = prepare(club.spec(engine, solution))
    for query in (solution, *right):
        judged = judge(prepared, query, engines)
        told = [(result.category, result.message) for result in judged.results]
        assert judged.passed, f"{query}\nis right, but: {judged.error or told}"
        assert judged.score == 100
    for query in wrong:
        judged = judge(prepared, query, engines)
        assert not judged.passed, f"{query}\nis wrong, but passes"
        assert judged.score < 100
        errors = [r.message for r in judged.results if r.category in ("error", "refused")]
        assert not errors, f"{query}\nis to be wrong, not broken: {errors}"


def test_there_is_enough_of_it() -> None:
    counts = {
        word: sum(
            len(some) for one in EXERCISES for key, some in one.queries.items() if word in key
        )
        for word in ("right", "wrong")
    }
    right, wrong = counts["right"] + len(EXERCISES), counts["wrong"]
    assert right >= 120
    assert wrong >= 130
