"""The end of a competition: the chosen submissions' private scores become the board, once and for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select, update

from mlarena.competitions import notices, rating
from mlarena.competitions.board import FINAL, PUBLIC, Order
from mlarena.competitions.entries import sort_key
from mlarena.competitions.models import Competition, Entrant, Entry
from mlarena.competitions.prizes import award, tell
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import publish
from mlarena.submissions.models import FINAL as JUDGED
from mlarena.submissions.models import Submission

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Final:
    """An entrant's best chosen submission. Of equals the one that was handed in first."""

    score: float
    key: float
    at: datetime


def finish_due() -> int:
    """Finish every hosted competition whose end has come; how many. Any number may run at once."""
    due = db.session.scalars(
        select(Competition.id)
        .where(Competition.ends_at <= utcnow(), Competition.finished_at.is_(None))
        .where(Competition.status == "published", Competition.answers_blob.is_not(None))
        .order_by(Competition.ends_at, Competition.id)
    ).all()
    db.session.commit()
    return sum(finish(competition_id) for competition_id in due)


def finish(competition_id: int) -> bool:
    """Carry out the end: reveal, freeze, rate, reward. False while submissions from before the end are
    still being scored, and if somebody else has done it."""
    if _on_their_way(competition_id):
        return False
    db.session.commit()
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
    competition = db.session.get_one(Competition, competition_id, populate_existing=True)
    settle_board(competition)
    changes = award(competition, now)
    rating.ask(competition)
    notices.tell_ended(competition)
    db.session.commit()
    tell(changes)
    log.info("competition finished", competition=competition_id)
    rating.catch_up()
    publish.board_changed(competition.board())
    for board in {change.board for change in changes}:
        publish.board_changed(board)
    return True


def settle_board(competition: Competition) -> None:
    """Work out everybody's final score and rank from their entries. Inside the caller's transaction."""
    public = _ranks(competition.id, PUBLIC)
    finals = {
        entrant_id: _final(competition, rows)
        for entrant_id, rows in _entries(competition.id).items()
    }
    entrants = db.session.scalars(
        select(Entrant)
        .where(Entrant.competition_id == competition.id)
        .order_by(Entrant.id)
        .execution_options(populate_existing=True)
    ).all()
    for entrant in entrants:
        final = finals.get(entrant.id)
        entrant.final_score = final.score if final else None
        entrant.final_key = final.key if final else None
        entrant.final_at = final.at if final else None
        entrant.public_rank = public.get(entrant.id)
    db.session.flush()
    ranks = _ranks(competition.id, FINAL)
    for entrant in entrants:
        entrant.final_rank = ranks.get(entrant.id)
    db.session.flush()


def _on_their_way(competition_id: int) -> bool:
    waiting = (
        select(Submission.id)
        .join(Competition, Competition.id == Submission.task_id)
        .where(Submission.task_id == competition_id, Submission.status.not_in(JUDGED))
        .where(Submission.queued_at < Competition.ends_at)
        .limit(1)
    )
    return db.session.scalar(waiting) is not None


def _entries(competition_id: int) -> dict[int, list[tuple[Entry, datetime]]]:
    """Everybody's entries that count, the earliest first."""
    rows = db.session.execute(
        select(Entry, Submission.queued_at)
        .join(Submission, Submission.id == Entry.submission_id)
        .where(Submission.task_id == competition_id, Entry.late.is_(False))
        .order_by(Submission.queued_at, Submission.id)
        .execution_options(populate_existing=True)
    )
    found: dict[int, list[tuple[Entry, datetime]]] = {}
    for entry, at in rows:
        found.setdefault(entry.entrant_id, []).append((entry, at))
    return found


def _final(competition: Competition, rows: list[tuple[Entry, datetime]]) -> Final | None:
    """The best private score of what was chosen; of those who chose nothing, of their best public one."""
    chosen = [row for row in rows if row[0].selected]
    if not chosen:
        chosen = [min(rows, key=lambda row: sort_key(competition, row[0].public_score))]
    scored = [
        Final(entry.private_score, sort_key(competition, entry.private_score), at)
        for entry, at in chosen
        if entry.private_score is not None
    ]
    return min(scored, key=lambda final: final.key, default=None)


def _ranks(competition_id: int, order: Order) -> dict[int, int]:
    """Rank by entrant, the house left out. Who does not want to be seen on boards is rated and paid like
    everybody, and has one."""
    people = (
        select(Entrant.id)
        .where(Entrant.competition_id == competition_id, order.key.is_not(None))
        .where(Entrant.house.is_(False))
        .order_by(*order.columns)
    )
    return {entrant_id: rank for rank, entrant_id in enumerate(db.session.scalars(people), 1)}
