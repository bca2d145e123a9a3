"""The verbs of the rewards: called inside the caller's transaction, which they never commit.

Each begins by locking the learner's totals, so what one learner earns is written in one order; two
learners never wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, func, select

from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339
from mlarena.core.db import UtcDateTime, db, insert, made_once
from mlarena.rewards import signals
from mlarena.rewards.badges import Facts, award
from mlarena.rewards.levels import highest_open, opened_between, user_level
from mlarena.rewards.models import ActivityDay, Badge, KindTotals, LearnerTotals, Level, XpEntry
from mlarena.rewards.streaks import Active, Streak, fold, local_day, streak_today


@dataclass(frozen=True)
class Reward:
    """What a pass earned. `xp` is 0 when it had been paid before."""

    xp: int = 0
    new_badges: list[Badge] = field(default_factory=list)
    opened_levels: list[Level] = field(default_factory=list)


# A pass that earns hundreds at once, of an arena with thousands, tells of these.
MOST_TOLD = 12


def earned(user: User, reward: Reward, badges: list[Badge]) -> dict[str, Any]:
    """What one verdict paid, as pages and scripts are told: `reward`, and all the badges it brought."""
    totals = totals_of(user.id)
    return {
        "xp": reward.xp,
        "xp_total": totals.xp,
        "level_before": user_level(totals.xp - reward.xp).level,
        **user_level(totals.xp).shown(),
        "new_badges": [badge.shown() for badge in badges[:MOST_TOLD]],
        "badges": len(badges),
        "opened_levels": [level.shown() for level in reward.opened_levels],
        "streak": totals.current_streak if user.streak_shown else None,
    }


def lock_totals(user_id: int) -> LearnerTotals:
    """The learner's running totals, theirs alone until the transaction ends; made if missing.

    The insert comes first because a SQLite transaction that starts with a read may not be able to
    write later; on PostgreSQL it is what makes two first submissions meet in one row.
    """
    transaction = db.session().get_transaction()
    kept: dict[int, tuple[Any, LearnerTotals]] = db.session.info.setdefault("locked totals", {})
    held = kept.get(user_id)
    # Each verb of one transaction asks; the first has got them, and nobody else writes them meanwhile.
    if held is not None and held[0] is transaction is not None:
        return held[1]
    db.session.execute(_made(), {"user_id": user_id})
    totals = db.session.scalars(
        select(LearnerTotals)
        .where(LearnerTotals.user_id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    kept.clear()
    kept[user_id] = db.session().get_transaction(), totals
    return totals


@made_once
def _made() -> Any:
    table = LearnerTotals.__table__
    return insert(table).values(user_id=bindparam("user_id")).on_conflict_do_nothing()


def record_activity(user: User, at: datetime) -> list[Badge]:
    """Count one accepted submission at `at` for the user's streak; returns badges earned by it.

    Submissions may arrive in any order, and from any time zone the user has lived in.
    """
    totals = lock_totals(user.id)
    now = Active.of(at, user.timezone)
    before = _streak_of(totals)
    if before.last is not None and at < before.last.at:
        streak = _count_late(user.id, now)
    elif before.last is None or before.counts(now):
        streak = before.after(now)
        _mark_frozen(user.id, before.frozen_before(now))
        _count_day(user.id, now.day, now)
    else:
        _count_day(user.id, before.last.day, now)
        return []
    totals.current_streak, totals.freezes = streak.current, streak.freezes
    totals.longest_streak = max(totals.longest_streak, streak.longest)
    totals.last_active_day = streak.last.day if streak.last else None
    db.session.flush()
    return award(user.id, _facts(totals), at)


def reward_pass(
    user: User,
    key: str,
    amount: int,
    reason: str,
    kinds: tuple[str, ...],
    perfect: bool,
    at: datetime,
    attempts: int | None = None,
    feats: tuple[str, ...] = (),
) -> Reward:
    """Pay for a passed task, once per `key` ("task:7") however often it is called.

    Call it for every pass, not only the first: a later perfect score still counts as perfect, and so does
    any of `feats`, each once per task. `kinds` is what the pass counts as for badges, `attempts` how many
    submissions it took. How many a quiz or a query took says little: only those of quests are badges.
    """
    if amount < 0:
        raise ValueError(f"a pass earns XP, it does not cost any: {amount}")
    totals = lock_totals(user.id)
    xp_before, is_quest = totals.xp, "quest" in kinds
    first = enter(user.id, key, amount, reason, at)
    # What was taken back (corrections.py) is paid again like a first pass, under a key of its own.
    round_ = "" if first else _round(user.id, key)
    if round_:
        first = enter(user.id, key + round_, amount, reason, at)
    if first:
        totals.xp += amount
        totals.passed += 1
        _count_kinds(user.id, (*kinds, "first_try") if attempts == 1 and is_quest else kinds)
    # A line of its own in the ledger, worth nothing, is what makes "perfect" count once per task.
    newly_perfect = perfect and enter(
        user.id, f"{key}:perfect{round_}", 0, f"{reason}, perfectly", at
    )
    if newly_perfect:
        totals.perfect += 1
    done = tuple(feat for feat in feats if enter(user.id, f"{key}:{feat}{round_}", 0, reason, at))
    _count_kinds(user.id, done)
    db.session.flush()
    badges = []
    if first or newly_perfect or done:
        badges = award(user.id, _facts(totals, attempts if first and is_quest else None), at)
    if totals.xp > xp_before:
        signals.xp_rose.send(LearnerTotals, user_id=user.id, before=xp_before, after=totals.xp)
    return Reward(
        xp=amount if first else 0,
        new_badges=badges,
        opened_levels=opened_between(xp_before, totals.xp) if totals.xp > xp_before else [],
    )


def _round(user_id: int, key: str) -> str:
    """What the keys of a pass end with that was revoked before: "" for most, ":again:1" after once."""
    revoked = select(func.count()).where(
        XpEntry.user_id == user_id, XpEntry.key.startswith(f"{key}:revoked:", autoescape=True)
    )
    times = db.session.scalar(revoked)
    return f":again:{times}" if times else ""


def enter(user_id: int, key: str, amount: int, reason: str, at: datetime) -> bool:
    """Write one line of the ledger; False if that key has been paid. Who has locked the totals adds it."""
    line = {"user_id": user_id, "key": key, "amount": amount, "reason": reason[:200]}
    return db.session.execute(_entered(), line | {"created_at": at}).first() is not None


@made_once
def _entered() -> Any:
    names = ("user_id", "key", "amount", "reason", "created_at")
    return (
        insert(XpEntry.__table__)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_nothing(index_elements=["user_id", "key"])
        .returning(XpEntry.id)
    )


def _count_kinds(user_id: int, kinds: tuple[str, ...]) -> None:
    for kind in sorted(set(kinds)):
        counted = insert(KindTotals).values(user_id=user_id, kind=kind, passed=1)
        db.session.execute(
            counted.on_conflict_do_update(
                index_elements=["user_id", "kind"], set_={"passed": KindTotals.passed + 1}
            )
        )


def _facts(totals: LearnerTotals, attempts: int | None = None) -> Facts:
    kinds = db.session.execute(
        select(KindTotals.kind, KindTotals.passed).where(KindTotals.user_id == totals.user_id)
    )
    return Facts(
        xp=totals.xp,
        level=highest_open(totals.xp),
        passed=totals.passed,
        perfect=totals.perfect,
        current_streak=totals.current_streak,
        longest_streak=totals.longest_streak,
        kinds={row.kind: row.passed for row in kinds},
        attempts=attempts,
    )


def _streak_of(totals: LearnerTotals) -> Streak:
    """The streak as the totals have it, with the activity that was counted last."""
    streak = Streak(totals.current_streak, totals.longest_streak, totals.freezes)
    if totals.last_active_day is None:
        return streak
    last, seen = _active_days(totals.user_id, since=totals.last_active_day)[0]
    return replace(streak, last=last, seen=seen)


def _active_days(user_id: int, since: date = date.min) -> list[tuple[Active, Active]]:
    """The first and the last activity of every active day from `since`."""
    rows = db.session.execute(
        select(
            ActivityDay.day,
            ActivityDay.first_at,
            ActivityDay.first_zone,
            ActivityDay.last_at,
            ActivityDay.last_zone,
        )
        .where(ActivityDay.user_id == user_id, ActivityDay.day >= since)
        .where(ActivityDay.frozen.is_(False))
        .order_by(ActivityDay.day)
    )
    return [
        (Active(row.first_at, row.first_zone, row.day), Active.of(row.last_at, row.last_zone))
        for row in rows
    ]


def _count_day(user_id: int, day: date, now: Active) -> None:
    """One more submission on `day`; a day that had been saved by a freeze becomes active."""
    seen = {"user_id": user_id, "day": day, "at": now.at, "zone": now.zone}
    db.session.execute(_day_counted(), seen)


@made_once
def _day_counted() -> Any:
    at: Any = bindparam("at", type_=UtcDateTime)
    zone: Any = bindparam("zone")
    fresh = insert(ActivityDay.__table__).values(
        user_id=bindparam("user_id"),
        day=bindparam("day"),
        submissions=1,
        frozen=False,
        first_at=at,
        first_zone=zone,
        last_at=at,
        last_zone=zone,
    )
    new = fresh.excluded
    # False too where the day was frozen and knows no time.
    earlier = new.last_at < ActivityDay.last_at
    return fresh.on_conflict_do_update(
        index_elements=["user_id", "day"],
        set_={
            "submissions": ActivityDay.submissions + 1,
            "frozen": False,
            "first_at": func.coalesce(ActivityDay.first_at, new.first_at),
            "first_zone": func.coalesce(ActivityDay.first_zone, new.first_zone),
            "last_at": case((earlier, ActivityDay.last_at), else_=new.last_at),
            "last_zone": case((earlier, ActivityDay.last_zone), else_=new.last_zone),
        },
    )


def _mark_frozen(user_id: int, days: list[date]) -> None:
    for day in days:
        db.session.execute(
            insert(ActivityDay)
            .values(user_id=user_id, day=day, submissions=0, frozen=True)
            .on_conflict_do_nothing()
        )


def _count_late(user_id: int, now: Active) -> Streak:
    """An activity from before the last counted one: the streak is worked out again from its days.

    Happens when two submissions around midnight are judged in the other order, and when the server's
    clock has been set back.
    """
    _count_day(user_id, now.day, now)
    db.session.execute(
        delete(ActivityDay).where(ActivityDay.user_id == user_id, ActivityDay.frozen.is_(True))
    )
    streak, frozen = fold(activity for day in _active_days(user_id) for activity in day)
    _mark_frozen(user_id, frozen)
    return streak


# By the table: an entity's columns take the mapper's way, which is longer than the reading.
_totals: Any = LearnerTotals.__table__
_XP = select(_totals.c.xp).where(_totals.c.user_id == bindparam("user_id"))


def xp_of(user_id: int) -> int:
    """The learner's XP; 0 for one who has earned nothing yet."""
    return db.session.scalar(_XP, {"user_id": user_id}) or 0


def totals_of(user_id: int) -> LearnerTotals:
    """The totals for reading; all zero for somebody who has not begun."""
    found = db.session.get(LearnerTotals, user_id)
    return found or LearnerTotals(
        user_id=user_id, xp=0, passed=0, perfect=0, current_streak=0, longest_streak=0, freezes=0
    )


def facts_of(totals: LearnerTotals) -> Facts:
    """What the badges look at, for reading."""
    return _facts(totals)


def streak_of(user: User, at: datetime) -> int:
    """The user's streak as it stands on their own date at `at`."""
    return streak_today(totals_of(user.id), local_day(at, user.timezone))


def calendar(user: User, at: datetime, days: int) -> list[dict[str, Any]]:
    """The last `days` days up to the user's today, oldest first: {day, submissions, frozen}."""
    today = local_day(at, user.timezone)
    first = today - timedelta(days=days - 1)
    rows = db.session.scalars(
        select(ActivityDay).where(
            ActivityDay.user_id == user.id, ActivityDay.day >= first, ActivityDay.day <= today
        )
    )
    by_day = {row.day: row for row in rows}
    shown = []
    for n in range(days):
        day = first + timedelta(days=n)
        row = by_day.get(day)
        shown.append(
            {
                "day": day,
                "submissions": row.submissions if row else 0,
                "frozen": bool(row and row.frozen),
            }
        )
    return shown


def ledger(user_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """The user's latest XP, newest first; below zero what was taken back."""
    rows = db.session.scalars(
        select(XpEntry)
        .where(XpEntry.user_id == user_id, XpEntry.amount != 0)
        .order_by(XpEntry.created_at.desc(), XpEntry.id.desc())
        .limit(limit)
    )
    return [
        {"amount": row.amount, "reason": row.reason, "created_at": rfc3339(row.created_at)}
        for row in rows
    ]


def gains(user_id: int, limit: int) -> list[tuple[datetime, int]]:
    """When the user's XP changed and by how much, the latest `limit` times, oldest first."""
    rows = db.session.execute(
        select(XpEntry.created_at, XpEntry.amount)
        .where(XpEntry.user_id == user_id, XpEntry.amount != 0)
        .order_by(XpEntry.created_at.desc(), XpEntry.id.desc())
        .limit(limit)
    )
    return [(at, amount) for at, amount in rows][::-1]
