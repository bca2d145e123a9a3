"""The verbs of the wing: see the quests, open one, hand a model in."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import bindparam, func, select

from mlarena.accounts.models import User
from mlarena.boards.service import Aim
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Forbidden, NotFound
from mlarena.quests import artifact
from mlarena.quests.catalogue import published
from mlarena.quests.models import Quest
from mlarena.rewards import service as rewards
from mlarena.submissions import footsteps, intake, times
from mlarena.submissions.models import Progress, Submission
from mlarena.submissions.workers import require_jail

# A learner's 20 submissions a minute pass; a script in a loop does not.
SUBMIT_LIMIT = "30 per minute"
# A training may keep a processor busy for a minute; of tries a learner has one at a time.
TRAIN_LIMIT = "10 per minute"
TRY_LIMIT = "20 per minute"
# More of one learner's would stand before everybody else's.
MOST_WAITING = 3
NO_JAIL = "Models cannot be evaluated"


class QuestView(NamedTuple):  # of a thousand, made in half the time of a dataclass
    """A quest as one person sees it: their progress with it, and whether their XP opens it."""

    quest: Quest
    locked: bool
    state: str = "new"  # or "started", "submitted", "completed"
    attempts: int = 0
    best_score: float | None = None

    @property
    def standing(self) -> str:
        """As a map has it: "locked", "open", "started", "tried", "passed" or "perfect"."""
        if self.state == "completed":
            best = self.best_score
            perfect = best is not None and self.quest.rule().is_perfect(best)
            return "perfect" if perfect else "passed"
        if self.locked:
            return "locked"
        return {"new": "open", "started": "started"}.get(self.state, "tried")

    @property
    def is_left(self) -> bool:
        """Whether there is something to be done here now."""
        return not (self.locked or self.state == "completed" or self.quest.is_over)

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
            **times.shown(quest),
            "status": self.state,
            "attempts": self.attempts,
            "best_score": self.best_score,
            "locked": self.locked,
        }


# Plain rows of the table itself: an entity's columns take the mapper's way.
_begun: Any = Progress.__table__
_ALL_PROGRESS = select(
    _begun.c.task_id, _begun.c.status, _begun.c.attempts, _begun.c.best_score
).where(_begun.c.user_id == bindparam("user_id"))
_PROGRESS = _ALL_PROGRESS.where(_begun.c.task_id.in_(bindparam("task_ids", expanding=True)))
# Of more quests than this all that the learner has begun is read: a list of a thousand ids is slower.
FEW = 50


def views(quests: Iterable[Quest], user: User | None, xp: int | None = None) -> list[QuestView]:
    """Each quest as `user` (None: anyone) sees it, in two queries however many there are; in one where the
    caller knows their `xp`."""
    quests = list(quests)
    reach = _reach(user, xp)
    progress: dict[int, Any] = {}
    if user is not None and len(quests) > FEW:
        rows = db.session.execute(_ALL_PROGRESS, {"user_id": user.id})
        progress = {task_id: stands for task_id, *stands in rows}
    elif user is not None and quests:
        asked = {"user_id": user.id, "task_ids": [quest.id for quest in quests]}
        rows = db.session.execute(_PROGRESS, asked)
        progress = {task_id: stands for task_id, *stands in rows}
    return [
        QuestView(quest, quest.level.required_xp > reach, *progress.get(quest.id, ()))
        for quest in quests
    ]


def next_of(views: Iterable[QuestView]) -> QuestView | None:
    """The open quest to do next, of `views` in the order of the path; None when all are passed.

    One that was begun comes first: finishing it is closer than starting another.
    """
    open_ones = [view for view in views if view.is_left]
    begun = [view for view in open_ones if view.state != "new"]
    wanted = begun or open_ones
    return wanted[0] if wanted else None


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
    if need > 0 and need > _reach(user):
        raise Forbidden(
            f"“{quest.level.name}” opens at {need} XP; you have {xp_of(user)}. "
            "Pass a quest of an earlier level first."
        )
    return quest


def start(user: User, view: QuestView) -> None:
    """A learner who takes the data home has begun. Commits."""
    if view.state == "new" and user.role == "learner" and view.quest.status == "published":
        footsteps.start(user.id, view.quest.id)


def submit_model(user: User, quest: Quest, filename: str, file: BinaryIO) -> Submission:
    """Hand a model in for evaluation. `quest` comes from `open_quest`.

    Raises Forbidden (no attempts left), WrongType or Invalid (no model), TooLarge, Conflict (the same
    file is being evaluated), Unavailable (no jail on this machine).
    """
    model_format = artifact.check(filename, file)
    require_jail(NO_JAIL)
    _require_attempts_left(user, quest)
    payload = {"format": model_format, "filename": filename[-120:]}
    return intake.accept(user, quest, payload, file, largest=upload_bytes(quest))


def train_model(user: User, quest_id: int, code: str) -> Submission:
    """Hand in Python that defines `train(X, y) -> model`: fitted in the jail, then judged like an upload.

    Raises NotFound, Forbidden (locked, no attempts left), Conflict (the same code is being evaluated, or
    enough of the learner's is), Unavailable (no jail on this machine).
    """
    quest = open_quest(quest_id, user)
    require_jail(NO_JAIL)
    _require_attempts_left(user, quest)
    waiting = db.session.scalar(_UNFINISHED, {"user_id": user.id}) or 0
    if waiting >= MOST_WAITING:
        raise Conflict(
            f"{waiting} submissions of yours are still on their way. Wait for one, or cancel one."
        )
    digest = hashlib.sha256(code.encode()).hexdigest()
    return intake.accept(user, quest, {"code": code}, digest=digest)


_UNFINISHED = (
    select(func.count())
    .select_from(Submission)
    .where(Submission.user_id == bindparam("user_id"), Submission.status.in_(("queued", "running")))
)


def upload_bytes(quest: Quest) -> int:
    """The largest file this quest takes: its own limit, or the installation's."""
    own = quest.limits.get("upload_mb")
    most = settings().max_upload_bytes
    return min(most, own << 20) if own else most


@dataclass(frozen=True)
class QuestLimits:
    """What a quest allows, in figures for people."""

    upload_mb: float
    wall_seconds: float
    memory_mb: int
    train_seconds: float
    train_memory_mb: int


def limits_of(quest: Quest) -> QuestLimits:
    """The quest's own limits where it has them, the installation's otherwise."""
    own, usual = quest.limits, settings()
    return QuestLimits(
        upload_mb=upload_bytes(quest) / (1 << 20),
        wall_seconds=own.get("wall_seconds", usual.sandbox_wall_seconds),
        memory_mb=own.get("memory_mb", usual.sandbox_memory_mb),
        train_seconds=usual.sandbox_train_seconds,
        train_memory_mb=usual.sandbox_train_memory_mb,
    )


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
    if quest_id in published():
        return True
    status = db.session.scalar(select(Quest.status).where(Quest.id == quest_id))
    may_edit = viewer is not None and viewer.is_at_least("instructor")
    return status is not None and may_edit


def board_title(quest_id: int) -> str:
    quest = published().get(quest_id)
    if quest is not None:
        return quest.title
    return db.session.scalar(select(Quest.title).where(Quest.id == quest_id)) or "A quest"


def board_aim(quest_id: int) -> Aim | None:
    """What the quest's board measures, and where it is passed."""
    quest = published().get(quest_id) or db.session.get(Quest, quest_id)
    if quest is None:
        return None
    rule = quest.rule()
    return Aim(rule.label, rule.direction, quest.threshold)


def xp_of(user: User | None) -> int:
    if user is None:
        return 0
    return rewards.xp_of(user.id)


def _reach(user: User | None, xp: int | None = None) -> float:
    """Levels that ask for no more XP than this are open to `user`: all of them to who may edit."""
    if user is not None and user.is_at_least("instructor"):
        return math.inf
    return xp_of(user) if xp is None else xp
