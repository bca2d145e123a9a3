"""Drafts that are published as soon as they have been checked: what a release brings, which cannot wait
for its judges, and what waits for an engine that is not there yet."""

from __future__ import annotations

import structlog
from sqlalchemy import exists, select

from mlarena.challenges import authoring
from mlarena.challenges.models import Challenge
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid, Unavailable

log = structlog.get_logger(__name__)

# Faults of this machine, not of the challenge: no such engine, no jail. What has these goes on waiting.
OURS = frozenset({"engine", "jail"})


def any_waiting() -> bool:
    """Whether there is anything to check."""
    return bool(db.session.scalar(select(exists().where(_WAITING))))


def publish_next(after: int) -> int | None:
    """Check the next waiting challenge beyond the id `after` and publish it; its id, or None at the end.

    One that fails its checks stays a draft, with what they have against it among its warnings. Commits.
    """
    challenge = db.session.scalars(
        select(Challenge).where(_WAITING, Challenge.id > after).order_by(Challenge.id).limit(1)
    ).first()
    if challenge is None:
        return None
    challenge_id = challenge.id
    try:
        authoring.update(None, challenge, {}, publish=True)
    except Invalid as refused:
        db.session.rollback()
        _refuse(challenge_id, refused.errors)
    except (Conflict, Unavailable) as later:
        db.session.rollback()
        log.warning("a challenge waits on", challenge=challenge_id, why=str(later))
    return challenge_id


def _refuse(challenge_id: int, errors: dict[str, list[str]]) -> None:
    if set(errors) <= OURS:
        return
    challenge = db.session.get_one(Challenge, challenge_id)
    challenge.publish_when_checked = False
    challenge.version_row().warnings = [
        f"{field}: {words}" for field, said in errors.items() for words in said
    ]
    db.session.commit()
    log.error("a challenge failed its checks", challenge=challenge.slug, errors=errors)


_WAITING = Challenge.publish_when_checked.is_(True)
