"""The verbs of the wing: see the quests, open one, hand a model in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import bindparam, func, select

from mlarena.accounts.models import User
from mlarena.core import health
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Forbidden, NotFound, Unavailable
from mlarena.core.redis import RedisError
from mlarena.quests import artifact
from mlarena.quests.catalogue import published
from mlarena.quests.models import Quest
from mlarena.rewards import service as rewards
from mlarena.submissions import intake
from mlarena.submissions.models import Progress, Submission

# A learner's 20 submissions a minute pass; a script in a loop does not.
SUBMIT_LIMIT = "30 per minute"
# A training may keep a processor busy for a minute.
TRAIN_LIMIT = "10 per minute"


@dataclass(frozen=True)
class QuestView:
    """A quest as one person sees it: their progress with it, and whether their XP opens it."""

    quest: Quest
    progress: Progress | None
    locked: bool

    @property
    def state(self) -> str:
        """ "new", "started", "submitted" or "completed"."""
        return self.progress.status if self.progress else "new"

    @property
    def best_score(self) -> float | None:
        return self.progress.best_score if self.progress else None

    def shown(self) -> dict[str, Any]:
        quest, rule = self.quest, self.quest.rule()
        return {
            "id": quest.id,
            "slug": quest.slug,
            "level_id": quest.level_id,
            "title": quest.title,
            "summary": quest.summary,
            "description": quest.description,
            "task_type": quest.task_type,
            "metric": quest.metric,
            "metric_label": rule.label,
            "direction": rule.direction,
            "threshold": quest.threshold,
            "xp_reward": quest.xp_reward,
            "dataset": quest.dataset.shown(),
            "starter_code": quest.starter_code,
            "hints": quest.hints,
            "limits": quest.limits,
            "published": quest.status == "published",
            "status": self.state,
            "attempts": self.progress.attempts if self.progress else 0,
            "best_score": self.best_score,
            "locked": self.locked,
        }


_PROGRESS = (
    select(Progress)
    .where(Progress.user_id == bindparam("user_id"))
    .where(Progress.task_id.in_(bindparam("task_ids", expanding=True)))
)


def views(quests: Iterable[Quest], user: User | None) -> list[QuestView]:
    """Each quest as `user` (None: anyone) sees it, in two queries however many there are."""
    quests = list(quests)
    xp = xp_of(user)
    progress: dict[int, Progress] = {}
    if user is not None and quests:
        asked = {"user_id": user.id, "task_ids": [quest.id for quest in quests]}
        progress = {row.task_id: row for row in db.session.scalars(_PROGRESS, asked)}
    return [QuestView(q, progress.get(q.id), not _opens(q, xp, user)) for q in quests]


def view(quest_id: int, user: User | None) -> QuestView:
    """One quest; raises NotFound also for a draft, except to those who may edit it."""
    return views([_find(quest_id, user)], user)[0]


def _find(quest_id: int, user: User | None) -> Quest:
    quest = published().get(quest_id)
    if quest is None and user is not None and user.is_at_least("instructor"):
        quest = db.session.get(Quest, quest_id)
    if quest is None:
        raise NotFound("There is no such quest.")
    return quest


def opened(quest_id: int, user: User) -> QuestView:
    """One quest that is open to `user`; raises Forbidden, saying how far it is, while it is locked."""
    return views([open_quest(quest_id, user)], user)[0]


def open_quest(quest_id: int, user: User) -> Quest:
    """The quest alone, under the same rules as `opened`."""
    quest = _find(quest_id, user)
    need = quest.level.required_xp
    xp = xp_of(user) if need else 0
    if not _opens(quest, xp, user):
        raise Forbidden(
            f"“{quest.level.name}” opens at {need} XP; you have {xp}. "
            "Pass a quest of an earlier level first."
        )
    return quest


def submit_model(user: User, quest: Quest, filename: str, file: BinaryIO) -> Submission:
    """Hand a model in for evaluation. `quest` comes from `open_quest`.

    Raises Forbidden (no attempts left), WrongType or Invalid (no model), TooLarge, Conflict (the same
    file is being evaluated), Unavailable (no jail on this machine).
    """
    model_format = artifact.check(filename, file)
    _require_jail()
    _require_attempts_left(user, quest)
    payload = {"format": model_format, "filename": filename[-120:]}
    return intake.accept(user, quest, payload, file, largest=upload_bytes(quest))


def train_model(user: User, quest_id: int, code: str) -> Submission:
    """Hand in Python that defines `train(X, y) -> model`: fitted in the jail, then judged like an upload.

    Raises NotFound, Forbidden (locked, no attempts left), Conflict (the same code is being evaluated),
    Unavailable (no jail on this machine).
    """
    quest = open_quest(quest_id, user)
    _require_jail()
    _require_attempts_left(user, quest)
    digest = hashlib.sha256(code.encode()).hexdigest()
    return intake.accept(user, quest, {"code": code}, digest=digest)


def upload_bytes(quest: Quest) -> int:
    """The largest file this quest takes: its own limit, or the installation's."""
    own = quest.limits.get("upload_mb")
    most = settings().max_upload_bytes
    return min(most, own << 20) if own else most


def attempts_left(user: User, quest: Quest) -> int | None:
    """How many submissions are left today (UTC); None where the quest has no such limit."""
    daily = quest.limits.get("submissions_per_day")
    if daily is None:
        return None
    midnight = utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    used = db.session.scalar(
        select(func.count())
        .select_from(Submission)
        .where(Submission.user_id == user.id, Submission.task_id == quest.id)
        .where(Submission.queued_at >= midnight)
    )
    return max(0, daily - (used or 0))


def _require_attempts_left(user: User, quest: Quest) -> None:
    if attempts_left(user, quest) == 0:
        daily = quest.limits["submissions_per_day"]
        raise Forbidden(f"This quest takes {daily} submissions a day. Come back after 00:00 UTC.")


def board_visible(quest_id: int, viewer: User | None) -> bool:
    """Whether `viewer` may see the quest's board: the same as seeing the quest."""
    status = db.session.scalar(select(Quest.status).where(Quest.id == quest_id))
    may_edit = viewer is not None and viewer.is_at_least("instructor")
    return status == "published" or (status is not None and may_edit)


def board_title(quest_id: int) -> str:
    return db.session.scalar(select(Quest.title).where(Quest.id == quest_id)) or "A quest"


def xp_of(user: User | None) -> int:
    if user is None:
        return 0
    return rewards.xp_of(user.id)


def _opens(quest: Quest, xp: int, user: User | None) -> bool:
    may_edit = user is not None and user.is_at_least("instructor")
    return may_edit or xp >= quest.level.required_xp


def _require_jail() -> None:
    """Fail closed: where the workers say that they cannot jail, nothing is taken in."""
    try:
        workers = [beat.get("sandbox", {}) for beat in health.beats().get("worker", [])]
    except RedisError:
        return  # nobody can say; the worker itself refuses if it must
    refusals = [sandbox["refuses"] for sandbox in workers if sandbox.get("refuses")]
    if refusals and len(refusals) == len(workers):
        raise Unavailable(f"Models cannot be evaluated on this machine: {refusals[0]}")
