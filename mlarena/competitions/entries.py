"""What a verdict becomes: an entry of somebody's, and perhaps a better place on the public board."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update

from mlarena.competitions.limits import lock_entrant_of
from mlarena.competitions.models import Competition, Entrant, Entry
from mlarena.core.db import db, insert
from mlarena.scoring import ladder
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Conclusion, Verdict


def conclude(competition: Competition, submission: Submission, verdict: Verdict) -> Conclusion:
    """Keep both scores of a submission, and put its entrant where the public one belongs.

    With a Ladder everybody is shown what the board says, the submitter too. A late submission is scored and
    changes nothing. In settle's transaction: the entrant is locked, so two members' verdicts follow each
    other.
    """
    if verdict.status != "scored" or verdict.score is None:
        return Conclusion(verdict)
    if submission.house is not None:
        entrant_id: int | None = house_entrant(competition.id, submission.house)
    else:
        assert submission.user_id is not None  # noqa: S101 – it is somebody's or the house's
        entrant_id = lock_entrant_of(competition.id, submission.user_id)
    if entrant_id is None:
        return Conclusion(verdict)  # they have left meanwhile
    late = submission.house is None and submission.queued_at >= competition.ends_at
    shown = verdict.score if late else shown_score(competition, entrant_id, verdict.score)
    db.session.add(
        Entry(
            submission_id=submission.id,
            entrant_id=entrant_id,
            public_score=verdict.score,
            private_score=verdict.kept["private"],
            version=verdict.kept["version"],
            late=late,
        )
    )
    db.session.execute(
        update(Entrant)
        .where(Entrant.id == entrant_id)
        .values(entries=Entrant.entries + 1)
        .execution_options(synchronize_session=False)
    )
    moved = not late and improve(competition, entrant_id, shown, submission.queued_at)
    return Conclusion(replace(verdict, score=shown, kept={}), moved)


def shown_score(competition: Competition, entrant_id: int, score: float) -> float:
    """What the public board answers to an exact score."""
    if competition.ladder_step is None:
        return score
    best = db.session.scalar(select(Entrant.score).where(Entrant.id == entrant_id))
    return ladder.shown(score, best, competition.ladder_step, competition.board_direction())


def improve(competition: Competition, entrant_id: int, score: float, at: datetime) -> bool:
    """Enter a public score; the best is kept, and of equals the first. Whether the board has moved."""
    key = sort_key(competition, score)
    better = or_(
        Entrant.sort_key.is_(None),
        Entrant.sort_key > key,
        and_(Entrant.sort_key == key, Entrant.reached_at > at),
    )
    moved = db.session.execute(
        update(Entrant)
        .where(Entrant.id == entrant_id, better)
        .values(score=score, sort_key=key, reached_at=at)
        .execution_options(synchronize_session=False)
    )
    return moved.rowcount == 1  # type: ignore[attr-defined]


def sort_key(competition: Competition, score: float) -> float:
    """Smaller stands first. Adding 0 makes a plain zero of -0.0."""
    return (-score if competition.board_direction() == "higher" else score) + 0.0


def house_entrant(competition_id: int, name: str) -> int:
    """The row of a house baseline, made on its first verdict."""
    values: dict[str, Any] = {"competition_id": competition_id, "name": name, "house": True}
    fresh = insert(Entrant).values(**values)
    made: int = db.session.execute(
        fresh.on_conflict_do_update(
            index_elements=["competition_id", "name"], set_={"house": True}
        ).returning(Entrant.id)
    ).scalar_one()
    return made
