"""What the queue runs for mirrors: thin tasks that take ids and call one verb, imported when one runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

# How often the clock asks; what is not done by the next time is asked for then.
BOARDS_SECONDS = 300
STATUS_SECONDS = 600
# A final board is many requests.
MEND_SECONDS = 6 * 3600
JOB_SECONDS = 280


def enqueue(queue: Any, work: Callable[..., Any], *about: Any) -> None:
    queue.enqueue(
        work, *about, job_timeout=JOB_SECONDS, ttl=BOARDS_SECONDS - 10, result_ttl=0, failure_ttl=60
    )


def boards() -> int:
    """By the clock: one job for each competition that goes on."""
    from mlarena.competitions.kaggle import mirrors

    return _each(mirrors.ongoing_ids(), read_board)


def status() -> int:
    """By the clock: dates, ends, and what Kaggle mends after them."""
    from mlarena.competitions.kaggle import manners, mirrors

    fresh = [id_ for id_ in mirrors.fresh_ids() if manners.due(f"mend:{id_}", MEND_SECONDS)]
    return _each([*mirrors.unfinished_ids(), *fresh], refresh)


def read_board(competition_id: int) -> int:
    from mlarena.competitions.kaggle import sync

    return _patiently(sync.sync, competition_id)


def refresh(competition_id: int) -> int:
    from mlarena.competitions.kaggle import ends

    return _patiently(ends.refresh, competition_id)


def facts(slug: str) -> dict[str, Any]:
    """What Kaggle says of a competition that nobody mirrors yet; or in words why it says nothing."""
    from dataclasses import asdict

    from mlarena.competitions.kaggle.client import Kaggle
    from mlarena.competitions.kaggle.faults import KaggleFault
    from mlarena.core.config import settings

    try:
        with Kaggle(settings()) as kaggle:
            return {"facts": asdict(kaggle.competition(slug))}
    except KaggleFault as fault:
        return {"fault": str(fault)}


def _each(ids: list[int], work: Callable[[int], int]) -> int:
    from rq import Queue

    from mlarena.core.config import settings
    from mlarena.core.redis import redis_client
    from mlarena.submissions.queues import OUTSIDE

    if not settings().kaggle_ready:
        return 0
    queue = Queue(OUTSIDE, connection=redis_client())
    for competition_id in ids:
        enqueue(queue, work, competition_id)
    return len(ids)


def _patiently(verb: Callable[[int], int | bool], competition_id: int) -> int:
    """The clock comes again: a fault is no failure of the job. It is noted with the competition."""
    from mlarena.competitions.kaggle.faults import KaggleFault

    try:
        return int(verb(competition_id))
    except KaggleFault as fault:
        log.warning("Kaggle was read in vain", competition=competition_id, why=str(fault))
        return 0
