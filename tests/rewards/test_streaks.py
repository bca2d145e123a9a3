"""The rules of streaks, as pure functions: against a calendar that is walked day by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.rewards.streaks import Active, Streak, fold, local_day, streak_today

pytestmark = pytest.mark.pure

# Half-hour and quarter-hour offsets, both sides of the date line, with and without summer time.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
)
START = datetime(2026, 1, 1, tzinfo=UTC)

zones = st.sampled_from(ZONES)
# Hours since START; a year of them crosses every change to and from summer time.
moments = st.integers(0, 365 * 24).map(lambda hours: START + timedelta(hours=hours))
day_numbers = st.lists(st.integers(0, 60), min_size=1, max_size=50)


@dataclass
class Walk:
    """The rules once more, the slow way: what happens on each day of the calendar."""

    current: int = 0
    longest: int = 0
    freezes: int = 0

    def over(self, active: set[date]) -> tuple[Walk, list[date]]:
        frozen, day = [], min(active)
        while day <= max(active):
            if day in active:
                self.current += 1
                self.longest = max(self.longest, self.current)
                if self.current % 7 == 0 and self.freezes < 2:
                    self.freezes += 1
            elif self.freezes:
                self.freezes -= 1
                frozen.append(day)
            else:
                self.current = 0
            day += timedelta(days=1)
        return self, frozen


def activities(instants: Iterable[datetime], zone: str) -> list[Active]:
    return [Active.of(at, zone) for at in sorted(instants)]


@given(day_numbers)
def test_streaks_are_what_a_walk_over_the_calendar_finds(numbers: list[int]) -> None:
    instants = [START + timedelta(days=n) for n in numbers]
    walked, saved = Walk().over({at.date() for at in instants})
    streak, frozen = fold(activities(instants, "UTC"))
    assert (streak.current, streak.longest, streak.freezes) == (
        walked.current,
        walked.longest,
        walked.freezes,
    )
    assert frozen == saved


@given(st.lists(moments, min_size=1, max_size=60), zones)
def test_in_any_zone_it_is_the_local_dates_that_count(instants: list[datetime], zone: str) -> None:
    walked, saved = Walk().over({local_day(at, zone) for at in instants})
    streak, frozen = fold(activities(instants, zone))
    assert (streak.current, streak.freezes, frozen) == (walked.current, walked.freezes, saved)


@given(zones, st.integers(0, 300), st.integers(2, 40))
def test_summer_time_neither_loses_nor_doubles_a_day(zone: str, first: int, days: int) -> None:
    """Once a day at the same time of the wall clock, whatever the offset does meanwhile."""
    noon = datetime(2026, 1, 1, 12) + timedelta(days=first)
    wall = [
        Active.of((noon + timedelta(days=n)).replace(tzinfo=ZoneInfo(zone)), zone)
        for n in range(days)
    ]
    assert fold(wall)[0].current == days


@given(st.lists(st.tuples(moments, zones), min_size=1, max_size=60))
def test_moving_about_never_counts_a_day_twice(lived: list[tuple[datetime, str]]) -> None:
    """No more days than the calendars of the whole earth saw; and one moment is one day."""
    lived.sort()
    streak, _ = fold(Active.of(at, zone) for at, zone in lived)
    first, last = lived[0][0], lived[-1][0]
    # From the earliest calendar's first date to the latest calendar's last.
    assert streak.longest <= (last.date() - first.date()).days + 3
    assert streak.longest <= len({at for at, _ in lived})


@given(
    st.lists(st.tuples(st.integers(60, 22 * 60), zones), min_size=2, max_size=60), zones, moments
)
def test_moving_about_never_loses_a_streak(
    steps: list[tuple[int, str]], home: str, begin: datetime
) -> None:
    """Who is active at least every 22 hours has missed no day anywhere, whatever the zone says."""
    at, streak = begin, Streak().after(Active.of(begin, home))
    for minutes, zone in steps:
        at += timedelta(minutes=minutes)
        now = Active.of(at, zone)
        if streak.counts(now):
            assert streak.missed(now) == 0
            assert streak.after(now).current == streak.current + 1
        streak = streak.after(now)


def test_one_moment_is_one_day_whatever_the_setting_says() -> None:
    monday = datetime(2026, 3, 2, 23, tzinfo=UTC)
    streak = Streak().after(Active.of(monday, "UTC"))
    in_kiritimati = Active.of(monday, "Pacific/Kiritimati")
    assert in_kiritimati.day == date(2026, 3, 3)
    assert not streak.counts(in_kiritimati)
    assert streak.after(in_kiritimati).current == streak.current


def test_the_day_that_a_flight_east_swallows_is_not_missed() -> None:
    monday_evening = Active.of(datetime(2026, 3, 3, 7, tzinfo=UTC), "America/Los_Angeles")
    wednesday = Active.of(datetime(2026, 3, 3, 17, tzinfo=UTC), "Pacific/Auckland")
    assert (wednesday.day - monday_evening.day).days == 2
    assert fold([monday_evening, wednesday])[0].current == 2


@pytest.mark.parametrize(
    ("days_later", "freezes", "shown"),
    [(0, 0, 5), (1, 0, 5), (2, 0, 0), (2, 1, 5), (3, 1, 0), (3, 2, 5), (4, 2, 0), (400, 2, 0)],
)
def test_streak_today(days_later: int, freezes: int, shown: int) -> None:
    @dataclass
    class Standing:
        current_streak: int
        freezes: int
        last_active_day: date | None

    last = date(2026, 5, 1)
    today = last + timedelta(days=days_later)
    assert streak_today(Standing(5, freezes, last), today) == shown
    assert streak_today(Standing(0, 0, None), today) == 0


@given(day_numbers, st.integers(0, 5))
def test_what_is_shown_today_is_what_an_activity_today_would_continue(
    numbers: list[int], later: int
) -> None:
    streak, _ = fold(activities([START + timedelta(days=n) for n in numbers], "UTC"))
    assert streak.last is not None

    @dataclass
    class Standing:
        current_streak: int
        freezes: int
        last_active_day: date

    now = Active.of(START + timedelta(days=max(numbers) + later), "UTC")
    shown = streak_today(Standing(streak.current, streak.freezes, streak.last.day), now.day)
    grows = 1 if later else 0
    assert streak.after(now).current == shown + grows


def test_an_unknown_zone_counts_as_utc() -> None:
    assert local_day(START, "Mars/Olympus_Mons") == START.date()
    assert local_day(START, "../etc/passwd") == START.date()
