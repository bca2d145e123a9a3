"""Who has a page open, and which submission it shows: in Redis, for minutes. Never the truth: a hint."""

from __future__ import annotations

import time
from collections.abc import Collection

import redis
import structlog

from mlarena.core.redis import RedisError, redis_client

log = structlog.get_logger(__name__)

ONLINE = "mlarena:live:online"  # sorted set: user → until when they count as there
LOOKING = "mlarena:live:looking"  # sorted set: "user:what" → until when they count as looking at it
# An open socket says again every 30 s (sockets.RECHECK_SECONDS) that it is there.
SECONDS = 75


def here(user_ids: Collection[int]) -> None:
    """These users have a socket open."""
    if user_ids:
        _note(ONLINE, {str(user_id): _until(SECONDS) for user_id in user_ids})


def online(user_ids: Collection[int]) -> set[int]:
    """Who of these has a page open. All of them, if Redis is away: who is told too much reads the truth."""
    asked = sorted(user_ids)
    if not asked:
        return set()
    try:
        until = redis_client().zmscore(ONLINE, [str(user_id) for user_id in asked])
    except RedisError:
        return set(asked)
    now = time.time()
    return {
        user_id for user_id, at in zip(asked, until, strict=True) if at is not None and at > now
    }


def look(user_id: int, what: str, seconds: float = SECONDS) -> None:
    """The user's page shows that ("submission:7"), for so long unless it says so again."""
    _note(LOOKING, {f"{user_id}:{what}": _until(seconds)})


def look_away(user_id: int, what: str) -> None:
    try:
        redis_client().zrem(LOOKING, f"{user_id}:{what}")
    except RedisError as error:
        log.warning("not noted who looks at what", error=str(error))


def looks_at(user_id: int, what: str) -> bool:
    """Whether a page of theirs shows it now. False if Redis is away: better told than not."""
    try:
        until = redis_client().zscore(LOOKING, f"{user_id}:{what}")
    except RedisError:
        return False
    return until is not None and until > time.time()


def _until(seconds: float) -> float:
    return time.time() + seconds


def _note(key: str, members: dict[str, float]) -> None:
    try:
        pipe: redis.client.Pipeline = redis_client().pipeline(transaction=False)
        pipe.zremrangebyscore(key, "-inf", time.time())
        # A page that is asked for again beside its open socket says so for seconds: the later end stands.
        pipe.zadd(key, members, gt=True)
        pipe.execute()
    except RedisError as error:
        log.warning("not noted who is there", error=str(error))
