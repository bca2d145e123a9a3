"""What rewards tell: badges and levels, in the transaction in which they are earned."""

from __future__ import annotations

from typing import Any

from mlarena.notifications.service import About, notify
from mlarena.rewards import signals
from mlarena.rewards.levels import opened_between, user_level
from mlarena.rewards.models import Badge, LearnerTotals


def connect() -> None:
    signals.badge_given.connect(_badge, Badge)
    signals.xp_rose.connect(_levels, LearnerTotals)


def _badge(_sender: Any, user_id: int, badge: Badge, **_more: Any) -> None:
    notify(
        user_id,
        "badge",
        About(
            f"badge:{badge.id}",
            f"New badge: {badge.name}",
            badge.description,
            f"/users/{user_id}#badges",
        ),
    )


def _levels(_sender: Any, user_id: int, before: int, after: int, **_more: Any) -> None:
    """One word, however many levels were reached at once, and with what it opens."""
    level = user_level(after).level
    opened = opened_between(before, after)
    if level <= user_level(before).level and not opened:
        return
    names = ", ".join(f"“{one.name}”" for one in opened[:3])
    text = f"Open now: {names}. There are new quests for you." if opened else ""
    about = f"level:{level}" if level > user_level(before).level else f"opened:{opened[-1].id}"
    title = f"You are level {level}" if level > user_level(before).level else f"{names} is open"
    notify(
        user_id, "level", About(about, title, text, "/quests" if opened else f"/users/{user_id}")
    )
