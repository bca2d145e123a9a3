"""The instructor's verbs: mirror a competition by its name at Kaggle, have a board read now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from rq import Queue
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from mlarena.accounts.models import User
from mlarena.competitions.authoring import free_slug
from mlarena.competitions.kaggle import jobs
from mlarena.competitions.kaggle.faults import NOT_SET_UP
from mlarena.competitions.kaggle.models import KaggleCompetition
from mlarena.competitions.kaggle.reading import Facts
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid
from mlarena.core.redis import redis_client
from mlarena.submissions.asking import ask
from mlarena.submissions.queues import OUTSIDE

ASK_SECONDS = 45
# Kaggle takes cheats off its final boards for a while: so long they are read again.
MENDED_FOR = timedelta(days=14)
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?kaggle\.com/(?:competitions|c)/", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def mirror(author: User | None, name: str, xp_reward: int = 100, rated: bool = True) -> int:
    """Watch a competition at Kaggle from now on; its id. `name` is the last part of its address there, or the
    address. Everybody sees it at once. Commits.

    Raises Conflict (not set up, mirrored already), Invalid (no such competition, Kaggle's own words),
    Unavailable (no worker).
    """
    slug = _ADDRESS.sub("", name.strip()).split("/")[0].split("?")[0].lower()
    if not _SLUG.fullmatch(slug) or len(slug) > 128:
        raise Invalid.field(
            "slug", "Give the last part of its address: kaggle.com/competitions/THIS-PART."
        )
    if not settings().kaggle_ready:
        raise Conflict(NOT_SET_UP, {"slug": [NOT_SET_UP]})
    known = db.session.scalar(
        select(KaggleCompetition.title).where(KaggleCompetition.kaggle_slug == slug)
    )
    if known is not None:
        raise Conflict(f"“{known}” is mirrored already.")
    author_id = author.id if author else None
    db.session.commit()
    told = ask(OUTSIDE, ASK_SECONDS, jobs.facts, slug)
    if "fault" in told:
        raise Invalid.field("slug", told["fault"])
    made = _made(slug, Facts(**told["facts"]))
    made.created_by, made.xp_reward, made.rated = author_id, xp_reward, rated
    db.session.add(made)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(f"“{slug}” is being mirrored by somebody else this very moment.") from None
    read_soon(made)
    return made.id


def read_soon(competition: KaggleCompetition) -> None:
    """Have a worker look at Kaggle at once. What is over is finished, or its final board read again."""
    work = jobs.read_board if competition.phase() == "ongoing" else jobs.refresh
    jobs.enqueue(Queue(OUTSIDE, connection=redis_client()), work, competition.id)


def mirrors_query() -> Select[Any]:
    """All that are watched or were, the latest first."""
    return (
        select(KaggleCompetition)
        .where(KaggleCompetition.status != "draft")
        .order_by(KaggleCompetition.ends_at.desc(), KaggleCompetition.id.desc())
    )


def ongoing_ids() -> list[int]:
    """Whose boards move now."""
    now = utcnow()
    return _ids(KaggleCompetition.starts_at <= now, KaggleCompetition.ends_at > now)


def unfinished_ids() -> list[int]:
    """Whose dates may change, and whose end may have come."""
    return _ids(KaggleCompetition.finished_at.is_(None))


def fresh_ids() -> list[int]:
    """Whose end is so fresh that Kaggle may mend it."""
    return _ids(KaggleCompetition.finished_at > utcnow() - MENDED_FOR)


def _ids(*which: Any) -> list[int]:
    query = select(KaggleCompetition.id).where(KaggleCompetition.status == "published", *which)
    found = list(db.session.scalars(query.order_by(KaggleCompetition.id)))
    db.session.commit()
    return found


def _made(slug: str, facts: Facts) -> KaggleCompetition:
    # Kaggle does not always say when something began; it has begun by now.
    starts_at = min(facts.starts_at or utcnow(), facts.ends_at - timedelta(minutes=1))
    return KaggleCompetition(
        slug=free_slug(slug),
        title=facts.title,
        summary=facts.summary,
        description=facts.summary or facts.title,
        status="published",
        starts_at=starts_at,
        ends_at=facts.ends_at,
        kaggle_slug=slug,
        kaggle_metric=facts.metric,
        daily_limit=facts.daily_limit,
        team_size=facts.team_size,
    )
