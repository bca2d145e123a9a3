"""Many rows at once: what is known of a board, and the few statements that change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from mlarena.competitions.models import Entrant
from mlarena.core.clock import utcnow
from mlarena.core.db import db

_TABLE: Any = Entrant.__table__


class Known(NamedTuple):
    """A row as it stands in the database."""

    id: int
    name: str | None
    entries: int
    score: float | None
    sort_key: float | None
    reached_at: datetime | None
    final_score: float | None
    final_key: float | None
    final_at: datetime | None
    final_rank: int | None


def known_rows(competition_id: int) -> dict[str, Known]:
    """Every row of the board, and of those who were on it, by Kaggle's number of the team."""
    rows = db.session.execute(
        select(Entrant.kaggle_team, *(getattr(Entrant, name) for name in Known._fields)).where(
            Entrant.competition_id == competition_id, Entrant.kaggle_team.is_not(None)
        )
    )
    return {row[0]: Known(*row[1:]) for row in rows}


def add(competition_id: int, rows: list[dict[str, Any]]) -> dict[str, int]:
    """New rows; their ids by team."""
    if not rows:
        return {}
    common = {"competition_id": competition_id, "created_at": utcnow()}
    made = db.session.execute(
        insert(Entrant).returning(Entrant.kaggle_team, Entrant.id),
        [{**common, "house": False, "hidden": False, **row} for row in rows],
    )
    return {team: id_ for team, id_ in made if team is not None}


def change(rows: list[dict[str, Any]]) -> None:
    """Each has `row`, its id, the name it had as `old`, and what it is to have; all have the same fields."""
    if not rows:
        return
    # Two teams may have swapped names, which are unique: first all of those give theirs back.
    renamed = [{"row": row["row"]} for row in rows if row["old"] != row["name"]]
    fields = rows[0].keys() - {"row", "old"}
    by_id = update(_TABLE).where(_TABLE.c.id == bindparam("row"))
    connection = db.session.connection()
    if renamed:
        connection.execute(by_id.values(name=None), renamed)
    connection.execute(
        by_id.values({name: bindparam(f"new_{name}") for name in fields}),
        [{"row": row["row"], **{f"new_{name}": row[name] for name in fields}} for row in rows],
    )
