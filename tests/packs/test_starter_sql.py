"""What the shipped SQL challenges teach, over which tables, and on how many rows the fastest are ranked."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from mlarena.challenges.contents.sql import SqlContent
from mlarena.packs.reader import read_pack

pytestmark = pytest.mark.pure

STARTER = Path(__file__).parents[2] / "content" / "starter"


@pytest.fixture(scope="module")
def shipped() -> dict[str, SqlContent]:
    """The published SQL challenges of the starter pack."""
    found = {}
    for one in read_pack(STARTER).challenges:
        if one.published and isinstance(one.content, SqlContent):
            found[one.slug] = one.content
    return found


def techniques(content: SqlContent) -> set[str]:
    """What its solution does, by the tree of the query."""
    tree = sqlglot.parse_one(content.solution, dialect=content.engine)
    has = {
        "join": tree.find(exp.Join),
        "aggregation": tree.find(exp.Group),
        "window": tree.find(exp.Window),
        "recursive CTE": any(one.args.get("recursive") for one in tree.find_all(exp.With)),
        # A day less its number in the row: the same for all days of an island.
        "gaps and islands": any(one.find(exp.Window) for one in tree.find_all(exp.Sub)),
    }
    return {name for name, found in has.items() if found}


def test_three_schemas_have_many_challenges_each(shipped: dict[str, SqlContent]) -> None:
    assert len(shipped) >= 24
    over = Counter(content.init for content in shipped.values())
    assert sum(many >= 5 for many in over.values()) >= 3, over.values()


def test_they_go_from_joins_to_islands(shipped: dict[str, SqlContent]) -> None:
    used = Counter(name for content in shipped.values() for name in techniques(content))
    wanted = {"join": 5, "aggregation": 5, "window": 5, "recursive CTE": 2, "gaps and islands": 1}
    assert {name: used[name] for name in wanted if used[name] < wanted[name]} == {}


def test_the_fastest_are_ranked_on_a_hundred_thousand_rows(shipped: dict[str, SqlContent]) -> None:
    """Of the table that has most, among those that the solution reads."""
    rows = {
        (slug, content.type): most_rows(content)
        for slug, content in shipped.items()
        if any(case.is_benchmark for case in content.test_cases)
    }
    assert Counter(kind for _, kind in rows)["FE"] >= 3
    assert {slug: many for (slug, _), many in rows.items() if many < 100_000} == {}


def most_rows(content: SqlContent) -> int:
    assert content.engine == "sqlite"
    [data] = [case.data for case in content.test_cases if case.is_benchmark]
    tables = {one.name for one in sqlglot.parse_one(content.solution).find_all(exp.Table)}
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(content.init)
        database.executescript(data)
        there = {
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
        }
        return max(
            database.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
            for name in tables & there
        )
