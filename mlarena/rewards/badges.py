"""Badges: a row names a condition and a value; here is one function per condition.

Adding a condition is one function: it takes a learner's `Facts` and returns the figure that has to reach
the badge's `condition_value`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    union_all,
)

from mlarena.core.db import db, insert
from mlarena.rewards import signals
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
# Conditions whose figure grows from day to day, so that one can be half way.
_growing: set[str] = set()


@dataclass(frozen=True)
class Locked:
    """A badge that is still to be earned. `figure` of its value are there; None where there is no half
    way."""

    badge: Badge
    figure: float | None

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        if not self.figure or self.badge.condition_value <= 0:
            return 0.0
        return max(0.0, min(1.0, self.figure / self.badge.condition_value))


def condition(name: str, growing: bool = True) -> Callable[[Condition], Condition]:
    """Register a function as the `condition_type` called `name`. One that is not `growing` looks at a
    single pass: there is no progress towards it."""

    def register(measure: Condition) -> Condition:
        if name in _conditions:
            raise ValueError(f"the badge condition {name!r} is there twice")
        _conditions[name] = measure
        if growing:
            _growing.add(name)
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


@condition("challenges_completed")
def _challenges_completed(facts: Facts) -> float:
    return facts.kinds.get("challenge", 0)


@condition("sql_challenges")
def _sql_challenges(facts: Facts) -> float:
    return facts.kinds.get("challenge:sql", 0)


@condition("coding_challenges")
def _coding_challenges(facts: Facts) -> float:
    return facts.kinds.get("challenge:coding", 0)


@condition("quizzes_passed")
def _quizzes_passed(facts: Facts) -> float:
    return facts.kinds.get("challenge:knowledge", 0)


@condition("challenge_kinds")
def _challenge_kinds(facts: Facts) -> float:
    kinds = ("challenge:sql", "challenge:coding", "challenge:knowledge")
    return sum(facts.kinds.get(kind, 0) > 0 for kind in kinds)


@condition("advanced_challenges")
def _advanced_challenges(facts: Facts) -> float:
    return facts.kinds.get("challenge:advanced", 0)


@condition("faster_than_reference")
def _faster_than_reference(facts: Facts) -> float:
    return facts.kinds.get("challenge:faster", 0)


@condition("first_try")
def _first_try(facts: Facts) -> float:
    return facts.kinds.get("first_try", 0)


@condition("attempts_before_pass", growing=False)
def _attempts_before_pass(facts: Facts) -> float:
    return facts.attempts - 1 if facts.attempts else 0


@condition("competitions_completed")
def _competitions_completed(facts: Facts) -> float:
    return facts.kinds.get("competition", 0)


@condition("podiums")
def _podiums(facts: Facts) -> float:
    return facts.kinds.get("podium", 0)


@condition("competitions_won")
def _competitions_won(facts: Facts) -> float:
    return facts.kinds.get("competition_won", 0)


@condition("forecast_seasons")
def _forecast_seasons(facts: Facts) -> float:
    return facts.kinds.get("forecaster", 0)


@condition("house_beaten")
def _house_beaten(facts: Facts) -> float:
    return facts.kinds.get("house_beaten", 0)


@condition("tasks_completed")
def _tasks_completed(facts: Facts) -> float:
    return facts.passed


@condition("streak_days")
def _streak_days(facts: Facts) -> float:
    return facts.longest_streak


@condition("perfect_score")
def _perfect_score(facts: Facts) -> float:
    return facts.perfect


def award(user_id: int, facts: Facts, at: datetime) -> list[Badge]:
    """Give the user every badge they have now earned; returns those that are new, in their order.

    Called inside the caller's transaction; however often, a badge is given once. Only those whose figure
    is reached are looked at: an arena may have ten thousand. One whose condition this version does not
    know is never reached.
    """
    reached = or_(
        *(
            and_(Badge.condition_type == name, Badge.condition_value <= measure(facts))
            for name, measure in _conditions.items()
        )
    )
    missing = db.session.scalars(
        select(Badge).where(reached, ~_has(user_id)).order_by(Badge.id)
    ).all()
    new = [badge for badge in missing if _give(user_id, badge, at)]
    for badge in new:
        signals.badge_given.send(Badge, user_id=user_id, badge=badge)
    return new


def withdraw(user_id: int, before: Facts, after: Facts) -> list[Badge]:
    """Take from the user the badges that `before` had reached and `after` has not; returns those.

    One that was given when less was asked for stays, and so does what looks at a single pass. In the caller's
    transaction; whoever reaches it again is given it again.
    """
    fallen = [
        and_(
            Badge.condition_type == name,
            Badge.condition_value <= measure(before),
            Badge.condition_value > measure(after),
        )
        for name, measure in _conditions.items()
        if name in _growing and measure(after) < measure(before)
    ]
    if not fallen:
        return []
    gone = db.session.scalars(
        select(Badge).where(or_(*fallen), _has(user_id)).order_by(Badge.id)
    ).all()
    db.session.execute(
        delete(UserBadge)
        .where(UserBadge.user_id == user_id, UserBadge.badge_id.in_([badge.id for badge in gone]))
        .execution_options(synchronize_session=False)
    )
    for badge in gone:
        signals.badge_taken.send(Badge, user_id=user_id, badge=badge)
    return list(gone)


def _has(user_id: int | BindParameter[int]) -> ColumnElement[bool]:
    return (
        select(UserBadge.badge_id)
        .where(UserBadge.badge_id == Badge.id, UserBadge.user_id == user_id)
        .exists()
    )


def _give(user_id: int, badge: Badge, at: datetime) -> bool:
    given = db.session.execute(
        insert(UserBadge)
        .values(user_id=user_id, badge_id=badge.id, earned_at=at)
        .on_conflict_do_nothing()
        .returning(UserBadge.badge_id)
    )
    return given.first() is not None


def earned(user_id: int, limit: int) -> list[tuple[UserBadge, Badge]]:
    """The latest `limit` badges of one user, the latest first."""
    rows = db.session.execute(
        select(UserBadge, Badge)
        .join(Badge, Badge.id == UserBadge.badge_id)
        .where(UserBadge.user_id == user_id)
        .order_by(UserBadge.earned_at.desc(), UserBadge.badge_id.desc())
        .limit(limit)
    )
    return [(own, badge) for own, badge in rows]


def count_earned(user_id: int) -> int:
    counted = select(func.count()).select_from(UserBadge).where(UserBadge.user_id == user_id)
    return db.session.scalar(counted) or 0


def nearest(user_id: int, facts: Facts, each: int = 2) -> list[Locked]:
    """What to earn next: of every condition the `each` badges that come next, the nearest first."""
    figures = {
        f"figure_{place}": measure(facts) for place, measure in enumerate(_conditions.values())
    }
    following = db.session.scalars(
        _following(tuple(_conditions)), {**figures, "each": each, "user_id": user_id}
    )
    return sorted(
        (locked(badge, facts) for badge in following),
        key=lambda one: (-one.share, one.badge.condition_value, one.badge.id),
    )


@lru_cache(maxsize=4)
def _following(conditions: tuple[str, ...]) -> Select[Badge]:
    """The query of `nearest`, built once: that takes longer than to answer it."""
    parts = []
    for place, name in enumerate(conditions):
        reached = bindparam(f"figure_{place}", type_=Badge.condition_value.type)
        part = (
            select(Badge.id)
            .where(Badge.condition_type == name, Badge.condition_value > reached)
            .order_by(Badge.condition_value, Badge.id)
            .limit(bindparam("each", type_=Integer))
            .subquery()
        )
        parts.append(select(part.c.id))
    return select(Badge).where(Badge.id.in_(union_all(*parts)), ~_has(bindparam("user_id")))


def locked(badge: Badge, facts: Facts) -> Locked:
    """How far `facts` are on the way to a badge."""
    measure = _conditions.get(badge.condition_type)
    if measure is None or badge.condition_type not in _growing:
        return Locked(badge, None)
    return Locked(badge, measure(facts))


def every_badge(
    user_id: int | None, offset: int, limit: int
) -> list[tuple[Badge, datetime | None]]:
    """A stretch of all the badges there are, in their order, each with when the user earned it."""
    own = and_(UserBadge.badge_id == Badge.id, UserBadge.user_id == user_id)
    rows = db.session.execute(
        select(Badge, UserBadge.earned_at)
        .outerjoin(UserBadge, own)
        .order_by(Badge.id)
        .offset(offset)
        .limit(limit)
    )
    return [(badge, at) for badge, at in rows]


def count_badges() -> int:
    return db.session.scalar(select(func.count()).select_from(Badge)) or 0
