"""Quiet hours and digests on anybody's wall, across midnight and across clocks that are put on and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlarena.notifications.quiet import is_quiet, next_at, quiet_until

pytestmark = pytest.mark.pure
# With clocks that jump by an hour, by half of one, at midnight, and never.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Kathmandu",
)
MINUTES = st.integers(0, 24 * 60 - 1)
MOMENTS = st.datetimes(
    datetime(2026, 1, 1),
    datetime(2027, 1, 1),
    timezones=st.just(UTC),
)


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@given(MOMENTS, st.sampled_from(ZONES), MINUTES, MINUTES)
# Berlin's clocks jump from 02:00 to 03:00 on 29 March, and go from 03:00 back to 02:00 on 25 October.
@example(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "Europe/Berlin", 60, 150)
@example(datetime(2026, 10, 25, 0, 10, tzinfo=UTC), "Europe/Berlin", 60, 150)
@example(datetime(2026, 10, 25, 1, 10, tzinfo=UTC), "Europe/Berlin", 60, 150)
def test_until_its_end_it_is_quiet_and_then_it_is_not(
    moment: datetime, zone: str, begin: int, end: int
) -> None:
    until = quiet_until(moment, zone, begin, end)
    assert not is_quiet(until, zone, begin, end)
    assert moment <= until <= moment + timedelta(hours=26)
    step = moment
    while step < until:
        assert is_quiet(step, zone, begin, end)
        step += timedelta(minutes=7)
    if until > moment:
        assert is_quiet(until - timedelta(seconds=1), zone, begin, end)


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-05-01T21:59", False),
        ("2026-05-01T22:00", True),
        ("2026-05-02T06:59", True),
        ("2026-05-02T07:00", False),
    ],
)
def test_hours_go_across_midnight(moment: str, quiet: bool) -> None:
    assert is_quiet(at(moment, "Europe/Berlin"), "Europe/Berlin", 22 * 60, 7 * 60) is quiet


def test_the_morning_comes_an_hour_sooner_when_clocks_are_put_on() -> None:
    night = at("2026-03-28T23:00", "Europe/Berlin")
    until = quiet_until(night, "Europe/Berlin", 22 * 60, 7 * 60)
    assert until == at("2026-03-29T07:00", "Europe/Berlin")
    assert until - night == timedelta(hours=7)


@given(MOMENTS, st.sampled_from(ZONES), st.integers(0, 23), st.booleans())
def test_a_digest_comes_at_its_hour_within_its_period(
    moment: datetime, zone: str, hour: int, weekly: bool
) -> None:
    due = next_at(moment, zone, hour, weekly)
    assert moment < due <= moment + timedelta(days=8 if weekly else 1, hours=2)
    shown = due.astimezone(ZoneInfo(zone))
    jumped = shown.utcoffset() != (due - timedelta(hours=2)).astimezone(ZoneInfo(zone)).utcoffset()
    assert shown.hour == hour or jumped
    assert not weekly or shown.weekday() == 0
