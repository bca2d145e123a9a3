"""Which Kaggle users a team is made of, as far as Kaggle says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from mlarena.competitions.kaggle.models import KagglePerson
from mlarena.core.db import db

_TABLE: Any = KagglePerson.__table__


def write(competition_id: int, told: Mapping[int, tuple[str, ...]]) -> None:
    """Make the members of these rows what `told` says, by the rows' ids. Of rows that are not in it nothing
    is known just now, and what was known stays. Inside the caller's transaction; only changes are written.
    """
    rows = db.session.execute(
        select(KagglePerson.username, KagglePerson.entrant_id).where(
            KagglePerson.competition_id == competition_id
        )
    )
    known: dict[str, int] = {row[0]: row[1] for row in rows}
    # Nobody is in two teams of one competition; if Kaggle says so, it is the first that counts.
    wanted: dict[str, int] = {}
    for row, names in told.items():
        for name in names:
            wanted.setdefault(name, row)
    gone = [
        {"who": name}
        for name, row in known.items()
        if wanted.get(name, row if row not in told else None) != row
    ]
    fresh = [
        {"competition_id": competition_id, "username": name, "entrant_id": row}
        for name, row in wanted.items()
        if known.get(name) != row
    ]
    connection = db.session.connection()
    if gone:
        connection.execute(
            delete(_TABLE).where(
                _TABLE.c.competition_id == competition_id, _TABLE.c.username == bindparam("who")
            ),
            gone,
        )
    if fresh:
        connection.execute(insert(_TABLE), fresh)
