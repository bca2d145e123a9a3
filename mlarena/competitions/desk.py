"""What an organiser's desk says of a competition: what is missing, what is being done, what may be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from mlarena.competitions import authoring
from mlarena.competitions.models import Competition, Entrant, Entry
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.scoring.ladder import fitting_step
from mlarena.submissions.models import Submission

USUAL_DAYS = 14


@dataclass(frozen=True)
class Desk:
    """`missing`: what keeps it from opening, field by field. `stale`: entries that older answers have
    scored and a worker is scoring again. `fitting_step`: the Ladder's step that its public rows can carry."""

    missing: dict[str, list[str]]
    stale: int
    entries: int
    baselines: list[tuple[str, float | None]]
    fitting_step: float | None

    @property
    def deletable(self) -> bool:
        return self.entries == 0


def desk(competition: Competition) -> Desk:
    entries, stale = db.session.execute(
        select(
            func.count(Submission.id).filter(Submission.user_id.is_not(None)),
            func.count(Entry.submission_id).filter(Entry.version < competition.version),
        )
        .select_from(Submission)
        .outerjoin(Entry, Entry.submission_id == Submission.id)
        .where(Submission.task_id == competition.id)
    ).one()
    houses = db.session.execute(
        select(Entrant.name, Entrant.score)
        .where(Entrant.competition_id == competition.id, Entrant.house)
        .order_by(Entrant.sort_key)
    )
    public = competition.facts.get("public")
    return Desk(
        missing=authoring.missing(competition),
        stale=stale,
        entries=entries,
        baselines=[(name or "", score) for name, score in houses],
        fitting_step=fitting_step(public) if public else None,
    )


def usual_times(zone: str) -> tuple[datetime, datetime]:
    """Opens at the next full hour and closes two weeks later, on the clock of that zone."""
    now = (
        utcnow().astimezone(ZoneInfo(zone)).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    )
    return now + timedelta(hours=1), now + timedelta(hours=1, days=USUAL_DAYS)
