from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.core.db import db
from mlarena.rewards import badges, service
from mlarena.rewards.badges import Facts, award, condition, earned, known_conditions
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


def test_every_shipped_badge_can_be_earned(starter: list[Badge], make_learner: Any) -> None:
    assert {badge.condition_type for badge in starter} <= known_conditions()
    kinds = (
        *("quest", "quest:regression", "quest:classification", "quest:clustering", "first_try"),
        *("challenge", "challenge:sql", "challenge:coding", "challenge:knowledge"),
        *("challenge:advanced", "challenge:faster", "forecaster", "house_beaten"),
        *("competition", "podium", "competition_won"),
    )
    all_of_it = Facts(
        xp=10**6,
        level=99,
        passed=99,
        perfect=9,
        longest_streak=400,
        kinds=dict.fromkeys(kinds, 99),
        attempts=9,
    )
    assert award(make_learner().id, Facts(), AT) == []
    assert award(make_learner().id, all_of_it, AT) == starter


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
    assert slugs([badge for _, badge in earned(user.id, 100)]) == got


def test_how_many_attempts_a_challenge_took_is_no_badge_of_quests(
    starter: list[Badge], user: Any
) -> None:
    for number, attempts in enumerate((1, 9)):
        rewarded = service.reward_pass(
            user,
            f"task:{number}",
            1,
            "Solved",
            ("challenge", "challenge:sql"),
            False,
            AT,
            attempts,
        )
        assert slugs(rewarded.new_badges) <= {"first-query"}


def test_a_feat_counts_once_per_task_and_also_later(starter: list[Badge], user: Any) -> None:
    def again(*feats: str) -> set[str]:
        rewarded = service.reward_pass(
            user, "task:1", 1, "Solved", ("challenge",), False, AT, feats=feats
        )
        return slugs(rewarded.new_badges)

    assert again() == set()
    assert again("challenge:faster") == {"faster-than-the-house"}
    assert again("challenge:faster") == set()


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


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=8))
def test_a_badge_is_given_once_however_often_it_is_reached(
    starter: list[Badge], make_learner: Any, xps: list[int]
) -> None:
    learner = make_learner()
    given_out = [badge.slug for xp in xps for badge in award(learner.id, Facts(xp=xp), AT)]
    db.session.commit()
    assert len(given_out) == len(set(given_out))
    by_xp = {badge.slug: badge.condition_value for badge in starter if badge.condition_type == "xp"}
    assert set(given_out) == {slug for slug, value in by_xp.items() if value <= max(xps)}


def test_a_condition_that_is_not_known_is_never_reached(app: Any, user: Any) -> None:
    db.session.add(Badge(slug="x", name="X", condition_type="from_the_future", condition_value=0))
    db.session.commit()
    assert award(user.id, Facts(xp=10**9), AT) == []


def test_a_condition_cannot_be_there_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        condition("xp")(lambda facts: 0.0)


@pytest.fixture
def ten_thousand(app: Any) -> None:
    """Badges for 1, 2, … 10,000 XP."""
    rows = [
        {
            "slug": f"xp-{number}",
            "name": f"{number} XP",
            "condition_type": "xp",
            "condition_value": float(number),
        }
        for number in range(1, 10_001)
    ]
    db.session.execute(db.insert(Badge), rows)
    db.session.commit()


def test_of_ten_thousand_badges_a_pass_reads_those_that_it_earns(
    ten_thousand: None, user: Any, queries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Badge] = []
    monkeypatch.setattr(badges, "_give", lambda user_id, badge, at: not loaded.append(badge))
    assert len(award(user.id, Facts(xp=3), AT)) == 3
    assert len(loaded) == 3
    rewarded = service.reward_pass(user, "task:1", 40, "Passed", ("quest",), False, AT)
    assert len(rewarded.new_badges) == 40
    told = service.earned(user, rewarded, rewarded.new_badges)
    assert (told["badges"], len(told["new_badges"])) == (40, service.MOST_TOLD)


def test_what_comes_next_is_the_nearest_of_each_kind(
    ten_thousand: None, starter: list[Badge], user: Any, queries: list[str]
) -> None:
    facts = Facts(xp=9_000, passed=1, kinds={"quest": 1})
    queries.clear()
    found = badges.nearest(user.id, facts)
    assert len(queries) == 1
    assert [one.badge.slug for one in found[:2]] == ["xp-9001", "xp-9002"]
    assert found[0].share == pytest.approx(9000 / 9001)
    by_slug = {one.badge.slug: one for one in found}
    assert (by_slug["quest-master"].figure, by_slug["quest-master"].share) == (1, 0.2)
    assert by_slug["comeback"].figure is None  # there is no half way to it
    assert "first-steps" not in by_slug
    assert "quest-legend" in by_slug and "unstoppable" not in by_slug
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
