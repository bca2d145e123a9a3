"""What the people of a cohort do. Where a cohort shows nicknames there is no feed: beside the arena's own,
which has user names, its times would tell who is who."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from mlarena.activity.models import PublicEvent
from mlarena.activity.service import SHOWN, Line, line, public
from mlarena.cohorts.models import Cohort, CohortMember
from mlarena.core.db import db
from mlarena.live import publish


def latest(cohort: Cohort, most: int = SHOWN) -> list[Line] | None:
    """One query; None where there is no feed. Who does not want to be seen is left out here too."""
    if cohort.names != "usernames":
        return None
    members = select(CohortMember.user_id).where(
        CohortMember.cohort_id == cohort.id, CohortMember.left_at.is_(None)
    )
    rows = db.session.scalars(public().where(PublicEvent.user_id.in_(members)).limit(most))
    return [line(event) for event in rows]


def tell(_sender: Any, events: list[PublicEvent], **_more: Any) -> None:
    """After the commit: the cohorts of whoever did something. One query."""
    people = {event.user_id for event in events if event.user_id is not None}
    if not people:
        return
    found = db.session.execute(
        select(CohortMember.user_id, CohortMember.cohort_id)
        .join(Cohort, Cohort.id == CohortMember.cohort_id)
        .where(CohortMember.user_id.in_(people), CohortMember.left_at.is_(None))
        .where(Cohort.archived_at.is_(None), Cohort.names == "usernames")
    ).all()
    for event in events:
        for user_id, cohort_id in found:
            if user_id == event.user_id:
                room = publish.feed_room(f"cohort:{cohort_id}")
                publish.publish("activity", line(event).shown(), room)
