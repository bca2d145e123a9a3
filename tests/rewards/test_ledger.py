"""The XP ledger: paid once per reason, and the running totals always its sum."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.rewards import service
from mlarena.rewards.models import Badge, KindTotals, LearnerTotals, Level, XpEntry

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def reward(user: Any, task: int = 1, amount: int = 100, **more: Any) -> service.Reward:
    given = {"kinds": ("quest", "quest:regression"), "perfect": False, "at": AT} | more
    earned = service.reward_pass(user, f"task:{task}", amount, f"Passed {task}", **given)
    db.session.commit()
    return earned


def ledger_sum(user_id: int) -> int:
    query = select(func.coalesce(func.sum(XpEntry.amount), 0)).where(XpEntry.user_id == user_id)
    return db.session.scalar(query) or 0


def test_a_pass_pays_once(app: Any, user: Any) -> None:
    assert reward(user).xp == 100
    assert reward(user).xp == 0
    assert service.totals_of(user.id).xp == ledger_sum(user.id) == 100
    assert [line["amount"] for line in service.ledger(user.id)] == [100]


def test_a_rolled_back_pass_pays_nothing(app: Any, user: Any) -> None:
    service.reward_pass(user, "task:1", 100, "Passed", ("quest",), True, AT)
    db.session.rollback()
    assert service.totals_of(user.id).xp == ledger_sum(user.id) == 0
    assert reward(user).xp == 100


def test_a_pass_tells_levels_and_badges(app: Any, user: Any) -> None:
    db.session.add_all(
        [
            Level(slug="one", order=1, name="One", required_xp=0),
            Level(slug="two", order=2, name="Two", required_xp=100),
            Level(slug="three", order=3, name="Three", required_xp=101),
            Badge(slug="first", name="First", condition_type="quests_completed", condition_value=1),
        ]
    )
    db.session.commit()
    earned = reward(user)
    assert [level.slug for level in earned.opened_levels] == ["two"]
    assert [badge.slug for badge in earned.new_badges] == ["first"]
    told = service.earned(user, earned, [])
    assert (told["level_before"], told["level"], told["xp_total"]) == (1, 2, 100)
    again = reward(user)
    assert (again.opened_levels, again.new_badges) == ([], [])
    told = service.earned(user, again, [])
    assert (told["level_before"], told["level"], told["xp"]) == (2, 2, 0)


def test_perfect_counts_once_per_task_also_when_it_comes_later(app: Any, user: Any) -> None:
    reward(user, perfect=False)
    assert service.totals_of(user.id).perfect == 0
    assert reward(user, perfect=True).xp == 0
    reward(user, perfect=True)
    assert service.totals_of(user.id).perfect == 1
    assert ledger_sum(user.id) == 100


def test_a_negative_reward_is_refused(app: Any, user: Any) -> None:
    with pytest.raises(ValueError, match="earns XP"):
        reward(user, amount=-1)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 500), st.booleans(), st.booleans())))
def test_totals_are_the_sum_of_the_ledger(
    app: Any, make_learner: Callable[..., Any], passes: list[tuple[int, int, bool, bool]]
) -> None:
    """Whatever is passed, repeated or rolled back."""
    learner = make_learner()
    paid: dict[int, int] = {}
    for task, amount, perfect, kept in passes:
        service.reward_pass(
            learner, f"task:{task}", amount, "Passed", ("quest", "quest:x"), perfect, AT
        )
        if kept:
            db.session.commit()
            paid.setdefault(task, amount)
        else:
            db.session.rollback()
    totals = service.totals_of(learner.id)
    assert totals.xp == ledger_sum(learner.id) == sum(paid.values())
    assert totals.passed == len(paid)
    kinds = select(KindTotals.kind, KindTotals.passed).where(KindTotals.user_id == learner.id)
    expected = {"quest": len(paid), "quest:x": len(paid)} if paid else {}
    assert {row.kind: row.passed for row in db.session.execute(kinds)} == expected


def test_two_workers_paying_the_same_pass_pay_once(app: Any, user: Any) -> None:
    """And the first submissions of a learner, settled at once, meet in one row of totals."""
    user_id, together, paid = user.id, threading.Barrier(4), []
    db.session.commit()

    def pay(task: int) -> None:
        with app.app_context():
            learner = db.session.get_one(User, user_id)
            db.session.rollback()
            together.wait()
            paid.append(reward(learner, task).xp)
            db.session.remove()

    workers = [threading.Thread(target=pay, args=(n % 2,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(paid) == [0, 0, 100, 100]
    assert db.session.get_one(LearnerTotals, user_id, populate_existing=True).xp == 200
    assert ledger_sum(user_id) == 200
