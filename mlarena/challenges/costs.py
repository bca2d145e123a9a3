"""After an edit: what stands on an SQL challenge's board is measured anew by what is asked now.

A cost is a multiple of the reference's on the benchmark. With another solution, or other data, the old
figures are those of another contest. Verdicts and XP stay as they were given; only the board follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select, update

from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.boards.models import BoardEntry
from mlarena.boards.service import Change
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.core.db import db
from mlarena.live import publish
from mlarena.submissions.models import Submission, VerdictRow

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Measured:
    """A query's cost by some version, as its verdict would tell it."""

    submission_id: int
    ranking: dict[str, Any]


def remeasure_stale() -> int:
    """Every board that stands by an older version; how many rows. By the clock, and idempotent."""
    stale = db.session.scalars(
        select(Challenge.id)
        .where(Challenge.status == "published", Challenge.engine.is_not(None))
        .where(Challenge.costs_version != Challenge.version)
        .order_by(Challenge.id)
    ).all()
    db.session.commit()
    return sum(_tried(challenge_id) for challenge_id in stale)


def _tried(challenge_id: int) -> int:
    """One whose engine is away stands in nobody's way: its turn comes again."""
    from mlarena.challenges.kinds import Lost

    try:
        return remeasure(challenge_id)
    except Lost as lost:
        db.session.rollback()
        log.warning("costs not measured", challenge=challenge_id, why=str(lost))
        return 0


def remeasure(challenge_id: int) -> int:
    """Bring the challenge's board to its version of now: who is no longer right goes. Commits row by row."""
    challenge = db.session.get_one(Challenge, challenge_id, populate_existing=True)
    version = challenge.version_row()
    board = challenge.board()
    entries = db.session.execute(
        select(BoardEntry.id, BoardEntry.version, BoardEntry.user_id, BoardEntry.details)
        .where(BoardEntry.board == board, BoardEntry.user_id.is_not(None))
        .order_by(BoardEntry.id)
    ).all()
    if version.facts.get("reference") is None:
        db.session.commit()
        _apply(board, boards.remove_houses(board))
    for entry in entries:
        best = _best(challenge, version, entry.user_id, entry.details.get("submission_id"))
        db.session.commit()  # the reading is over: what follows begins with a write
        if best is None:
            _apply(board, boards.remove(board, entry.user_id, entry.version))
            continue
        _apply(
            board,
            boards.correct(
                entry.id,
                entry.version,
                best.ranking["cost"],
                best.ranking["sort_key"],
                {"submission_id": best.submission_id, "passed": True},
            ),
        )
    db.session.execute(
        update(Challenge)
        .where(Challenge.id == challenge_id)
        .values(costs_version=version.number)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if entries:
        log.info("costs measured anew", challenge=challenge_id, rows=len(entries))
    return len(entries)


def _best(
    challenge: Challenge, version: ChallengeVersion, user_id: int, submission_id: int | None
) -> Measured | None:
    """The user's best by `version`: the query that stands on the board, or one judged by it since."""
    found = list(_judged_since(challenge, version, user_id))
    standing = db.session.get(Submission, submission_id) if submission_id else None
    if standing is not None and standing.task_version != version.number:
        from mlarena.challenges.kinds import sql  # the worker's

        query = standing.payload["query"]
        ranking = sql.measure(version, query)
        if ranking is not None:
            found.append(Measured(standing.id, ranking))
    return min(found, key=lambda one: one.ranking["sort_key"], default=None)


def _judged_since(challenge: Challenge, version: ChallengeVersion, user_id: int) -> list[Measured]:
    rows = db.session.execute(
        select(Submission.id, VerdictRow.report)
        .join(VerdictRow, VerdictRow.submission_id == Submission.id)
        .where(Submission.user_id == user_id, Submission.task_id == challenge.id)
        .where(Submission.task_version == version.number, Submission.passed.is_(True))
    )
    return [Measured(number, report["ranking"]) for number, report in rows if "ranking" in report]


def _apply(board: str, *changes: Change | list[Change] | None) -> None:
    """Commit what was written, and tell index and pages of it."""
    db.session.commit()
    flat = [
        one
        for change in changes
        if change
        for one in (change if isinstance(change, list) else [change])
    ]
    if flat:
        board_index.apply(flat)
        publish.board_changed(board)
