"""LEFT JOIN for JOIN is a mistake only where a row may be without its partner."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.challenges.sql import solution, statement

pytestmark = pytest.mark.pure


def table(name: str, columns: str, *links: dict[str, Any]) -> dict[str, Any]:
    """`columns` as "id note?": a question mark where NULL is allowed."""
    told = [{"name": one.rstrip("?"), "nullable": one.endswith("?")} for one in columns.split()]
    return {"name": name, "columns": told, "links": list(links)}


def link(columns: str, to: str, references: str) -> dict[str, Any]:
    return {"columns": columns.split(), "table": to, "references": references.split()}


TABLES = [
    table("people", "id name"),
    table("places", "country town"),
    table(
        "runs",
        "id person_id boss_id? country town",
        link("person_id", "people", "id"),
        link("boss_id", "people", "id"),
        link("country town", "places", "country town"),
    ),
]


def joins_mutated(query: str) -> int:
    attempt = statement.attempt(query, "sqlite")
    return sum(
        mutant.done.startswith("with LEFT JOIN") for mutant in solution.mutants(attempt, TABLES)
    )


@pytest.mark.parametrize(
    "query",
    [
        "SELECT p.name FROM runs r JOIN people p ON p.id = r.person_id",
        "SELECT p.name FROM runs AS R JOIN People p ON r.Person_Id = P.ID",
        "SELECT * FROM runs r JOIN places l ON l.country = r.country AND l.town = r.town",
        "WITH best AS (SELECT person_id AS who FROM runs GROUP BY person_id) "
        "SELECT p.name FROM best b JOIN people p ON p.id = b.who",
        "SELECT p.name FROM (SELECT r.person_id, r.id FROM runs r) s JOIN people p ON p.id = s.person_id",
    ],
)
def test_a_foreign_key_that_is_never_null_always_finds_its_partner(query: str) -> None:
    assert joins_mutated(query) == 0


@pytest.mark.parametrize(
    "query",
    [
        # The other way round: not everybody has runs.
        "SELECT p.name FROM people p JOIN runs r ON r.person_id = p.id",
        # It may be NULL.
        "SELECT p.name FROM runs r JOIN people p ON p.id = r.boss_id",
        # More is asked than the key, or half of it, or another column.
        "SELECT p.name FROM runs r JOIN people p ON p.id = r.person_id AND p.name > 'm'",
        "SELECT p.name FROM runs r JOIN people p ON p.id = r.person_id AND p.id = r.boss_id",
        "SELECT l.town FROM runs r JOIN places l ON l.town = r.town",
        "SELECT p.name FROM runs r JOIN people p ON p.id = r.id",
        "SELECT p.name FROM runs r JOIN people p ON p.id = r.person_id + 1",
        # A name in a CTE hides the table; what is computed is no key; a union is not followed.
        "WITH people AS (SELECT 1 AS id) SELECT 1 FROM runs r JOIN people p ON p.id = r.person_id",
        "WITH runs AS (SELECT max(person_id) AS person_id FROM runs) "
        "SELECT p.name FROM runs r JOIN people p ON p.id = r.person_id",
        "WITH w AS (SELECT person_id FROM runs UNION ALL SELECT 7) "
        "SELECT p.name FROM w JOIN people p ON p.id = w.person_id",
        "WITH w(person_id) AS (SELECT boss_id FROM runs) "
        "SELECT p.name FROM w JOIN people p ON p.id = w.person_id",
    ],
)
def test_any_other_join_may_lose_a_row(query: str) -> None:
    assert joins_mutated(query) == 1


def test_an_outer_join_before_it_makes_rows_without_a_key() -> None:
    query = (
        "SELECT q.name FROM people p LEFT JOIN runs r ON r.person_id = p.id "
        "JOIN people q ON q.id = r.person_id"
    )
    assert joins_mutated(query) == 1
