"""What people are told of competitions: one opens, theirs ends soon, has ended, has moved their rating."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select

from mlarena.activity.service import note
from mlarena.competitions.models import Competition, Member
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db
from mlarena.notifications.audiences import register_audience
from mlarena.notifications.models import Broadcast
from mlarena.notifications.service import About, broadcast, notify_each

ENTRANTS = "entrants"
# An opening is news for a day; an old one, found by an arena that was off, is none.
NEWS = timedelta(days=1)
# How long before its end a competition ends soon: a day, or the last quarter of a short one.
SOON = timedelta(days=1)


def connect() -> None:
    register_audience(ENTRANTS, entrants)


def entrants(competition_id: int) -> Select[Any]:
    return select(Member.user_id).where(Member.competition_id == competition_id)


def tell_due() -> int:
    """What has opened and what ends soon, each told once; by the clock. How many. Commits."""
    now = utcnow()
    opened = [(one, "competition_open", "everyone") for one in _opened(now)]
    ending = [(one, "competition_ending", f"{ENTRANTS}:{one.id}") for one in _ending(now)]
    for competition, kind, audience in opened + ending:
        verb = "is open" if kind == "competition_open" else "ends soon"
        text = f"Until {competition.ends_at:%d %b %Y, %H:%M} UTC."
        broadcast(kind, _about(competition, kind, verb, text), audience)
    db.session.commit()
    return len(opened) + len(ending)


def tell_ended(competition: Competition) -> None:
    """In the transaction that carries the end out."""
    text = "The final board is there: see where you came."
    about = _about(competition, "competition_ended", "has ended", text)
    broadcast("competition_ended", about, f"{ENTRANTS}:{competition.id}")
    note("end", about.about, competition.title, about.link)


def tell_ratings(competition: Competition, changes: list[dict[str, Any]], now: datetime) -> None:
    """In the transaction that makes ratings: of what has just ended, not of what is worked out again."""
    if competition.finished_at is None or competition.finished_at < now - NEWS:
        return
    about = f"competition:{competition.id}"
    pairs = []
    for change in changes:
        before, after = round(change["before"]), round(change["after"])
        title = f"Your rating is {after} ({after - before:+d})"
        text = f"Number {change['rank']} of {change['field']} in {competition.title}."
        link = f"/users/{change['user_id']}"
        pairs.append((change["user_id"], About(about, title, text, link)))
    notify_each(pairs, "rating", bulk=True)


def _opened(now: datetime) -> list[Competition]:
    news = or_(Competition.starts_at > now - NEWS, Competition.published_at > now - NEWS)
    return _untold(
        "competition_open", Competition.starts_at <= now, Competition.ends_at > now, news
    )


def _ending(now: datetime) -> list[Competition]:
    near = _untold(
        "competition_ending", Competition.ends_at > now, Competition.ends_at <= now + SOON
    )
    return [
        one for one in near if one.ends_at - now <= min(SOON, (one.ends_at - one.starts_at) / 4)
    ]


def _untold(kind: str, *conditions: Any) -> list[Competition]:
    told = select(Broadcast.about).where(Broadcast.kind == kind)
    found = db.session.scalars(
        select(Competition)
        .where(Competition.status == "published", *conditions)
        .order_by(Competition.id)
    ).all()
    keys = {one.id: _key(one, kind) for one in found}
    known = set(db.session.scalars(told.where(Broadcast.about.in_(keys.values()))))
    return [one for one in found if keys[one.id] not in known]


def _about(competition: Competition, kind: str, verb: str, text: str) -> About:
    link = f"/competitions/{competition.id}"
    return About(_key(competition, kind), f"{competition.title} {verb}", text, link)


def _key(competition: Competition, kind: str) -> str:
    """Another end is another reminder; it opens and has ended once."""
    key = f"competition:{competition.id}"
    return f"{key}:{rfc3339(competition.ends_at)}" if kind == "competition_ending" else key
