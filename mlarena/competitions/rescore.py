"""After a correction of the answers: every entry is scored again, and all that followed follows again.

Entries carry the version of the answers they were scored on. A rescore goes through those of an older one,
a few at a time; killed in the middle it goes on where it was, and entries of now are left alone.
"""

from __future__ import annotations

import structlog
from sqlalchemy import select, update

from mlarena.boards.service import Change
from mlarena.competitions import rating
from mlarena.competitions.entries import improve, shown_score
from mlarena.competitions.finish import settle_board
from mlarena.competitions.grader import scored
from mlarena.competitions.models import Competition, Entrant, Entry, HostedCompetition
from mlarena.competitions.prizes import award, tell
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import publish
from mlarena.scoring.metrics import MetricError
from mlarena.scoring.predictions.faults import FileFault
from mlarena.submissions.models import Progress, Submission

log = structlog.get_logger(__name__)


def rescore_stale() -> int:
    """Score what older answers have scored; how many entries. By the clock, and idempotent."""
    stale = db.session.execute(
        select(Submission.task_id)
        .join(Entry, Entry.submission_id == Submission.id)
        .join(Competition, Competition.id == Submission.task_id)
        .where(Entry.version < Competition.version)
        .distinct()
    )
    ids = [competition_id for (competition_id,) in stale]
    db.session.commit()
    return sum(rescore(competition_id) for competition_id in ids)


def rescore(competition_id: int) -> int:
    """Bring all entries of a competition to its answers of now, then its board and, if it is finished, its
    end and everybody's ratings from there on. Commits."""
    competition = db.session.get_one(HostedCompetition, competition_id, populate_existing=True)
    stale = db.session.scalars(
        select(Entry.submission_id)
        .join(Submission, Submission.id == Entry.submission_id)
        .where(Submission.task_id == competition_id, Entry.version < competition.version)
        .order_by(Entry.submission_id)
    ).all()
    db.session.commit()
    if not stale:
        return 0
    for submission_id in stale:
        _again(competition, submission_id)
    paid = _rebuild(competition_id)
    log.info("rescored", competition=competition_id, entries=len(stale))
    tell(paid)
    for board in {f"competition:{competition_id}", *(change.board for change in paid)}:
        publish.board_changed(board)
    rating.catch_up()
    return len(stale)


def _again(competition: HostedCompetition, submission_id: int) -> None:
    submission = db.session.get(Submission, submission_id, populate_existing=True)
    if submission is None:
        return  # its owner has left
    version = competition.version
    try:
        scores = scored(competition, submission)
        values = {"public_score": scores.public, "private_score": scores.private}
    except (FileFault, MetricError) as fault:
        # It fitted the answers as they were. An organiser who takes ids away has been warned.
        log.warning("an entry no longer fits the answers", submission=submission_id, why=str(fault))
        values = {}
    db.session.commit()
    db.session.execute(
        update(Entry)
        .where(Entry.submission_id == submission_id, Entry.version < version)
        .values(version=version, **values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _rebuild(competition_id: int) -> list[Change]:
    """The public board from the entries, in the order of their coming, as if it were the first time; of one
    that is over the end, too. What is paid for it now."""
    db.session.execute(
        update(Entrant)
        .where(Entrant.competition_id == competition_id)
        .values(score=None, sort_key=None, reached_at=None)
        .execution_options(synchronize_session=False)
    )
    competition = db.session.get_one(Competition, competition_id, populate_existing=True)
    rows = db.session.execute(
        select(Entry, Submission)
        .join(Submission, Submission.id == Entry.submission_id)
        .where(Submission.task_id == competition_id)
        .order_by(Submission.queued_at, Submission.id)
        .execution_options(populate_existing=True)
    ).all()
    best: dict[int, float] = {}
    for entry, submission in rows:
        shown = entry.public_score
        if not entry.late:
            shown = shown_score(competition, entry.entrant_id, entry.public_score)
            improve(competition, entry.entrant_id, shown, submission.queued_at)
        submission.score = shown
        if submission.user_id is not None:
            known = best.get(submission.user_id)
            if known is None or competition.rule().better(shown, known):
                best[submission.user_id] = shown
    for user_id, score in best.items():
        db.session.execute(
            update(Progress)
            .where(Progress.user_id == user_id, Progress.task_id == competition_id)
            .values(best_score=score)
        )
    paid: list[Change] = []
    if competition.finished_at is not None:
        settle_board(competition)
        paid = award(competition, utcnow())
        rating.ask(competition)
    db.session.commit()
    return paid
