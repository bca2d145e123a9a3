"""Where everybody stood over time, for the small drawings on the board.

Now and then the ranks of a board are compared with those noted last, and who has moved gets one point more.
A track has a bounded length: when it is full, every second of its older points goes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select, update

from mlarena.competitions.board import PUBLIC, ordered
from mlarena.competitions.models import Competition, Entrant
from mlarena.core.clock import utcnow
from mlarena.core.db import db

MOST_POINTS = 48


def note_ranks() -> int:
    """Note the ranks of every competition that is going on; how many rows have moved. Commits."""
    now = utcnow()
    ongoing = db.session.scalars(
        select(Competition)
        .where(Competition.starts_at <= now, Competition.finished_at.is_(None))
        .where(Competition.status == "published", Competition.answers_blob.is_not(None))
    ).all()
    moved = sum(note(competition, now) for competition in ongoing)
    db.session.commit()
    return moved


def note(competition: Competition, now: datetime) -> int:
    """Inside the caller's transaction; only rows that have moved are written."""
    rows = db.session.execute(
        ordered(competition.id, PUBLIC, Entrant.id, Entrant.house, Entrant.public_rank)
    ).all()
    people = [(entrant_id, before) for entrant_id, house, before in rows if not house]
    moved = {
        entrant_id: rank for rank, (entrant_id, before) in enumerate(people, 1) if rank != before
    }
    if not moved:
        return 0
    at = minute(competition.starts_at, now)
    tracks = db.session.execute(
        select(Entrant.id, Entrant.track).where(
            Entrant.competition_id == competition.id, Entrant.id.in_(moved)
        )
        if len(moved) < 500
        else select(Entrant.id, Entrant.track).where(Entrant.competition_id == competition.id)
    )
    changes = [
        {
            "row": entrant_id,
            "rank": moved[entrant_id],
            "points": longer(track, at, moved[entrant_id]),
        }
        for entrant_id, track in tracks
        if entrant_id in moved
    ]
    db.session.connection().execute(
        update(Entrant.__table__)  # type: ignore[arg-type]
        .where(Entrant.__table__.c.id == bindparam("row"))
        .values(public_rank=bindparam("rank"), track=bindparam("points")),
        changes,
    )
    return len(changes)


def minute(starts_at: datetime, now: datetime) -> int:
    """The time of a track's point: whole minutes since the start."""
    return max(0, int((now - starts_at).total_seconds() // 60))


def longer(track: list[list[int]], minute: int, rank: int) -> list[list[int]]:
    """`track` with one point more; within one minute the last one holds."""
    points = [point for point in track if point[0] < minute]
    if len(points) >= MOST_POINTS:
        points = [*points[:-8:2], *points[-8:]]
    return [*points, [minute, rank]]
