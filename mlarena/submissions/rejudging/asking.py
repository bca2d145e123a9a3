"""A rejudge is asked for, looked at, applied or dropped: the verbs of whoever decides."""

from __future__ import annotations

from typing import Any

import structlog
from rq import Queue
from sqlalchemy import ColumnElement, func, literal, select, update

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, Invalid, NotFound
from mlarena.core.redis import RedisError, redis_client
from mlarena.submissions.models import FINAL, Submission, Task
from mlarena.submissions.queues import HOUSE
from mlarena.submissions.rejudging.models import STATES, Rejudge, RejudgeItem

log = structlog.get_logger(__name__)

MOST = 50_000
# A competition scores its entries again by itself, whenever its answers are corrected.
BY_THEMSELVES = ("competition",)
NOTHING = "There is nothing to judge again: no judged submission of a quest or a challenge."
UNDER_WAY = "A rejudge of this is under way. Decide on it first."


def ask(actor: User, about: str, title: str, which: ColumnElement[bool], reason: str) -> Rejudge:
    """Have the judged submissions that `which` (a condition on Submission) names judged again. Commits.

    Raises Invalid (no reason, nothing to judge, too much) and Conflict while one of the same is open.
    """
    reason = " ".join(reason.replace("\0", " ").split())
    if not 3 <= len(reason) <= 300:
        raise Invalid.field("reason", "Say why, in 3 to 300 characters.")
    kinds = Task.__table__.c
    found = (
        select(Submission.id)
        .join(Task.__table__, kinds.id == Submission.task_id)
        .where(which, Submission.status.in_(FINAL), Submission.user_id.is_not(None))
        .where(kinds.kind.not_in(BY_THEMSELVES))
    )
    total = db.session.scalar(select(func.count()).select_from(found.subquery())) or 0
    if not total:
        raise Invalid(NOTHING)
    if total > MOST:
        raise Invalid(f"These are {total:,} submissions; one rejudge takes at most {MOST:,}.")
    open_ones = select(Rejudge.id).where(
        Rejudge.about == about, Rejudge.status.in_(("judging", "judged", "applying"))
    )
    if db.session.scalar(open_ones.limit(1)) is not None:
        raise Conflict(UNDER_WAY)
    db.session.commit()  # the reading is over
    made = Rejudge(
        about=about,
        title=title[:200],
        reason=reason,
        total=total,
        by_id=actor.id,
        by_name=actor.username,
    )
    db.session.add(made)
    db.session.flush()
    db.session.execute(
        insert(RejudgeItem).from_select(
            ["rejudge_id", "submission_id", "state", "before", "after", "tries"],
            found.with_only_columns(
                literal(made.id),
                Submission.id,
                literal("waiting"),
                literal({}, RejudgeItem.before.type),
                literal({}, RejudgeItem.after.type),
                literal(0),
            ),
        )
    )
    audit.note(actor, "rejudge.ask", about, rejudge=made.id, submissions=total, reason=reason)
    db.session.commit()
    nudge()
    return made


def find(rejudge_id: int) -> Rejudge:
    found = db.session.get(Rejudge, rejudge_id, populate_existing=True)
    if found is None:
        raise NotFound("There is no such rejudge.")
    return found


def counts(rejudge_ids: list[int]) -> dict[int, dict[str, int]]:
    """By rejudge how many of its submissions are in which state."""
    found = {rejudge_id: dict.fromkeys(STATES, 0) for rejudge_id in rejudge_ids}
    rows = db.session.execute(
        select(RejudgeItem.rejudge_id, RejudgeItem.state, func.count())
        .where(RejudgeItem.rejudge_id.in_(rejudge_ids))
        .group_by(RejudgeItem.rejudge_id, RejudgeItem.state)
    )
    for rejudge_id, state, count in rows:
        found[rejudge_id][state] = count
    return found


def decide(actor: User, rejudge: Rejudge, apply: bool) -> None:
    """Apply what has changed, or drop it. Raises Conflict unless it is judged and undecided. Commits.

    What is still being judged can be dropped too.
    """
    rejudge_id, about = rejudge.id, rejudge.about
    db.session.commit()
    from_ = ("judged",) if apply else ("judging", "judged")
    values: dict[str, Any] = {"status": "applying" if apply else "discarded"}
    if not apply:
        values["finished_at"] = utcnow()
    moved = db.session.execute(
        update(Rejudge)
        .where(Rejudge.id == rejudge_id, Rejudge.status.in_(from_))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise Conflict("It is being judged, or was decided already. Look at it again.")
    audit.note(actor, "rejudge.apply" if apply else "rejudge.discard", about, rejudge=rejudge_id)
    db.session.commit()
    nudge()


def nudge() -> None:
    """Tell the workers now; without Redis the clock does a little later."""
    try:
        Queue(HOUSE, connection=redis_client()).enqueue(
            "mlarena.submissions.jobs.rejudge", job_timeout=3600, result_ttl=0, failure_ttl=60
        )
    except RedisError as error:
        log.warning("a rejudge waits for the clock", error=str(error))
