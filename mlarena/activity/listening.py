"""What rewards tell: a badge, in the transaction in which it is given."""

from __future__ import annotations

from typing import Any

from mlarena.activity.service import note
from mlarena.rewards import signals
from mlarena.rewards.models import Badge


def connect() -> None:
    signals.badge_given.connect(_badge, Badge)


def _badge(_sender: Any, user_id: int, badge: Badge, **_more: Any) -> None:
    link = f"/users/{user_id}#badges"
    note("badge", f"{user_id}:badge:{badge.id}", f"the badge {badge.name}", link, user_id)
