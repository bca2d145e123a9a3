"""How much an entrant may hand in: so many a UTC day, and so many failed ones beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select, update

from mlarena.competitions.models import Competition, Entrant, Member
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Forbidden
from mlarena.submissions.models import Submission

NOT_IN = "Join the competition first: open its page and press “Take part”, or POST …/register."


@dataclass(frozen=True)
class Remaining:
    """What is left of the UTC day. Failed uploads have their own cap and use up nothing else."""

    today: int
    failed: int

    @property
    def open(self) -> bool:
        return self.today > 0 and self.failed > 0


def remaining(competition: Competition, entrant_id: int) -> Remaining:
    """What the entrant may still hand in today. All members' submissions count, those on their way too."""
    failed = case((Submission.status == "failed", 1), else_=0)
    sent, spoilt = db.session.execute(
        select(func.count(), func.coalesce(func.sum(failed), 0))
        .select_from(Submission)
        .join(Member, Member.user_id == Submission.user_id)
        .where(Member.entrant_id == entrant_id, Submission.task_id == competition.id)
        .where(Submission.queued_at >= midnight(utcnow()))
        .where(Submission.status != "error")  # what the platform failed at costs nobody anything
    ).one()
    return Remaining(
        today=max(0, competition.daily_limit - (sent - spoilt)),
        failed=max(0, competition.failed_limit - spoilt),
    )


def admit(competition: Competition, user_id: int) -> None:
    """Let a submission of the user in, or raise Forbidden. The entrant stays locked until it is stored, so
    of two last ones at once, from one member or from two, one gets in."""
    entrant_id = lock_entrant_of(competition.id, user_id)
    if entrant_id is None:
        raise Forbidden(NOT_IN)
    if competition.phase() == "upcoming":
        at = competition.starts_at.strftime("%d %b %Y, %H:%M UTC")
        raise Forbidden(f"This competition opens at {at}.")
    left = remaining(competition, entrant_id)
    if left.today == 0:
        raise Forbidden(
            f"That were {competition.daily_limit} for today, which is the daily limit. "
            "The next day begins at 00:00 UTC."
        )
    if left.failed == 0:
        raise Forbidden(
            f"{competition.failed_limit} uploads could not be scored today; no more are taken before "
            "00:00 UTC. Compare your file with the sample submission."
        )


def lock_entrant_of(competition_id: int, user_id: int) -> int | None:
    """The user's entrant, ours alone until the transaction ends. A write, for SQLite's sake."""
    own = select(Member.entrant_id).where(
        Member.competition_id == competition_id, Member.user_id == user_id
    )
    return db.session.scalar(
        update(Entrant)
        .where(Entrant.id == own.scalar_subquery())
        .values(entries=Entrant.entries)
        .returning(Entrant.id)
        .execution_options(synchronize_session=False)
    )


def midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def next_day(now: datetime) -> datetime:
    return midnight(now) + timedelta(days=1)
