"""Streak days as they are recorded: in any order, from anywhere, whatever the clock does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.core.db import db
from mlarena.rewards import service
from mlarena.rewards.models import ActivityDay, Badge, LearnerTotals
from mlarena.rewards.streaks import Active, fold

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


def record(user: Any, *instants: datetime) -> LearnerTotals:
    for at in instants:
        service.record_activity(user, at)
        db.session.commit()
    return service.totals_of(user.id)


def days(*numbers: int) -> list[datetime]:
    return [START + timedelta(days=n) for n in numbers]


def shown(user: Any, at: datetime, count: int) -> str:
    """The calendar as a word: a for active, f for frozen, . for neither."""
    return "".join(
        "f" if day["frozen"] else "a" if day["submissions"] else "."
        for day in service.calendar(user, at, count)
    )


def test_days_in_a_row_grow_the_streak_and_the_same_day_does_not(app: Any, user: Any) -> None:
    totals = record(user, *days(0, 1, 1, 1, 2))
    assert (totals.current_streak, totals.longest_streak) == (3, 3)
    counted = [day["submissions"] for day in service.calendar(user, days(2)[0], 4)]
    assert counted == [0, 1, 3, 1]


def test_a_missed_day_without_a_freeze_begins_anew(app: Any, user: Any) -> None:
    totals = record(user, *days(0, 1, 2, 4))
    assert (totals.current_streak, totals.longest_streak, totals.freezes) == (1, 3, 0)


def test_seven_days_earn_a_freeze_that_saves_a_missed_day(app: Any, user: Any) -> None:
    totals = record(user, *days(*range(7)))
    assert totals.freezes == 1
    assert service.streak_of(user, days(8)[0]) == 7  # one day missed, and saved
    assert service.streak_of(user, days(9)[0]) == 0  # two are too many
    totals = record(user, *days(8))
    assert (totals.current_streak, totals.freezes) == (8, 0)
    assert shown(user, days(8)[0], 9) == "aaaaaaafa"


def test_no_more_than_two_freezes_are_kept(app: Any, user: Any) -> None:
    assert record(user, *days(*range(28))).freezes == 2
    totals = record(user, *days(31))  # three missed: two freezes spent, and still too long
    assert (totals.current_streak, totals.longest_streak, totals.freezes) == (1, 28, 0)
    assert shown(user, days(31)[0], 5) == "aff.a"


def test_it_is_the_learners_own_midnight_that_divides_days(app: Any, make_user: Any) -> None:
    here = make_user("here", timezone="Asia/Kathmandu")
    evening = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)  # 23:45 there
    totals = record(here, evening, evening + timedelta(minutes=30))
    assert (totals.current_streak, totals.last_active_day) == (2, date(2026, 3, 2))


def test_verdicts_around_midnight_in_the_other_order(app: Any, user: Any) -> None:
    record(user, NIGHT - timedelta(days=1, minutes=1))
    late, early = NIGHT + timedelta(days=1, minutes=1), NIGHT - timedelta(minutes=1)
    assert record(user, late).current_streak == 1  # two days are missing
    assert record(user, early).current_streak == 2 - 1  # one still is
    assert record(user, NIGHT + timedelta(minutes=1)).current_streak == 4


def test_a_frozen_day_that_turns_out_active_gives_its_freeze_back(app: Any, user: Any) -> None:
    record(user, *days(*range(7)), *days(8))
    totals = record(user, *days(7))
    assert (totals.current_streak, totals.freezes) == (9, 1)
    assert shown(user, days(8)[0], 9) == "aaaaaaaaa"


def test_a_clock_set_back_neither_loses_nor_doubles(app: Any, user: Any) -> None:
    before = record(user, *days(0, 1, 2, 3))
    assert before.current_streak == 4
    assert record(user, *days(1, 2, 3)).current_streak == 4
    assert record(user, *days(4)).current_streak == 5


def test_moving_house_keeps_the_streak(app: Any, make_user: Any) -> None:
    mover = make_user("mover", timezone="America/Los_Angeles")
    record(mover, datetime(2026, 3, 3, 7, tzinfo=UTC))  # Monday 23:00
    mover.timezone = "Pacific/Auckland"
    db.session.commit()
    totals = record(mover, datetime(2026, 3, 3, 17, tzinfo=UTC))  # Wednesday 06:00
    assert totals.current_streak == 2
    mover.timezone = "America/Los_Angeles"
    db.session.commit()
    back = datetime(2026, 3, 4, 6, tzinfo=UTC)  # Tuesday 22:00, which was never here before
    assert record(mover, back).current_streak == 2
    assert record(mover, back + timedelta(days=2)).current_streak == 3


def test_a_streak_badge_needs_no_pass(app: Any, user: Any) -> None:
    db.session.add(Badge(slug="warm", name="Warm", condition_type="streak_days", condition_value=3))
    db.session.commit()
    given_at = [[b.slug for b in service.record_activity(user, at)] for at in days(0, 1, 2, 3)]
    assert given_at == [[], [], ["warm"], []]


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 24 * 30), min_size=1, max_size=14),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_does_not_matter(
    app: Any, make_learner: Callable[..., Any], hours: list[int], zone: str, random: Any
) -> None:
    """Whatever arrives when, the totals and the calendar are those of the activities in order."""
    traveller = make_learner(timezone=zone)
    instants = [START + timedelta(hours=hour) for hour in hours]
    random.shuffle(instants)
    totals = record(traveller, *instants)
    streak, frozen = fold(Active.of(at, zone) for at in sorted(instants))
    assert (totals.current_streak, totals.freezes) == (streak.current, streak.freezes)
    assert streak.last is not None and totals.last_active_day == streak.last.day
    rows = db.session.scalars(
        db.select(ActivityDay).where(ActivityDay.user_id == traveller.id)
    ).all()
    assert sorted(row.day for row in rows if row.frozen) == frozen
    assert sum(row.submissions for row in rows) == len(instants)
