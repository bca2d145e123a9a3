"""What the front page tells of the time since one was here last."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from mlarena.boards import index
from mlarena.boards import service as boards
from mlarena.core.clock import freeze
from mlarena.core.db import db
from mlarena.rewards import service as rewards
from mlarena.rewards.models import Badge
from mlarena.site.models import Visit

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def arena(make_user: Any) -> dict[str, Any]:
    """ada with 300 XP, bob with 200, cyd with 100, since long ago."""
    people = {name: make_user(name) for name in ("ada", "bob", "cyd")}
    for person, xp in zip(people.values(), (300, 200, 100), strict=True):
        person.created_at = MONDAY - timedelta(days=100)
        earn(person, xp, MONDAY - timedelta(days=50))
    return people


def earn(user: Any, xp: int, at: datetime, key: str = "task:1") -> None:
    rewards.reward_pass(user, f"{key}:{at}", xp, "Passed", ("quest",), False, at)
    change = boards.add("global", user.id, xp, at)
    db.session.commit()
    index.apply([change])
    index.catch_up(at)


def since(browser: Any, at: datetime) -> str:
    """What the section says at `at`; "" where there is none."""
    with freeze(at):
        answer = browser.get("/")
    assert answer.status_code == 200
    found = re.search(r'<section class="since".*?</section>', answer.text, re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split()) if found else ""


def test_the_first_day_has_nothing_to_tell(make_user: Any, signed_in: Any) -> None:
    ada = make_user("ada")
    ada.created_at = MONDAY
    db.session.commit()
    assert since(signed_in(ada), MONDAY + timedelta(hours=1)) == ""


def test_who_was_passed_is_told_by_whom_and_where_they_stand(
    arena: dict[str, Any], signed_in: Any
) -> None:
    browser = signed_in(arena["bob"])
    since(browser, MONDAY)
    earn(arena["cyd"], 150, MONDAY + timedelta(hours=5))
    earn(arena["ada"], 10, MONDAY + timedelta(hours=6))  # she was ahead all the time
    said = since(browser, TUESDAY)
    assert said.startswith("Since 16 Nov 2026, 09:00")
    assert "You went from number 2 to 3 ." in said
    assert "cyd passed you." in said
    assert "ada" not in said


def test_who_rose_is_told_so_with_what_they_earned(arena: dict[str, Any], signed_in: Any) -> None:
    browser = signed_in(arena["cyd"])
    since(browser, MONDAY)
    earn(arena["cyd"], 150, MONDAY + timedelta(hours=5))
    said = since(browser, TUESDAY)
    assert "You earned +150 XP." in said
    assert "You rose from number 3 to 2 ." in said
    assert "passed you" not in said


def test_a_newcomer_who_comes_by_has_passed_too(
    arena: dict[str, Any], signed_in: Any, make_user: Any
) -> None:
    browser = signed_in(arena["cyd"])
    since(browser, MONDAY)
    for name in ("eve", "fay", "gil", "hal"):
        earn(make_user(name), 120, MONDAY + timedelta(hours=5))
    said = since(browser, TUESDAY)
    assert "You went from number 3 to 7 ." in said
    assert "eve , fay , gil and 1 more passed you." in said


def test_new_badges_and_tasks(arena: dict[str, Any], signed_in: Any, make_quest: Any) -> None:
    ada = arena["ada"]
    with freeze(MONDAY - timedelta(days=1)):
        make_quest(slug="old", title="An old quest")
        draft = make_quest(slug="draft", title="A draft until noon", status="draft")
    browser = signed_in(ada)
    since(browser, MONDAY)
    db.session.add(
        Badge(
            slug="h",
            name="Hunter",
            description="Earn 350 XP.",
            condition_type="xp",
            condition_value=350,
        )
    )
    db.session.commit()
    earn(ada, 60, MONDAY + timedelta(hours=1))
    with freeze(MONDAY + timedelta(hours=3)):
        draft.status = "published"
        db.session.commit()
    said = since(browser, TUESDAY)
    assert "New badge: Hunter . Earn 350 XP." in said
    assert "New to try: A draft until noon ." in said
    assert "old quest" not in said


def test_looking_again_tells_the_same_and_the_next_day_begins_anew(
    arena: dict[str, Any], signed_in: Any
) -> None:
    browser = signed_in(arena["cyd"])
    since(browser, MONDAY)
    earn(arena["cyd"], 150, MONDAY + timedelta(hours=5))
    first = since(browser, TUESDAY)
    assert since(browser, TUESDAY + timedelta(hours=8)) == first
    assert "Nothing has changed since you were here" in since(browser, TUESDAY + timedelta(days=1))


def test_a_look_just_after_midnight_is_still_of_the_evening(
    arena: dict[str, Any], signed_in: Any
) -> None:
    browser = signed_in(arena["cyd"])
    since(browser, MONDAY)
    earn(arena["cyd"], 150, MONDAY + timedelta(hours=5))
    late = datetime(2026, 11, 17, 23, 50, tzinfo=UTC)
    evening = since(browser, late)
    assert "Since 16 Nov" in evening
    assert since(browser, late + timedelta(minutes=20)) == evening
    assert "Since 17 Nov 2026, 23:50" in since(browser, late + timedelta(hours=9))


def test_it_is_the_learners_own_day(make_user: Any, signed_in: Any) -> None:
    far = make_user("far", timezone="Asia/Tokyo", created_at=MONDAY - timedelta(days=9))
    browser = signed_in(far)
    since(browser, datetime(2026, 11, 16, 10, tzinfo=UTC))  # 19:00 there
    same_utc_day = datetime(2026, 11, 16, 22, tzinfo=UTC)  # 07:00 of the next day there
    assert "Since 16 Nov 2026, 19:00" in since(browser, same_utc_day)


def test_who_is_on_no_board_hears_of_no_ranks(arena: dict[str, Any], signed_in: Any) -> None:
    from mlarena.accounts import service as accounts

    browser = signed_in(arena["bob"])
    since(browser, MONDAY)
    accounts.update_profile(arena["bob"], listed=False)
    earn(arena["cyd"], 150, MONDAY + timedelta(hours=5))
    said = since(browser, TUESDAY)
    assert "number" not in said and "passed" not in said


def test_a_day_is_written_once_however_often_one_looks(
    arena: dict[str, Any], signed_in: Any, queries: list[str]
) -> None:
    browser = signed_in(arena["ada"])
    since(browser, MONDAY)
    since(browser, TUESDAY)
    queries.clear()
    since(browser, TUESDAY + timedelta(hours=1))
    assert not [one for one in queries if one.startswith(("INSERT", "UPDATE"))]
    visit = db.session.scalars(db.select(Visit)).one()
    assert (visit.seen_at, visit.before_at, visit.rank, visit.before_rank) == (
        TUESDAY,
        MONDAY,
        1,
        1,
    )


def test_however_much_happened_it_takes_the_same_queries(
    arena: dict[str, Any],
    signed_in: Any,
    make_quest: Any,
    make_user: Any,
    queries: list[str],
) -> None:
    with freeze(MONDAY):
        make_quest(slug="old")
    browser = signed_in(arena["cyd"])
    since(browser, MONDAY)
    earn(make_user("eve"), 120, MONDAY + timedelta(hours=1))
    since(browser, TUESDAY)
    since(browser, TUESDAY)
    queries.clear()
    since(browser, TUESDAY)
    little = len(queries)
    for number in range(6):
        earn(make_user(f"p{number}"), 130 + number, MONDAY + timedelta(hours=2))
        earn(arena["cyd"], 1, MONDAY + timedelta(hours=3, minutes=number))
        with freeze(MONDAY + timedelta(hours=4)):
            make_quest(slug=f"q{number}")
    since(browser, TUESDAY)
    queries.clear()
    assert "4 more passed you" in since(browser, TUESDAY)
    assert len(queries) == little <= 18
