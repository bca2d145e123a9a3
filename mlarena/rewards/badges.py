"""Badges: a row names a condition and a value; here is one function per condition.

Adding a condition is one function: it takes a learner's `Facts` and returns the figure that has to reach
the badge's `condition_value`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, select

from mlarena.core.db import db, insert
from mlarena.rewards.models import Badge, UserBadge


@dataclass(frozen=True)
class Facts:
    """What is known of a learner when badges are looked at.

    `level` is the order of the highest learning level that is open. `kinds` counts passed tasks by what
    they count as ("quest", "quest:regression", …, "first_try"). `attempts` is how many submissions the
    pass took that is being rewarded; None when nothing was passed just now.
    """

    xp: int = 0
    level: int = 0
    passed: int = 0
    perfect: int = 0
    current_streak: int = 0
    longest_streak: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    attempts: int | None = None


Condition = Callable[[Facts], float]
_conditions: dict[str, Condition] = {}


def condition(name: str) -> Callable[[Condition], Condition]:
    """Register a function as the `condition_type` called `name`."""

    def register(measure: Condition) -> Condition:
        if name in _conditions:
            raise ValueError(f"the badge condition {name!r} is there twice")
        _conditions[name] = measure
        return measure

    return register


def known_conditions() -> frozenset[str]:
    """Every `condition_type` that a badge may have; an import refuses any other."""
    return frozenset(_conditions)


@condition("xp")
def _xp(facts: Facts) -> float:
    return facts.xp


@condition("level")
def _level(facts: Facts) -> float:
    return facts.level


@condition("quests_completed")
def _quests_completed(facts: Facts) -> float:
    return facts.kinds.get("quest", 0)


@condition("regression_quests")
def _regression_quests(facts: Facts) -> float:
    return facts.kinds.get("quest:regression", 0)


@condition("classification_quests")
def _classification_quests(facts: Facts) -> float:
    return facts.kinds.get("quest:classification", 0)


@condition("clustering_quests")
def _clustering_quests(facts: Facts) -> float:
    return facts.kinds.get("quest:clustering", 0)


@condition("task_types")
def _task_types(facts: Facts) -> float:
    return sum(kind.startswith("quest:") and passed > 0 for kind, passed in facts.kinds.items())


@condition("first_try")
def _first_try(facts: Facts) -> float:
    return facts.kinds.get("first_try", 0)


@condition("attempts_before_pass")
def _attempts_before_pass(facts: Facts) -> float:
    return facts.attempts - 1 if facts.attempts else 0


@condition("tasks_completed")
def _tasks_completed(facts: Facts) -> float:
    return facts.passed


@condition("streak_days")
def _streak_days(facts: Facts) -> float:
    return facts.longest_streak


@condition("perfect_score")
def _perfect_score(facts: Facts) -> float:
    return facts.perfect


def reached(badge: Badge, facts: Facts) -> bool:
    """Whether `facts` fulfil the badge. One whose condition this version does not know never is."""
    measure = _conditions.get(badge.condition_type)
    return measure is not None and measure(facts) >= badge.condition_value


def award(user_id: int, facts: Facts, at: datetime) -> list[Badge]:
    """Give the user every badge they have now earned; returns those that are new, in their order.

    Called inside the caller's transaction; however often, a badge is given once.
    """
    missing = db.session.scalars(
        select(Badge)
        .outerjoin(UserBadge, and_(UserBadge.badge_id == Badge.id, UserBadge.user_id == user_id))
        .where(UserBadge.badge_id.is_(None))
        .order_by(Badge.id)
    )
    return [badge for badge in missing if reached(badge, facts) and _give(user_id, badge, at)]


def _give(user_id: int, badge: Badge, at: datetime) -> bool:
    given = db.session.execute(
        insert(UserBadge)
        .values(user_id=user_id, badge_id=badge.id, earned_at=at)
        .on_conflict_do_nothing()
        .returning(UserBadge.badge_id)
    )
    return given.first() is not None


def badges() -> list[Badge]:
    """Every badge there is, in its order."""
    return list(db.session.scalars(select(Badge).order_by(Badge.id)))


def earned(user_id: int) -> list[tuple[UserBadge, Badge]]:
    """The badges of one user, the latest first."""
    rows = db.session.execute(
        select(UserBadge, Badge)
        .join(Badge, Badge.id == UserBadge.badge_id)
        .where(UserBadge.user_id == user_id)
        .order_by(UserBadge.earned_at.desc(), Badge.id.desc())
    )
    return [(own, badge) for own, badge in rows]
