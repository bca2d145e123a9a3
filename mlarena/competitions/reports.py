"""A submission as its report page shows it: where it stands, and after the end what it was really worth."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from mlarena.competitions.board import CompetitionBoards, EntrantRow
from mlarena.competitions.models import Competition, Entrant, Entry
from mlarena.core.db import db
from mlarena.submissions.models import Submission

# The field is drawn from the best so many; a drawing holds no more.
MOST_DRAWN = 5_000


@dataclass(frozen=True)
class Report:
    """`field` are everybody's public scores as the board shows them, `row` the entrant's own row.
    `private` is None until the private board is revealed."""

    field: list[float]
    row: EntrantRow | None
    best: float | None
    late: bool
    selected: bool
    counts: bool
    private: float | None
    exact: float | None


def report(submission: Submission) -> Report:
    """What there is to say of a submission to a competition beside its own verdict."""
    competition = submission.task
    assert isinstance(competition, Competition)  # noqa: S101 – its kind chose the page
    entry = db.session.get(Entry, submission.id)
    field = db.session.scalars(
        select(Entrant.score)
        .where(Entrant.competition_id == competition.id, Entrant.score.is_not(None))
        .where(Entrant.hidden.is_(False))
        .order_by(Entrant.sort_key)
        .limit(MOST_DRAWN)
    )
    rows = (
        CompetitionBoards().around(competition.id, submission.user_id, 0)
        if submission.user_id is not None
        else []
    )
    row = rows[0] if rows else None
    own = db.session.get(Entrant, entry.entrant_id) if entry else None
    over = competition.revealed and entry is not None
    return Report(
        field=[score for score in field if score is not None],
        row=row,
        best=own.score if own else None,
        late=bool(entry and entry.late),
        selected=bool(entry and entry.selected),
        counts=bool(over and own and entry and own.final_score == entry.private_score),
        private=entry.private_score if over and entry else None,
        exact=entry.public_score if over and entry else None,
    )
