"""What lies ahead of one user: their competitions, what is due, the matches of the leagues they forecast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import joinedload

from mlarena.accounts.models import User
from mlarena.cohorts.models import Assignment, Cohort, CohortMember, Extension
from mlarena.competitions.models import Competition, Member
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts.models import Forecast, Match

# What is over stays for a while: a calendar is looked at backwards too.
BACK = timedelta(days=60)
FORWARD = timedelta(days=60)
MOST_EACH = 300
MATCH = timedelta(hours=2)


@dataclass(frozen=True)
class Entry:
    """One line of a calendar. `until` None: a moment. `key` is the same however often it moves."""

    key: str
    title: str
    begins: datetime
    until: datetime | None
    link: str
    text: str = ""


def entries(user: User) -> list[Entry]:
    """In the order of time; one query a kind."""
    now = utcnow()
    found = [*_competitions(user, now), *_assignments(user, now), *_matches(user, now)]
    return sorted(found, key=lambda entry: (entry.begins, entry.key))


def _competitions(user: User, now: datetime) -> Iterator[Entry]:
    """Those of the user, and those that everybody may still enter."""
    mine = select(Member.competition_id).where(Member.user_id == user.id)
    rows = db.session.scalars(
        select(Competition)
        .where(Competition.status == "published")
        .where(
            or_(
                and_(Competition.id.in_(mine), Competition.ends_at > now - BACK),
                Competition.ends_at > now,
            )
        )
        .order_by(Competition.ends_at, Competition.id)
        .limit(MOST_EACH)
    )
    for one in rows:
        link = f"/competitions/{one.id}"
        yield Entry(
            f"competition-{one.id}", one.title, one.starts_at, one.ends_at, link, one.summary
        )


def _assignments(user: User, now: datetime) -> Iterator[Entry]:
    due = func.coalesce(Extension.due_at, Assignment.due_at)
    rows = db.session.execute(
        select(Assignment.id, Assignment.title, Cohort.id, Cohort.title, due)
        .join(Cohort, Cohort.id == Assignment.cohort_id)
        .join(CohortMember, CohortMember.cohort_id == Cohort.id)
        .outerjoin(
            Extension,
            and_(Extension.assignment_id == Assignment.id, Extension.user_id == user.id),
        )
        .where(CohortMember.user_id == user.id, CohortMember.left_at.is_(None))
        .where(Cohort.archived_at.is_(None), due > now - BACK)
        .where(or_(Assignment.opens_at.is_(None), Assignment.opens_at <= now))
        .order_by(due, Assignment.id)
        .limit(MOST_EACH)
    )
    for assignment_id, title, cohort_id, cohort, at in rows:
        name = f"Due: {title} ({cohort})"
        yield Entry(f"assignment-{assignment_id}", name, at, None, f"/cohorts/{cohort_id}")


def _matches(user: User, now: datetime) -> Iterator[Entry]:
    """Those the user has forecast, and those to come in the leagues where they did."""
    leagues = (
        select(Match.league_id)
        .join(Forecast, Forecast.match_id == Match.id)
        .where(Forecast.user_id == user.id)
    )
    mine = select(Forecast.match_id).where(Forecast.user_id == user.id)
    rows = db.session.scalars(
        select(Match)
        .where(Match.kickoff > now - BACK, Match.kickoff < now + FORWARD)
        .where(or_(Match.id.in_(mine), and_(Match.league_id.in_(leagues), Match.kickoff > now)))
        .options(joinedload(Match.home), joinedload(Match.away), joinedload(Match.league))
        .order_by(Match.kickoff, Match.id)
        .limit(MOST_EACH)
    )
    for one in rows:
        title = f"{one.home.name} – {one.away.name}"
        link = f"/forecasts/matches/{one.id}"
        yield Entry(
            f"match-{one.id}", title, one.kickoff, one.kickoff + MATCH, link, one.league.name
        )
