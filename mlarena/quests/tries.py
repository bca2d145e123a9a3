"""A try: a learner's code, cross-validated on the training data before they submit it.

It is nobody's submission: no row, no board, no verdict. It lives in Redis alone, one for each learner,
while it waits and runs and for some minutes after. A worker that dies takes it along, and the page says so.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from statistics import fmean, pstdev
from typing import Any

import structlog
from redis.exceptions import RedisError
from rq import Queue

from mlarena.accounts.models import User
from mlarena.core.errors import Conflict, NotFound, Unavailable
from mlarena.core.redis import redis_client
from mlarena.live import publish
from mlarena.quests import service
from mlarena.quests.models import Quest
from mlarena.scoring.metrics import METRICS, Metric
from mlarena.submissions.dispatch import JOB_TIMEOUT
from mlarena.submissions.queues import TRAININGS
from mlarena.submissions.workers import require_jail

log = structlog.get_logger(__name__)

EVENT = "try"
FOLDS = 5
OPEN = ("queued", "running")
# Long enough to wait in a busy queue, and to look at afterwards; what runs is kept alive by its worker.
KEPT_SECONDS = 600
ALIVE_SECONDS = 15

AWAY = "The arena cannot try code just now. Try again in a moment, or submit it."
ON_ITS_WAY = "A try of yours is still on its way. Wait for it, or cancel it."

# A hash of JSON values. Each of these changes a try only as long as it is the one that is meant, and is not
# over: whoever comes late, a cancel or a worker thought dead, changes nothing.
_START = """
local status = redis.call('HGET', KEYS[1], 'status')
if status == '"queued"' or status == '"running"' then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""
_CHANGE = """
local there = redis.call('HMGET', KEYS[1], 'id', 'status')
if there[1] ~= ARGV[1] or (there[2] ~= '"queued"' and there[2] ~= '"running"') then return 0 end
if ARGV[3] then redis.call('HSET', KEYS[1], unpack(ARGV, 3)) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""


@dataclass
class Try:
    """One try as it stands: queued, running, done, failed or cancelled."""

    id: str
    user_id: int
    quest_id: int
    code: str
    status: str = "queued"
    of: int = FOLDS
    # of each fold that is done: {"score": …, "wall_ms": …}
    folds: list[dict[str, float]] = field(default_factory=list)
    # why it failed: what is wrong, the traceback of the learner's own lines, and the line
    error: str | None = None
    detail: str = ""
    line: int | None = None
    note: str = ""

    @property
    def over(self) -> bool:
        return self.status not in OPEN

    @property
    def scores(self) -> list[float]:
        return [fold["score"] for fold in self.folds]

    @property
    def mean(self) -> float | None:
        return fmean(self.scores) if self.folds else None

    @property
    def sd(self) -> float | None:
        return pstdev(self.scores) if self.folds else None

    @property
    def wall_ms(self) -> float:
        return sum(fold["wall_ms"] for fold in self.folds)

    @property
    def output(self) -> str:
        """The name of its console."""
        return f"try:{self.id}"

    def shown(self, quest: Quest) -> dict[str, Any]:
        rule, threshold = measure(quest)
        passes = None
        if threshold is not None and self.mean is not None:
            passes = rule.passes(self.mean, threshold)
        return {
            "id": self.id,
            "quest_id": self.quest_id,
            "status": self.status,
            "metric": rule.name,
            "metric_label": rule.label,
            "direction": rule.direction,
            "threshold": threshold,
            "of": self.of,
            "folds": self.folds,
            "mean": self.mean,
            "sd": self.sd,
            "passes": passes,
            "wall_ms": self.wall_ms,
            "error": self.error,
            "detail": self.detail,
            "line": self.line,
            "note": self.note,
        }


def measure(quest: Quest) -> tuple[Metric, float | None]:
    """What a try is scored by, and the threshold where it is the quest's own measure.

    The groups that a clustering quest is judged by are not in its training data; how well the model's own
    are separated can be seen without them.
    """
    rule = quest.rule()
    if quest.dataset.target is None and rule.name != "silhouette":
        return METRICS["silhouette"], None
    return rule, quest.threshold


def start(user: User, quest_id: int, code: str) -> Try:
    """Put a try of `code` in the trainings' queue. It replaces the learner's last one.

    Raises NotFound, Forbidden (locked), Conflict (one is still on its way), Unavailable.
    """
    quest = service.open_quest(quest_id, user)
    require_jail(service.NO_JAIL)
    begun = Try(uuid.uuid4().hex, user.id, quest.id, code)
    try:
        fields = _fields(begun, *begun.__dataclass_fields__)
        if not redis_client().eval(_START, 1, _key(user.id), KEPT_SECONDS, *fields):
            raise Conflict(ON_ITS_WAY)
        Queue(TRAININGS, connection=redis_client()).enqueue(
            "mlarena.quests.jobs.try_out",
            user.id,
            begun.id,
            job_id=f"try-{begun.id}",
            result_ttl=0,
            failure_ttl=0,
            ttl=KEPT_SECONDS,
            job_timeout=JOB_TIMEOUT,
        )
    except RedisError as error:
        log.warning("a try found no queue", error=str(error))
        raise Unavailable(AWAY) from None
    return begun


def current(user_id: int, quest_id: int) -> Try | None:
    """The learner's try of this quest, if it is their last one and still kept."""
    try:
        kept: Any = redis_client().hgetall(_key(user_id))
    except RedisError as error:
        log.warning("no try to be seen", error=str(error))
        return None
    if not kept:
        return None
    found = Try(**{name.decode(): json.loads(value) for name, value in kept.items()})
    return found if found.quest_id == quest_id else None


def require(user_id: int, quest_id: int) -> Try:
    """The same; raises NotFound where there is none."""
    found = current(user_id, quest_id)
    if found is None:
        raise NotFound("There is no try of this quest. It is kept for minutes only: start another.")
    return found


def cancel(user: User, quest: Quest) -> Try:
    """End the learner's try of `quest`. Raises NotFound, or Conflict when it is over already."""
    found = require(user.id, quest.id)
    if not change(found, quest, status="cancelled"):
        raise Conflict("That came too late: the try is over already.")
    return found


def begin(user_id: int, number: str) -> Try | None:
    """The try that waits under this name, running from now on; None where it is gone or over."""
    kept = redis_client().hget(_key(user_id), "quest_id")
    found = current(user_id, json.loads(kept)) if kept else None
    if found is None or found.id != number or found.status != "queued":
        return None
    return found


def change(tried: Try, quest: Quest, **fields: Any) -> bool:
    """Set `fields` of it and tell its learner's pages. False if it is over, replaced or forgotten."""
    for name, value in fields.items():
        setattr(tried, name, value)
    kept = KEPT_SECONDS if tried.over else ALIVE_SECONDS
    if not _change(tried, kept, *fields):
        return False
    publish.publish(EVENT, tried.shown(quest), publish.user_room(tried.user_id))
    return True


def keep(tried: Try) -> bool:
    """Still alive, says its worker. False if nobody waits for it any more."""
    return _change(tried, ALIVE_SECONDS)


def forget(user_id: int) -> None:
    """The learner has left."""
    redis_client().delete(_key(user_id))


def _change(tried: Try, seconds: int, *names: str) -> bool:
    given: list[Any] = [json.dumps(tried.id), seconds, *_fields(tried, *names)]
    return bool(redis_client().eval(_CHANGE, 1, _key(tried.user_id), *given))


def _fields(tried: Try, *names: str) -> list[str]:
    return [text for name in names for text in (name, json.dumps(getattr(tried, name)))]


def _key(user_id: int) -> str:
    return f"mlarena:try:{user_id}"
