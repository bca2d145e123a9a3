"""How to behave towards Kaggle: one request for a board at a time, and silence when it asks for it.

Kept in Redis. If that is lost, at worst one request too many is made: what may be written only once is held
by the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import LockError

from mlarena.core.redis import redis_client

PREFIX = "mlarena:kaggle"
# Longer than any sync; a worker that was killed in one leaves its lock for so long.
LOCK_SECONDS = 300
# Without a word from Kaggle: so long after the first refusal, twice as long after each further one.
FIRST_PAUSE = 60.0
LONGEST_PAUSE = 3600.0


@contextmanager
def alone(competition_id: int) -> Iterator[bool]:
    """Whether nobody else is at this competition, in any process; nobody is until the block ends."""
    lock = redis_client().lock(f"{PREFIX}:{competition_id}", timeout=LOCK_SECONDS)
    ours = lock.acquire(blocking=False)
    try:
        yield ours
    finally:
        if ours:
            with suppress(LockError):  # it took longer than the lock lives
                lock.release()


def quiet_for() -> float:
    """How many seconds we have promised to be silent."""
    left: int = redis_client().pttl(f"{PREFIX}:quiet")
    return max(0, left) / 1000


def be_quiet(seconds: float | None) -> float:
    """Ask nothing for so long; for how long, if Kaggle does not say."""
    client = redis_client()
    times: int = client.incr(f"{PREFIX}:refusals")
    client.expire(f"{PREFIX}:refusals", round(4 * LONGEST_PAUSE))
    wait = seconds or min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(times - 1, 10))
    client.set(f"{PREFIX}:quiet", 1, px=max(1, round(wait * 1000)))
    return wait


def due(name: str, seconds: int) -> bool:
    """Whether it is so long ago that somebody asked this."""
    return bool(redis_client().set(f"{PREFIX}:due:{name}", 1, nx=True, ex=seconds))


def believable(competition_id: int, standing: int, found: int) -> bool:
    """Whether a board of `found` rows may be what has become of one of `standing`. More than half gone at
    once is more likely half an answer: that is believed when the next look says so again."""
    if 2 * found >= standing:
        return True
    return not due(f"shrunk:{competition_id}", 3600)


def forgiven() -> None:
    """Kaggle has answered."""
    redis_client().delete(f"{PREFIX}:refusals")
