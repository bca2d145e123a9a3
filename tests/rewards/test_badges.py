from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlarena.core.db import db
from mlarena.rewards import service
from mlarena.rewards.badges import Facts, award, condition, earned, known_conditions, reached
from mlarena.rewards.models import Badge

AT = datetime(2026, 3, 1, tzinfo=UTC)
STARTER = Path(__file__).parents[2] / "content" / "starter" / "badges.yaml"


@pytest.fixture
def starter(app: Any) -> list[Badge]:
    """The badges that are shipped."""
    rows = [Badge(**row) for row in yaml.safe_load(STARTER.read_text(encoding="utf-8"))["badges"]]
    db.session.add_all(rows)
    db.session.commit()
    return rows


def slugs(badges: list[Badge]) -> set[str]:
    return {badge.slug for badge in badges}


def test_every_shipped_badge_can_be_earned(starter: list[Badge]) -> None:
    assert {badge.condition_type for badge in starter} <= known_conditions()
    kinds = ("quest", "quest:regression", "quest:classification", "quest:clustering", "first_try")
    all_of_it = Facts(
        xp=10**6,
        level=99,
        passed=99,
        perfect=9,
        longest_streak=400,
        kinds=dict.fromkeys(kinds, 99),
        attempts=9,
    )
    for badge in starter:
        assert reached(badge, all_of_it)
        assert not reached(badge, Facts())


def test_the_six_of_the_product(starter: list[Badge], user: Any) -> None:
    got: set[str] = set()
    for number in range(1, 6):
        earned_now = service.reward_pass(
            user,
            f"task:{number}",
            300,
            "Passed",
            ("quest", "quest:regression"),
            perfect=number == 5,
            at=AT,
            attempts=number,
        )
        got |= slugs(earned_now.new_badges)
        if number == 1:
            assert got == {"first-steps", "first-shot"}
    for day in range(7):
        got |= slugs(service.record_activity(user, AT + timedelta(days=day)))
    assert got >= {
        "first-steps",
        "quest-master",
        "xp-hunter",
        "ml-expert",
        "streak-champion",
        "perfectionist",
    }
    assert got >= {"line-drawer", "comeback"}
    assert slugs([badge for _, badge in earned(user.id)]) == got


def test_all_rounder_needs_one_of_each(starter: list[Badge], user: Any) -> None:
    got = []
    for number, kind in enumerate(("regression", "classification", "clustering")):
        rewarded = service.reward_pass(
            user, f"task:{number}", 1, "Passed", ("quest", f"quest:{kind}"), False, AT
        )
        got.append("all-rounder" in slugs(rewarded.new_badges))
    assert got == [False, False, True]


def test_a_perfect_score_later_still_earns_its_badge(starter: list[Badge], user: Any) -> None:
    def again(perfect: bool) -> set[str]:
        rewarded = service.reward_pass(user, "task:1", 1, "Passed", ("quest",), perfect, AT)
        return slugs(rewarded.new_badges)

    assert "perfectionist" not in again(False)
    assert again(True) == {"perfectionist"}
    assert again(True) == set()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=8))
def test_a_badge_is_given_once_however_often_it_is_reached(
    starter: list[Badge], make_learner: Any, xps: list[int]
) -> None:
    learner = make_learner()
    given_out = [badge.slug for xp in xps for badge in award(learner.id, Facts(xp=xp), AT)]
    db.session.commit()
    assert len(given_out) == len(set(given_out))
    highest = Facts(xp=max(xps))
    assert set(given_out) == {badge.slug for badge in starter if reached(badge, highest)}


def test_a_condition_that_is_not_known_is_never_reached(app: Any, user: Any) -> None:
    db.session.add(Badge(slug="x", name="X", condition_type="from_the_future", condition_value=0))
    db.session.commit()
    assert award(user.id, Facts(xp=10**9), AT) == []


def test_a_condition_cannot_be_there_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        condition("xp")(lambda facts: 0.0)
