"""What rewards tell: a badge, in the transaction in which it is given or taken."""

from __future__ import annotations

from typing import Any

from mlarena.activity.service import note, take_back
from mlarena.rewards import signals
from mlarena.rewards.models import Badge


def connect() -> None:
    signals.badge_given.connect(_badge, Badge)
    signals.badge_taken.connect(_no_badge, Badge)


def _badge(_sender: Any, user_id: int, badge: Badge, **_more: Any) -> None:
    link = f"/users/{user_id}#badges"
    note("badge", _about(user_id, badge), f"the badge {badge.name}", link, user_id)


def _no_badge(_sender: Any, user_id: int, badge: Badge, **_more: Any) -> None:
    take_back(_about(user_id, badge))


def _about(user_id: int, badge: Badge) -> str:
    return f"{user_id}:badge:{badge.id}"
