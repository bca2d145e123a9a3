"""A board of ten thousand among others as large: each page by an index, in the same number of statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from mlarena.boards import service as boards
from mlarena.competitions import service
from mlarena.competitions.models import Competition, Entrant
from mlarena.core.db import db
from tests.competitions.conftest import NOW

ROWS = 10_000
OTHERS = 4
LAST = ROWS // 50
TABLE: Any = Entrant.__table__


def fill(competitions: list[Any]) -> None:
    """The first gets rows of strangers, the others the same once more."""
    first, *others = [competition.id for competition in competitions]
    rows = [
        {
            "competition_id": first,
            "kaggle_team": str(n),
            "score": float(n),
            "sort_key": float(n),
            "reached_at": NOW + timedelta(seconds=n % 60),
            "final_score": float(n),
            "final_key": float(n),
            "final_at": NOW,
            "final_rank": n,
        }
        for n in range(1, ROWS + 1)
    ]
    db.session.execute(sa.insert(TABLE), rows)
    rest = [
        name
        for name in (column.name for column in TABLE.columns)
        if name not in ("id", "competition_id")
    ]
    for other in others:
        copied = sa.select(sa.literal(other), *(TABLE.c[name] for name in rest))
        db.session.execute(
            sa.insert(TABLE).from_select(
                ["competition_id", *rest], copied.where(TABLE.c.competition_id == first)
            )
        )
    db.session.commit()
    db.session.execute(sa.text("ANALYZE"))
    db.session.commit()


def statements(do: Callable[[], Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        found.append((statement, given))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        do()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return found


def whole_reads(found: list[tuple[str, Any]]) -> list[str]:
    """Which of them the database would answer by reading the whole table of entrants."""
    postgres = db.engine.dialect.name == "postgresql"
    explain = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
    bad = []
    for statement, given in found:
        if "competition_entrants" not in statement or not statement.startswith("SELECT"):
            continue
        rows = db.session.connection().exec_driver_sql(explain + statement, given).all()
        plan = "\n".join(str(row[-1]) for row in rows)
        whole = (
            "Seq Scan on competition_entrants" in plan
            if postgres
            else any(
                line.startswith("SCAN competition_entrants") and "INDEX" not in line
                for line in plan.splitlines()
            )
        )
        if whole or ("LIMIT" in statement and "USE TEMP B-TREE" in plan):
            bad.append(f"{statement}\n{plan}")
    return bad


def test_every_page_is_a_stretch_of_an_index(make_competition: Any, make_user: Any) -> None:
    competitions = [make_competition(title=f"Number {n}") for n in range(1 + OTHERS)]
    ada = make_user("ada")
    fill(competitions)
    own = service.register(ada, competitions[0])
    own.score = own.sort_key = own.final_score = own.final_key = 9_999.5
    own.reached_at = own.final_at = NOW
    db.session.commit()
    name = f"competition:{competitions[0].id}"
    for finished in (None, NOW):
        competition = db.session.get_one(Competition, competitions[0].id)
        competition.finished_at = finished
        db.session.commit()
        asked = []
        for number in (1, LAST // 2, LAST):
            db.session.expire_all()
            asked.append(statements(lambda n=number: boards.page(name, n, 50, ada)))  # type: ignore[misc]
            page = boards.page(name, number, 50, ada)
            assert len(page.rows) == 50 and page.total == ROWS + 1
            assert page.rows[0].score == 50 * (number - 1) + 1
            assert page.me is not None and page.me.score == 9_999.5
        first, middle, last = map(len, asked)
        assert first == middle >= last, "where one's own row is on the page, it is not asked for"
        for found in asked:
            assert whole_reads(found) == []
