"""Ratings: what finished competitions have done to them, in the order of their ends, always from the past.

A change is worked out from those before it and from nothing else. So when something long past changes (a
rescore, a withdrawal, another rating system) everything from there on is made again, and gives what a
computation from the very start would have given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import case, delete, func, insert, or_, select, true, tuple_, update

from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.boards.service import Change
from mlarena.competitions import notices
from mlarena.competitions.models import Competition, Entrant, Member, Rating, RatingChange
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.db import insert as upsert
from mlarena.core.installation import Note
from mlarena.live import publish

log = structlog.get_logger(__name__)

START = 1500.0
# Until then a rating says more about luck than about its owner.
PROVISIONAL = 5
BOARD = "rating"
NOTE = "ratings due"


@dataclass(frozen=True)
class Stand:
    """Somebody's rating at some time."""

    rating: float = START
    games: int = 0


def ask(competition: Competition) -> None:
    """Have ratings made again from this competition on. Inside the transaction that gives the reason, so
    that it is not forgotten whatever is killed: `catch_up` follows, by the clock if by nothing else."""
    due = f"{competition.ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f} {competition.id:010d}"
    note = upsert(Note).values(name=NOTE, value=due)
    earlier = case((or_(Note.value == "", Note.value > due), due), else_=Note.value)
    db.session.execute(note.on_conflict_do_update(index_elements=["name"], set_={"value": earlier}))


def catch_up() -> int:
    """Make what was asked for; how many changes that were. Commits. Idempotent."""
    due = db.session.scalar(select(Note.value).where(Note.name == NOTE))
    return recompute(due) if due else 0


def recompute(due: str = "") -> int:
    """Make every change from `due` on again, or all of them. Commits."""
    db.session.commit()
    due = _lock(due)
    start = None
    if due:
        at, number = due.split()
        start = datetime.fromisoformat(at).replace(tzinfo=UTC), int(number)
    stands = _stands_before(start)
    touched = _forget(start)
    made = 0
    for competition in _rated(start):
        changes = list(_rate(competition, stands))
        if changes:
            db.session.execute(insert(RatingChange), changes)
            notices.tell_ratings(competition, changes, utcnow())
        made += len(changes)
        touched |= {change["user_id"] for change in changes}
    moved = _store(touched)
    db.session.commit()
    if moved:
        board_index.apply(moved)
        publish.board_changed(BOARD)
    log.info("rated", changes=made, people=len(touched))
    return made


def _lock(due: str) -> str:
    """One recomputation at a time, in every process; what was asked for is done by it. From where on."""
    note = upsert(Note).values(name=NOTE, value="")
    kept = note.on_conflict_do_update(index_elements=["name"], set_={"value": Note.value})
    asked: str = db.session.execute(kept.returning(Note.value)).scalar_one()
    db.session.execute(update(Note).where(Note.name == NOTE).values(value=""))
    # Somebody may have asked for more meanwhile; from the very start is more than anything.
    return min(due, asked) if due and asked else due


def _rated(start: tuple[datetime, int] | None) -> list[Competition]:
    query = (
        select(Competition)
        .where(Competition.finished_at.is_not(None), Competition.rated.is_(True))
        .where(Competition.status == "published")
        .order_by(Competition.ends_at, Competition.id)
    )
    if start is not None:
        query = query.where(tuple_(Competition.ends_at, Competition.id) >= start)
    return list(db.session.scalars(query))


def _rate(competition: Competition, stands: dict[int, Stand]) -> Iterator[dict[str, Any]]:
    """The changes of one competition; `stands` is brought up to date. Every member has the team's rank."""
    from mlarena.scoring import ratings  # numpy; only the worker comes here

    rows = db.session.execute(
        select(Member.user_id, Entrant.final_rank)
        .join(Entrant, Entrant.id == Member.entrant_id)
        .where(Entrant.competition_id == competition.id, Entrant.final_rank.is_not(None))
        .order_by(Member.user_id)
    ).all()
    if len(rows) < 2:
        return
    before = [stands.get(user_id, Stand()) for user_id, _ in rows]
    points, ranks = [stand.rating for stand in before], [rank or 0 for _, rank in rows]
    if settings().rating_system == "codeforces":
        points = [float(round(point)) for point in points]
        moves = ratings.codeforces(points, ranks).tolist()
    else:
        moves = ratings.elo(points, ranks, [stand.games for stand in before]).tolist()
    for (user_id, rank), point, stand, move in zip(rows, points, before, moves, strict=True):
        stands[user_id] = Stand(point + move, stand.games + 1)
        yield {
            "competition_id": competition.id,
            "user_id": user_id,
            "at": competition.ends_at,
            "rank": rank,
            "field": len(rows),
            "games": stand.games,
            "before": point,
            "after": point + move,
        }


def _stands_before(start: tuple[datetime, int] | None) -> dict[int, Stand]:
    if start is None:
        return {}
    number = func.row_number().over(
        partition_by=RatingChange.user_id,
        order_by=(RatingChange.at.desc(), RatingChange.competition_id.desc()),
    )
    latest = (
        select(RatingChange.user_id, RatingChange.after, RatingChange.games, number.label("number"))
        .where(tuple_(RatingChange.at, RatingChange.competition_id) < start)
        .subquery()
    )
    rows = db.session.execute(
        select(latest.c.user_id, latest.c.after, latest.c.games).where(latest.c.number == 1)
    )
    return {user_id: Stand(rating, games + 1) for user_id, rating, games in rows}


def _forget(start: tuple[datetime, int] | None) -> set[int]:
    """Take the changes from `start` on away; whose they were."""
    old = delete(RatingChange)
    if start is not None:
        old = old.where(tuple_(RatingChange.at, RatingChange.competition_id) >= start)
    gone = db.session.scalars(
        old.returning(RatingChange.user_id).execution_options(synchronize_session=False)
    )
    return set(gone)


def _store(touched: set[int]) -> list[Change]:
    """The last change of each as their rating and on the board; nobody without a change has either."""
    if not touched:
        return []
    current = {row.user_id: row for row in _latest(touched)}
    moved = []
    for user_id in sorted(touched):
        change = current.get(user_id)
        if change is None:
            db.session.execute(delete(Rating).where(Rating.user_id == user_id))
            taken = boards.remove(BOARD, user_id)
        else:
            values = {
                "rating": change.after,
                "games": change.games + 1,
                "changed_at": change.at,
            }
            row = upsert(Rating).values(user_id=user_id, **values)
            db.session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=values))
            taken = boards.place(BOARD, user_id, change.after, "higher", change.at)
        if taken is not None:
            moved.append(taken)
    return moved


def _latest(user_ids: set[int]) -> Iterator[RatingChange]:
    """The last change of each of these users."""
    seen: set[int] = set()
    rows = db.session.scalars(
        select(RatingChange)
        .where(RatingChange.user_id.in_(user_ids) if len(user_ids) < 500 else true())
        .order_by(RatingChange.at.desc(), RatingChange.competition_id.desc())
        .execution_options(populate_existing=True)
    )
    for row in rows:
        if row.user_id in user_ids and row.user_id not in seen:
            seen.add(row.user_id)
            yield row
