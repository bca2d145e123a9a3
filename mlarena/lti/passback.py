"""Scores to one LMS (Assignment and Grade Services 2.0): in turn, after a pause again, at last given up.

One process at a time sends to a platform (a claim with a lease); a request is over within WEBHOOK_SECONDS. A
worker that is killed leaves the score waiting, and the clock finds it: a score may arrive twice, which is the
same number with a later time.
"""

from __future__ import annotations

import random
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import case, or_, select, update

from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.lti import asking, dispatch, notices
from mlarena.lti.asking import Failed, Service
from mlarena.lti.models import Link, Platform, Score

log = structlog.get_logger(__name__)

ROUND_SECONDS = 20.0
LONGEST_PAUSE = 6 * 3600.0
SAID = 500


def deliver(platform_id: int) -> int:
    """Send what it is owed now; how many scores arrived."""
    token = _claim(platform_id)
    if token is None:
        return 0
    sent, end = 0, time.monotonic() + ROUND_SECONDS
    try:
        platform = db.session.get_one(Platform, platform_id, populate_existing=True)
        service = Service(platform)
        while time.monotonic() < end:
            score = _next(platform)
            if score is None:
                break
            sent += _attempt(platform, service, score)
            if not _renew(platform_id, token):
                break
    finally:
        db.session.rollback()
        _release(platform_id, token)
    dispatch.enqueue_owed()
    return sent


def _next(platform: Platform) -> Score | None:
    now = utcnow()
    if platform.rest_until is not None and platform.rest_until > now:
        return None
    found: Score | None = db.session.scalar(
        select(Score)
        .join(Link, Link.id == Score.link_id)
        .where(Link.platform_id == platform.id)
        .where(Score.status == "waiting", Score.due_at <= now)
        .order_by(Score.due_at, Score.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found


def _attempt(platform: Platform, service: Service, score: Score) -> bool:
    """One score, and what came of it, written down. Whether it arrived."""
    percent, link = score.percent, score.link
    body = asking.body_of(score.sub, percent, utcnow())
    db.session.commit()  # nothing is held while somebody else's server thinks
    failed: Failed | None = None
    try:
        item = service.line_item(link)
        service.post_score(link, item, body)
    except Failed as found:
        failed = found
    if failed is None:
        _sent(platform, score.id, percent)
    else:
        _not_sent(platform, score, failed)
    db.session.commit()
    log.info("lti score", platform=platform.id, score=score.id, arrived=failed is None)
    return failed is None


def _sent(platform: Platform, score_id: int, percent: float | None) -> None:
    # Another number may have been computed meanwhile: then it goes on waiting.
    same = Score.percent.is_not_distinct_from(percent)
    db.session.execute(
        update(Score)
        .where(Score.id == score_id)
        .values(
            sent_percent=percent,
            sent_at=utcnow(),
            status=case((same, "sent"), else_="waiting"),
            attempts=0,
            said="",
        )
        .execution_options(synchronize_session=False)
    )
    platform.failures, platform.rest_until = 0, None


def _not_sent(platform: Platform, score: Score, failed: Failed) -> None:
    now = utcnow()
    attempts = score.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "said": str(failed)[:SAID]}
    if attempts >= settings().webhook_attempts:
        values["status"] = "dead"
        notices.score_died(platform)
    elif not failed.away:
        # The LMS took offence at this score: the others go first. Else it keeps its place.
        values["due_at"] = now + timedelta(seconds=pause(attempts))
    db.session.execute(
        update(Score)
        .where(Score.id == score.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if failed.away:
        platform.failures += 1
        rest = max(pause(platform.failures), min(failed.wait, LONGEST_PAUSE))
        platform.rest_until = now + timedelta(seconds=rest)


def pause(failures: int) -> float:
    """Seconds until the next attempt: four times as long each time, a quarter more or less by chance."""
    straight = settings().webhook_retry_seconds * 4 ** min(failures - 1, 12)
    return min(straight, LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 – spreads, hides nothing


def _lease() -> datetime:
    # Of one score: a token, a line item looked for and made, the score twice.
    return utcnow() + timedelta(seconds=settings().webhook_seconds * 6 + 20)


def _claim(platform_id: int) -> str | None:
    token, now = uuid.uuid4().hex, utcnow()
    free = or_(Platform.lease_until.is_(None), Platform.lease_until < now)
    taken = db.session.execute(
        update(Platform)
        .where(Platform.id == platform_id, Platform.is_on, free)
        .values(claim_token=token, lease_until=_lease())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return token if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def _renew(platform_id: int, token: str) -> bool:
    kept = db.session.execute(
        update(Platform)
        .where(Platform.id == platform_id, Platform.claim_token == token, Platform.is_on)
        .values(lease_until=_lease())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return kept.rowcount == 1  # type: ignore[attr-defined]


def _release(platform_id: int, token: str) -> None:
    db.session.execute(
        update(Platform)
        .where(Platform.id == platform_id, Platform.claim_token == token)
        .values(claim_token=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
