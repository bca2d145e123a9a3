"""What accounts tell the quests: a learner has left, and their try goes too."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from mlarena.accounts.models import User
from mlarena.accounts.signals import user_deleted
from mlarena.quests import tries


def connect() -> None:
    user_deleted.connect(_forget_try, User)


def _forget_try(_sender: Any, user_id: int) -> None:
    with suppress(RedisError):  # it ends by itself in minutes
        tries.forget(user_id)
