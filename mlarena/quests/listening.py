"""What rooms below tell the quests: a learner has left, and their try goes too; the clock has opened one."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from mlarena.accounts.models import User
from mlarena.accounts.signals import user_deleted
from mlarena.quests import tries
from mlarena.quests.baselines import enter_missing
from mlarena.quests.models import Quest
from mlarena.submissions.signals import opened


def connect() -> None:
    user_deleted.connect(_forget_try, User)
    opened.connect(_enter_baselines, Quest)


def _enter_baselines(_sender: Any, task: Quest) -> None:
    enter_missing()


def _forget_try(_sender: Any, user_id: int) -> None:
    with suppress(RedisError):  # it ends by itself in minutes
        tries.forget(user_id)
