"""The same queries through the doors that everybody has: a challenge written by POST /challenges, queries
handed in by POST /attempts, and the verdicts of a real worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mlarena.challenges import engines
from mlarena.challenges.sql.spec import Engine
from tests.challenges.conftest import author as author
from tests.challenges.sql import club
from tests.challenges.sql.corpus import ENGINES, EXERCISES, Exercise

# A sample: the judging itself is what test_corpus.py asks of all of them.
EVERY = {"sqlite": 2, "duckdb": 6, "postgres": 12}
PAIRS = [
    pytest.param(exercise, engine, id=f"{exercise.name}-{engine}")
    for engine in ENGINES
    for exercise in EXERCISES[:: EVERY[engine]]
    if exercise.written_for(engine)
]


@pytest.fixture(scope="module", autouse=True)
def own_engines(migrated_app: Any, challenge_url: str) -> Iterator[None]:
    """The arena's engines, PostgreSQL by its setting where there is a server; closed again afterwards."""
    kept = migrated_app.extensions["settings"]
    engines.close()
    migrated_app.extensions["settings"] = kept.model_copy(
        update={"challenge_database_url": challenge_url}
    )
    yield
    engines.close()
    migrated_app.extensions["settings"] = kept


@pytest.mark.parametrize(("exercise", "engine"), PAIRS)
def test_right_ones_pass_and_wrong_ones_do_not(
    exercise: Exercise,
    engine: Engine,
    client: Any,
    author: Any,
    user: Any,
    bearer: Callable[[Any], dict[str, str]],
    jail: Any,
    work: Callable[[], None],
) -> None:
    solution, right, wrong = exercise.written(engine)
    spec = club.spec(engine, solution)
    body = {
        **{"kind": "sql", "name": exercise.name, "points": 10, "engine": engine, "type": "FE"},
        **{"init": spec.init, "solution": solution, "publish": True},
        "test_cases": [{"data": one.data, "is_visible": one.is_visible} for one in spec.cases],
    }
    made = client.post("/api/v1/challenges", json=body, headers=bearer(author))
    assert made.status_code == 201, made.text
    headers = bearer(user)
    handed_in: dict[str, int] = {}
    for query in (solution, *right, *wrong):
        body = {"challenge_id": made.json["data"]["id"], "query": query}
        taken = client.post("/api/v1/attempts", json=body, headers=headers)
        assert taken.status_code == 202, f"{query}\n{taken.text}"
        handed_in[query] = taken.json["data"]["id"]
    work()
    for query, number in handed_in.items():
        shown = client.get(f"/api/v1/submissions/{number}", headers=headers).json["data"]
        told = [(case["category"], case["error"]) for case in shown["cases"]]
        assert (shown["status"], len(told)) == ("scored", len(spec.cases)), f"{query}\n{shown}"
        if query in wrong:
            assert not shown["passed"] and shown["score"] < 100, f"{query}\nis wrong, but passes"
            broken = {"error", "refused"} & {category for category, _ in told}
            assert not broken, f"{query}\nis to be wrong, not broken: {told}"
        else:
            assert shown["passed"] and shown["score"] == 100, f"{query}\nis right, but: {told}"
