"""A gradebook's arithmetic: cases worked out by hand, and what holds for any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.scoring.deadlines import days_later, from_wall, wall
from mlarena.scoring.grades import (
    Attempt,
    Item,
    TaskGrade,
    Terms,
    assignment_percent,
    days_late,
    task_grade,
    total,
)

pytestmark = pytest.mark.pure
BERLIN = "Europe/Berlin"
ZONES = st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
SHARES = st.floats(0, 1)


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_days_are_those_of_the_clock_on_the_wall() -> None:
    # The night from 28 to 29 March 2026 has no 02:30 in Berlin, the one from 24 to 25 October two.
    spring, autumn = at("2026-03-28T23:59"), at("2026-10-24T23:59")
    assert days_late(at("2026-03-29T23:59"), spring, BERLIN) == 1  # 23 hours later
    assert days_late(at("2026-03-30T00:00"), spring, BERLIN) == 2
    assert days_late(at("2026-10-25T23:59"), autumn, BERLIN) == 1  # 25 hours later
    assert days_late(at("2026-10-26T00:00"), autumn, BERLIN) == 2
    assert days_late(spring, spring, BERLIN) == 0
    assert days_late(spring + timedelta(seconds=1), spring, BERLIN) == 1


def test_an_hour_that_there_is_not_is_refused_and_one_that_is_twice_is_the_later() -> None:
    with pytest.raises(ValueError, match="02:30 on 29 Mar 2026"):
        from_wall(datetime(2026, 3, 29, 2, 30), BERLIN)
    twice = from_wall(datetime(2026, 10, 25, 2, 30), BERLIN)
    assert twice == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert wall(twice, BERLIN) == datetime(2026, 10, 25, 2, 30)


@given(MOMENTS, st.integers(1, 400), ZONES)
def test_the_days_count_up_one_by_one(due: datetime, days: int, zone: str) -> None:
    end = days_later(due, days, zone)
    assert days_late(end, due, zone) <= days
    assert days_late(end + timedelta(hours=2), due, zone) > days - 1


def test_late_work_by_hand() -> None:
    due = at("2026-11-16T18:00")
    terms = Terms(due, BERLIN, late_percent=10, late_days=3)
    early = Attempt(due - timedelta(hours=1), 0.6)
    late = Attempt(due + timedelta(hours=30), 0.9)  # the second day: 20 % off
    too_late = Attempt(due + timedelta(days=4), 1.0)
    chosen = task_grade([too_late, late, early], terms)
    assert (chosen.attempt, chosen.days_late, chosen.attempts) == (late, 2, 3)
    assert chosen.credit == pytest.approx(0.72)
    last = task_grade([early, late], Terms(due, BERLIN, 50, 3, "last"))
    assert last.credit == pytest.approx(0.0)  # two days at 50 %
    assert task_grade([too_late], terms).attempt is None
    assert task_grade([late], Terms(due, BERLIN, 10, 0)).credit == 0


def test_a_total_by_hand() -> None:
    items = [
        Item(1, 1, 40.0),
        Item(2, 2, 90.0),
        Item(3, 1, 70.0),
        Item(4, 5, None),
        Item(5, 0, 0.0),
    ]
    assert total(items).percent == pytest.approx((40 + 180 + 70) / 4)
    dropped = total(items, drop=1)
    assert dropped.dropped == {1}
    assert dropped.percent == pytest.approx((180 + 70) / 3)
    assert total(items, drop=9).percent == 90.0  # one always stays
    assert total([Item(1, 1, None)]).percent is None
    two = [TaskGrade(points=3, credit=1.0), TaskGrade(points=1, credit=0.5)]
    assert assignment_percent(two) == pytest.approx(87.5)
    assert assignment_percent([]) == 0


@st.composite
def attempts(draw: st.DrawFn) -> list[Attempt]:
    many = draw(st.lists(st.tuples(MOMENTS, SHARES), max_size=6))
    return [Attempt(moment, credit, number) for number, (moment, credit) in enumerate(many)]


TERMS = st.builds(
    Terms,
    st.one_of(st.none(), MOMENTS),
    ZONES,
    st.floats(0, 100),
    st.integers(0, 10),
    st.sampled_from(["best", "last"]),
)


@given(MOMENTS, MOMENTS, ZONES, st.integers(0, 10))
def test_an_attempt_is_as_late_as_the_clock_says(
    moment: datetime, due: datetime, zone: str, accepted: int
) -> None:
    grade = task_grade([Attempt(moment, 1.0)], Terms(due, zone, 0, accepted))
    late = days_late(moment, due, zone)
    assert (grade.attempt is not None) == (late <= accepted)
    assert grade.days_late == (late if late <= accepted else 0)


@given(attempts(), TERMS)
def test_a_grade_never_leaves_its_scale_and_lateness_never_pays(
    made: list[Attempt], terms: Terms
) -> None:
    grade = task_grade(made, terms)
    assert 0 <= grade.credit <= 1
    if grade.attempt is not None:
        assert grade.credit <= grade.attempt.credit + 1e-12
        assert grade.days_late <= terms.late_days
    assert task_grade(reversed(made), terms) == grade  # the order of reading does not matter


@given(attempts(), TERMS, MOMENTS, SHARES)
def test_of_the_best_one_more_attempt_never_costs(
    made: list[Attempt], terms: Terms, moment: datetime, credit: float
) -> None:
    best = Terms(terms.due, terms.zone, terms.late_percent, terms.late_days, "best")
    more = [*made, Attempt(moment, credit, 99)]
    assert task_grade(more, best).credit >= task_grade(made, best).credit


@given(attempts(), TERMS, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_an_extension_never_costs_where_the_best_counts(
    made: list[Attempt], terms: Terms, longer: timedelta
) -> None:
    if terms.due is None:
        return
    best = Terms(terms.due, terms.zone, terms.late_percent, terms.late_days, "best")
    extended = Terms(terms.due + longer, terms.zone, terms.late_percent, terms.late_days, "best")
    assert task_grade(made, extended).credit >= task_grade(made, best).credit - 1e-12


POINTS = st.integers(0, 10_000).map(lambda cents: cents / 100)
CREDITS = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@given(st.lists(st.tuples(POINTS, CREDITS), max_size=30))
def test_an_assignment_is_the_sum_that_fractions_give(parts: list[tuple[float, float]]) -> None:
    made = [TaskGrade(points=points, credit=credit) for points, credit in parts]
    weight = sum(Fraction(points) for points, _ in parts)
    exact = sum(Fraction(points) * Fraction(credit) for points, credit in parts)
    wanted = float(100 * exact / weight) if weight else 0.0
    assert assignment_percent(made) == pytest.approx(wanted, abs=1e-9)
    doubled = [TaskGrade(points=2 * one.points, credit=one.credit) for one in made]
    assert assignment_percent(doubled) == pytest.approx(wanted, abs=1e-9)  # points are shares


@given(st.lists(st.tuples(POINTS, st.one_of(st.none(), POINTS)), max_size=30), st.integers(0, 30))
def test_a_total_is_the_sum_that_fractions_give(
    rows: list[tuple[float, float | None]], drop: int
) -> None:
    found = total([Item(n, weight, percent) for n, (weight, percent) in enumerate(rows)], drop)
    counted = {
        n: (Fraction(weight), Fraction(percent))
        for n, (weight, percent) in enumerate(rows)
        if percent is not None and weight > 0
    }
    left = [one for n, one in counted.items() if n not in found.dropped]
    assert set(found.dropped) <= set(counted)
    if not counted:
        assert found.percent is None
        return
    assert found.percent is not None
    exact = sum(weight * percent for weight, percent in left) / sum(weight for weight, _ in left)
    assert found.percent == pytest.approx(float(exact), abs=1e-9)
    lost = [percent for n, (_, percent) in counted.items() if n in found.dropped]
    assert max(lost, default=Fraction(-1)) <= min(percent for _, percent in left)


ITEMS = st.lists(
    st.tuples(st.floats(0, 1000), st.one_of(st.none(), st.floats(0, 100))), max_size=8
).map(lambda rows: [Item(n, weight, percent) for n, (weight, percent) in enumerate(rows)])


@given(ITEMS, st.integers(0, 10))
def test_dropping_the_lowest_never_lowers_a_total(items: list[Item], drop: int) -> None:
    whole, without = total(items), total(items, drop)
    if whole.percent is None:
        assert without.percent is None
        return
    assert without.percent is not None
    assert without.percent >= whole.percent - 1e-9 * 100
    counted = [item.percent for item in items if item.percent is not None and item.weight > 0]
    assert min(counted) - 1e-9 <= whole.percent <= max(counted) + 1e-9
    assert len(without.dropped) == min(drop, len(counted) - 1)
