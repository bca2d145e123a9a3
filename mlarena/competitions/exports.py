"""Submissions and boards as CSV, for an organiser's own evaluation. Safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, stream_with_context
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mlarena.competitions.board import CompetitionBoards
from mlarena.competitions.models import Competition, Entry
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.core.spreadsheets import lines
from mlarena.submissions.models import Submission

BATCH = 500

SUBMISSIONS = (
    "submission_id", "username", "house", "entrant_id", "attempt_no", "status", "queued_at", "public_score",
    "private_score", "selected", "late", "error",
)  # fmt: skip
BOARD = (
    "rank",
    "name",
    "members",
    "house",
    "score",
    "submitted_at",
    "entries",
    "public_rank",
    "public_score",
)


def submissions(competition: Competition) -> Response:
    """Everything that was handed in. Private scores are left out until they are known to all."""
    return _download(competition, "submissions", SUBMISSIONS, _submissions(competition))


def board(competition: Competition) -> Response:
    """The board as it is."""
    return _download(competition, "board", BOARD, _board(competition))


def _download(
    competition: Competition, what: str, header: Iterable[str], rows: Iterable[Iterable[Any]]
) -> Response:
    response = Response(stream_with_context(lines(header, rows)), mimetype="text/csv")
    filename = f"{competition.slug}_{what}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


def _submissions(competition: Competition) -> Iterator[tuple[Any, ...]]:
    last = 0
    while True:
        rows = db.session.execute(
            select(Submission, Entry)
            .outerjoin(Entry, Entry.submission_id == Submission.id)
            .where(Submission.task_id == competition.id, Submission.id > last)
            .options(joinedload(Submission.user), joinedload(Submission.verdict))
            .order_by(Submission.id)
            .limit(BATCH)
        ).all()
        for submission, entry in rows:
            last = submission.id
            yield (
                submission.id,
                submission.user.username if submission.user else "",
                submission.house or "",
                entry.entrant_id if entry else "",
                submission.attempt_no,
                submission.status,
                rfc3339(submission.queued_at),
                submission.score,
                entry.private_score if entry and competition.revealed else "",
                entry.selected if entry else "",
                entry.late if entry else "",
                submission.verdict.error if submission.verdict else "",
            )
        if len(rows) < BATCH:
            return


def _board(competition: Competition) -> Iterator[tuple[Any, ...]]:
    boards, start = CompetitionBoards(), 0
    while True:
        rows, size, _ = boards.stretch(competition.id, start, BATCH, None)
        for row in rows:
            yield (
                row.rank or "",
                row.username,
                " ".join(name for _, name in row.members),
                row.house,
                row.score,
                rfc3339(row.submitted_at),
                row.entries,
                row.public_rank or "",
                row.public_score if row.public_score is not None else "",
            )
        start += BATCH
        if start >= size:
            return
