"""One submission beside others: everybody's best on the board, and its learner's own attempts before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from mlarena.boards import spread as spreads
from mlarena.boards.models import BoardEntry
from mlarena.boards.names import BoardName
from mlarena.core.db import db
from mlarena.scoring.changes import changes
from mlarena.submissions.models import Submission, VerdictRow

# Attempts that are drawn; older ones are in the list of one's submissions.
ATTEMPTS = 30


@dataclass(frozen=True)
class Attempt:
    """An earlier attempt at the same task, or this one."""

    id: int
    attempt_no: int
    status: str
    score: float | None
    passed: bool | None


def field(submission: Submission) -> dict[str, Any] | None:
    """Where the score stands among everybody's best; None for one that was not scored, and where the wing
    keeps the board itself.

    `others` are people besides the learner, `better_than` the share of them (0..1) whose best the score
    beats (None while there are none), `rank` its place among them. A board of a million costs what a
    board of ten does.
    """
    if submission.score is None or submission.user_id is None:
        return None
    board = submission.task.board()
    if BoardName.parse(board).source:
        return None
    rows = db.session.execute(
        select(BoardEntry.label, BoardEntry.user_id, BoardEntry.score, BoardEntry.hidden)
        .where(BoardEntry.board == board)
        .where(or_(BoardEntry.label.is_not(None), BoardEntry.user_id == submission.user_id))
        .order_by(BoardEntry.sort_key, BoardEntry.id)
    ).all()
    own = next((row for row in rows if row.user_id is not None), None)
    spread = spreads.spread(board)
    before, behind = spreads.beside(board, submission.score)
    others = spread.people if spread else 0
    if own is not None and not own.hidden:
        others -= 1
        direction = submission.task.board_direction()
        ahead = (
            own.score > submission.score if direction == "higher" else own.score < submission.score
        )
        before -= int(ahead)
    return {
        "others": others,
        "better_than": round(behind / others, 4) if others else None,
        "rank": before + 1,
        "best": own.score if own is not None else submission.score,
        "edges": spread.edges if spread else [],
        "counts": list(spread.counts) if spread else [],
        "beyond": spread.beyond if spread else 0,
        "houses": [
            {"label": row.label, "score": row.score} for row in rows if row.label is not None
        ],
    }


def ahead(submission: Submission) -> int:
    """How many people's submissions wait in front of it; 0 for one that is not waiting."""
    if submission.status != "queued":
        return 0
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Submission)
            .where(Submission.status == "queued", Submission.queued_at < submission.queued_at)
            .where(Submission.user_id.is_not(None))
        )
        or 0
    )


def attempts(submission: Submission) -> list[Attempt]:
    """The learner's latest attempts at the task up to this one, oldest first."""
    rows = db.session.execute(
        select(
            Submission.id,
            Submission.attempt_no,
            Submission.status,
            Submission.score,
            Submission.passed,
        )
        .where(Submission.user_id == submission.user_id, Submission.task_id == submission.task_id)
        .where(Submission.attempt_no <= submission.attempt_no)
        .order_by(Submission.attempt_no.desc())
        .limit(ATTEMPTS)
    )
    return [Attempt(*row) for row in rows][::-1]


def previous(submission: Submission, among: list[Attempt]) -> dict[str, Any] | None:
    """The scored attempt before this one, and what changed since; None where there is none."""
    scored = [
        attempt
        for attempt in among
        if attempt.score is not None and attempt.attempt_no < submission.attempt_no
    ]
    if submission.score is None or not scored:
        return None
    last = scored[-1]
    before = db.session.scalar(select(VerdictRow.report).where(VerdictRow.submission_id == last.id))
    higher = submission.task.board_direction() == "higher"
    gained = (submission.score - (last.score or 0.0)) * (1 if higher else -1)
    return {
        "id": last.id,
        "attempt_no": last.attempt_no,
        "score": last.score,
        "gained": gained,
        "changes": changes(before or {}, submission.verdict.report if submission.verdict else {}),
    }


def shown(submission: Submission) -> dict[str, Any]:
    """The submission as api.md writes it; its report says how it stands beside others."""
    told = submission.shown()
    if submission.score is not None:
        told["report"] = {
            **told["report"],
            "field": field(submission),
            "previous": previous(submission, attempts(submission)),
        }
    return told
