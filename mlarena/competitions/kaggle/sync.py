"""Bring a board of ours to what Kaggle's is. What has not changed is not written, nor told anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select, update

from mlarena.competitions import tracks
from mlarena.competitions.kaggle import links, manners, people
from mlarena.competitions.kaggle.faults import Busy, KaggleFault, Unreadable
from mlarena.competitions.kaggle.models import KaggleCompetition
from mlarena.competitions.kaggle.reading import Board, Row
from mlarena.competitions.kaggle.rows import Place, direction_of, names_of, places
from mlarena.competitions.kaggle.writing import Known, add, change, known_rows
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.live import publish

log = structlog.get_logger(__name__)

_TABLE: Any = KaggleCompetition.__table__


def sync(competition_id: int) -> int:
    """Fetch the public board and write what has changed; how many rows. Commits, raises KaggleFault.

    0 as well while somebody else is at it, or Kaggle wants to be left alone.
    """
    competition = db.session.get_one(KaggleCompetition, competition_id, populate_existing=True)
    slug, known, finished = competition.kaggle_slug, competition.digest, competition.revealed
    db.session.commit()
    if finished:
        return 0  # its final board is what `ends.refresh` reads
    with manners.alone(competition_id) as ours:
        if not ours or manners.quiet_for():
            return 0
        found = fetched(competition_id, lambda kaggle: kaggle.board(slug, known))
        written = take_in(competition_id, found, utcnow()) if found else 0
    if written:
        publish.board_changed(f"competition:{competition_id}")
    return written


def fetched(competition_id: int, ask: Callable[[Any], Any]) -> Any:
    """What Kaggle answers to `ask(client)`. A fault is noted where the instructor finds it, and raised;
    when it asks for patience, everything of ours waits."""
    from mlarena.competitions.kaggle.client import Kaggle  # protobuf and requests: workers only

    try:
        with Kaggle(settings()) as kaggle:
            answer = ask(kaggle)
    except KaggleFault as fault:
        if isinstance(fault, Busy):
            manners.be_quiet(fault.wait)
        note(competition_id, str(fault))
        raise
    manners.forgiven()
    note(competition_id, "")
    return answer


def note(competition_id: int, trouble: str) -> None:
    """Keep what went wrong, or that nothing does. Commits; what is known is not written again."""
    trouble = trouble[:300]
    known = select(KaggleCompetition.trouble).where(KaggleCompetition.id == competition_id)
    if db.session.scalar(known) != trouble:
        db.session.execute(
            update(_TABLE).where(_TABLE.c.id == competition_id).values(trouble=trouble)
        )
    db.session.commit()
    if trouble:
        log.warning("Kaggle", competition=competition_id, trouble=trouble)


def take_in(competition_id: int, found: Board, now: datetime) -> int:
    """Make the public board what `found` says, in one transaction; how many rows were written. Commits.

    Raises Unreadable for a board that has lost most of its teams at once.
    """
    competition = db.session.get_one(KaggleCompetition, competition_id, populate_existing=True)
    before = competition.digest
    if before == found.digest:
        db.session.commit()
        return 0
    starts_at, known_direction = competition.starts_at, competition.direction
    db.session.commit()
    direction = direction_of(found.rows, known_direction)
    if not _claim(competition_id, before, found.digest, direction, now):
        return 0
    known = known_rows(competition_id)
    standing = sum(row.sort_key is not None for row in known.values())
    if not manners.believable(competition_id, standing, len(found.rows)):
        db.session.rollback()
        note(competition_id, trouble := shrunk(standing, len(found.rows)))
        raise Unreadable(trouble)
    wanted = dict(zip(found.rows, places(found.rows, direction, starts_at), strict=True))
    minute = tracks.minute(starts_at, now)
    written = _write(competition_id, known, wanted, minute)
    believed = links.believe_codes(found.rows, now)
    links.enter(competition_id)
    written += tracks.note(db.session.get_one(KaggleCompetition, competition_id), now)
    db.session.commit()
    links.catch_up_with(believed)
    return written


def shrunk(standing: int, found: int) -> str:
    return (
        f"The board that Kaggle sends has {found} teams where {standing} stood: is that all of it?"
    )


def _claim(
    competition_id: int, before: str, after: str, direction: str | None, now: datetime
) -> bool:
    """Begin the transaction with a write that only one of two can do."""
    taken = db.session.execute(
        update(_TABLE)
        .where(_TABLE.c.id == competition_id, _TABLE.c.digest == before)
        .values(digest=after, direction=direction, board_at=now)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        return False
    return True


def _write(
    competition_id: int, known: dict[str, Known], wanted: dict[Row, Place], minute: int
) -> int:
    """Rows that are new, that changed, and that are gone: those stay as they were, off the board."""
    teams = {row.team for row in wanted}
    former = [(team, row.name or "") for team, row in known.items() if team not in teams]
    names = names_of(wanted, former)
    changes: list[dict[str, Any]] = []
    fresh: list[dict[str, Any]] = []
    for rank, (row, place) in enumerate(wanted.items(), 1):
        values: dict[str, Any] = {
            "name": names[row.team],
            "score": row.score,
            "sort_key": place.key,
            "reached_at": place.at,
        }
        old = known.get(row.team)
        if old is None:
            values |= {"public_rank": rank, "track": [[minute, rank]], "entries": row.entries or 1}
            fresh.append({"kaggle_team": row.team, **values})
            continue
        values["entries"] = old.entries if row.entries is None else row.entries
        if any(getattr(old, name) != value for name, value in values.items()):
            changes.append({"row": old.id, "old": old.name, **values})
    for team, _ in former:
        old = known[team]
        gone = {"name": names[team], "score": None, "sort_key": None, "reached_at": None}
        if any(getattr(old, name) != value for name, value in gone.items()):
            changes.append({"row": old.id, "old": old.name, "entries": old.entries, **gone})
    change(changes)
    ids = {team: row.id for team, row in known.items()} | add(competition_id, fresh)
    told = {ids[row.team]: row.people for row in wanted if row.people is not None}
    people.write(competition_id, told)
    return len(changes) + len(fresh)
