"""What the living workers say of their jails: whether a door may take strangers' work in at all."""

from __future__ import annotations

from mlarena.core import health
from mlarena.core.errors import Unavailable
from mlarena.core.redis import RedisError


def require_jail(what: str) -> None:
    """Fail closed: where the workers say that they cannot jail, nothing is taken in.

    `what` begins the sentence, such as "Models cannot be evaluated". Raises Unavailable.
    """
    try:
        workers = [beat.get("sandbox", {}) for beat in health.beats().get("worker", [])]
    except RedisError:
        return  # nobody can say; the worker itself refuses if it must
    refusals = [sandbox["refuses"] for sandbox in workers if sandbox.get("refuses")]
    if refusals and len(refusals) == len(workers):
        raise Unavailable(f"{what} on this machine: {refusals[0]}")
