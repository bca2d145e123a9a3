"""Levels of two kinds: a user's own level, from XP, and learning levels, which open quests."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

from sqlalchemy import func, select

from mlarena.core.db import db
from mlarena.rewards.models import Level

# The first level takes 100 XP, what the first quest pays, and each takes 100 more than the one before:
# a newcomer rises at once, and a level stays worth something. So level n starts at
# 100 · (1 + 2 + … + (n − 1)) = 50 · n · (n − 1) XP.
STEP = 100


@dataclass(frozen=True)
class UserLevel:
    """Level 1 upwards; `into` of the `needed` XP between this level and the next are there."""

    level: int
    into: int
    needed: int

    def shown(self) -> dict[str, int]:
        return {"level": self.level, "xp_into": self.into, "xp_needed": self.needed}


def level_starts_at(level: int) -> int:
    """The XP at which `level` (1, 2, …) is reached."""
    return STEP // 2 * level * (level - 1)


def user_level(xp: int) -> UserLevel:
    """The level of somebody with `xp` XP (less than none counts as none)."""
    xp = max(xp, 0)
    # The largest n with 50 · n · (n − 1) ≤ xp, solved for n in whole numbers, so that it is exact.
    half = STEP // 2
    level = (half + isqrt(half * half + 2 * STEP * xp)) // STEP
    return UserLevel(level, xp - level_starts_at(level), STEP * level)


def level_open(level: Level, xp: int) -> bool:
    return xp >= level.required_xp


def levels() -> list[Level]:
    """The learning levels in their order."""
    return list(db.session.scalars(select(Level).order_by(Level.order, Level.id)))


def opened_between(before: int, after: int) -> list[Level]:
    """The learning levels that open when XP rises from `before` to `after`."""
    return list(
        db.session.scalars(
            select(Level)
            .where(Level.required_xp > before, Level.required_xp <= after)
            .order_by(Level.order, Level.id)
        )
    )


def highest_open(xp: int) -> int:
    """The order of the highest learning level that is open at `xp` XP; 0 if none is."""
    return db.session.scalar(select(func.max(Level.order)).where(Level.required_xp <= xp)) or 0


def level_path(xp: int) -> list[dict[str, Any]]:
    """Every learning level, each with whether it is open at `xp` XP."""
    return [level.shown() | {"open": level_open(level, xp)} for level in levels()]
