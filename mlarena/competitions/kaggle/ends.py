"""The times of a mirrored competition: what Kaggle says of its dates, its end, what is mended after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, update

from mlarena.competitions import notices, rating
from mlarena.competitions.kaggle import manners
from mlarena.competitions.kaggle.faults import Refused, Unreadable
from mlarena.competitions.kaggle.models import KaggleCompetition
from mlarena.competitions.kaggle.reading import Board, Facts
from mlarena.competitions.kaggle.rows import direction_of, names_of, places
from mlarena.competitions.kaggle.sync import fetched, note, shrunk, take_in
from mlarena.competitions.kaggle.writing import add, known_rows
from mlarena.competitions.models import Competition, Entrant
from mlarena.competitions.prizes import award, tell
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import publish

log = structlog.get_logger(__name__)

FINALS = ("final_score", "final_key", "final_at", "final_rank")
_NEW = tuple(f"new_{name}" for name in FINALS)
_ENTRANTS: Any = Entrant.__table__
_MIRRORS: Any = KaggleCompetition.__table__


def refresh(competition_id: int) -> bool:
    """Ask Kaggle for the dates, and carry out the end if it has come; whether it did. Commits, raises
    KaggleFault. Does nothing while somebody else is at it, or Kaggle wants to be left alone."""
    competition = db.session.get_one(KaggleCompetition, competition_id, populate_existing=True)
    slug, finished = competition.kaggle_slug, competition.revealed
    db.session.commit()
    with manners.alone(competition_id) as ours:
        if not ours or manners.quiet_for():
            return False
        if finished:
            return mend(competition_id, slug)
        facts = fetched(competition_id, lambda kaggle: kaggle.competition(slug))
        keep(competition_id, facts)
        return facts.ends_at <= utcnow() and finish(competition_id, slug)


def keep(competition_id: int, facts: Facts) -> bool:
    """Write down what has changed in what Kaggle says; whether anything has. Commits."""
    competition = db.session.get_one(KaggleCompetition, competition_id, populate_existing=True)
    starts_at = facts.starts_at or competition.starts_at
    values = {
        "starts_at": min(starts_at, facts.ends_at - timedelta(minutes=1)),
        "ends_at": facts.ends_at,
        "kaggle_metric": facts.metric,
        "daily_limit": facts.daily_limit,
        "team_size": facts.team_size,
    }
    changed = {name for name, value in values.items() if getattr(competition, name) != value}
    for name in changed:
        setattr(competition, name, values[name])
    db.session.commit()
    return bool(changed)


def finish(competition_id: int, slug: str) -> bool:
    """The end: the last public board, then the one that counts; ratings and prizes. False if somebody
    else has done it. Commits, raises KaggleFault: then nothing is finished, and it is tried again."""
    try:
        take_in(competition_id, fetched(competition_id, lambda k: k.board(slug)), utcnow())
    except Refused as fault:
        # What is over may no longer be handed out as a file; who is in which team is known from before.
        log.warning("no last public board", competition=competition_id, why=str(fault))
    final = fetched(competition_id, lambda kaggle: kaggle.final_board(slug))
    _require_whole(competition_id, final)
    _, direction = _written(competition_id)
    now = utcnow()
    taken = db.session.execute(
        update(Competition)
        .where(Competition.id == competition_id, Competition.finished_at.is_(None))
        .where(Competition.ends_at <= now)
        .values(finished_at=now)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        return False
    write_final(competition_id, final, direction, now)
    log.info("mirrored competition finished", competition=competition_id)
    return True


def mend(competition_id: int, slug: str) -> bool:
    """Read the final board once more: whoever was taken off it, or moved, is so here, and ratings from
    there on are made again. Whether anything was. Commits, raises KaggleFault."""
    final = fetched(competition_id, lambda kaggle: kaggle.final_board(slug))
    _require_whole(competition_id, final)
    before, direction = _written(competition_id)
    if before == final.digest:
        return False
    write_final(competition_id, final, direction, utcnow())
    log.info("mirrored competition mended", competition=competition_id)
    return True


def write_final(competition_id: int, final: Board, direction: str | None, now: datetime) -> None:
    """The final board, what it pays, and the ratings that follow. Commits what the caller began."""
    direction = direction_of(final.rows, direction)
    db.session.execute(
        update(_MIRRORS)
        .where(_MIRRORS.c.id == competition_id)
        .values(digest=final.digest, direction=direction, board_at=now)
    )
    competition = db.session.get_one(KaggleCompetition, competition_id, populate_existing=True)
    _add_unknown(competition_id, final)
    ranked = places(final.rows, direction, competition.starts_at)
    wanted = {
        row.team: (row.score, place.key, place.at, rank)
        for rank, (row, place) in enumerate(zip(final.rows, ranked, strict=True), 1)
    }
    changes = []
    for team, old in known_rows(competition_id).items():
        values = wanted.get(team, (None,) * len(FINALS))
        if values != (old.final_score, old.final_key, old.final_at, old.final_rank):
            changes.append({"row": old.id, **dict(zip(_NEW, values, strict=True))})
    if changes:
        db.session.connection().execute(
            update(_ENTRANTS)
            .where(_ENTRANTS.c.id == bindparam("row"))
            .values({name: bindparam(new) for name, new in zip(FINALS, _NEW, strict=True)}),
            changes,
        )
    paid = award(competition, now)
    rating.ask(competition)
    notices.tell_ended(competition)
    db.session.commit()
    tell(paid)
    rating.catch_up()
    publish.board_changed(f"competition:{competition_id}")
    for board in {change.board for change in paid}:
        publish.board_changed(board)


def _require_whole(competition_id: int, final: Board) -> None:
    standing = sum(row.sort_key is not None for row in known_rows(competition_id).values())
    if not manners.believable(competition_id, standing, len(final.rows)):
        note(competition_id, trouble := shrunk(standing, len(final.rows)))
        raise Unreadable(trouble)


def _written(competition_id: int) -> tuple[str, str | None]:
    """The digest and the direction of the board as we have it. Ends the transaction."""
    competition = db.session.get_one(KaggleCompetition, competition_id, populate_existing=True)
    db.session.commit()
    return competition.digest, competition.direction


def _add_unknown(competition_id: int, final: Board) -> None:
    """Teams that only the final board has."""
    known = known_rows(competition_id)
    fresh = [row for row in final.rows if row.team not in known]
    names = names_of(fresh, taken=[row.name or "" for row in known.values()])
    new = [
        {"kaggle_team": row.team, "name": names[row.team], "entries": 1, "track": []}
        for row in fresh
    ]
    add(competition_id, new)
