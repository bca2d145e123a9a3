"""The feed: what stands in it, live, and who does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.accounts import service as accounts
from mlarena.activity import service
from mlarena.activity.models import PublicEvent
from mlarena.challenges import authoring
from mlarena.challenges import service as challenges
from mlarena.cohorts import feed
from mlarena.cohorts import service as cohorts
from mlarena.competitions.finish import finish_due
from mlarena.competitions.models import Competition
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.rewards import signals
from mlarena.rewards.models import Badge
from mlarena.submissions.evaluate import evaluate
from tests.challenges.conftest import QUIZ, RIGHT
from tests.live.browsing import until
from tests.live.conftest import live_url, open_page, visit  # noqa: F401 – fixtures
from tests.security.worlds import held


@pytest.fixture
def solved(quest: Any, good_model: Any, upload: Any, bearer: Any, work: Any) -> Any:
    """solved(user) -> the user has passed the quest, once more with every call."""
    made = []

    def solve(user: Any) -> None:
        made.append(user)
        upload(bearer(user), quest, good_model() + b" " * len(made))
        work()

    return solve


def said(lines: Any) -> list[tuple[str, str, str]]:
    return [(one.name, one.words, one.event.title) for one in lines]


def test_a_first_solve_stands_there_once(
    user: Any, solved: Any, client: Any, signed_in: Any
) -> None:
    for _ in range(2):
        solved(user)
    assert said(service.latest()) == [("ada", "solved", "The iris quest")]
    (event,) = client.get("/api/v1/activity").json["data"]
    assert (event["username"], event["kind"]) == ("ada", "solve")
    page = signed_in(user).get("/").text
    assert "What happens here" in page
    assert f'href="{event["link"]}"' in page


def test_a_newer_best_takes_the_place_of_an_older_one(user: Any, make_user: Any) -> None:
    """And is news again; a solve that is noted again stays where it was."""
    eve, began = make_user("eve"), utcnow()

    def note(one: Any, kind: str, title: str, minutes: int) -> None:
        with freeze(began + timedelta(minutes=minutes)):
            service.note(kind, f"{one.id}:{kind}:{title}", title, "/quests/1", one.id)
            db.session.commit()

    solved = ("ada", "solved", "Another")
    best = ("ada", "has a new best on", "The iris quest")
    newer = ("eve", "solved", "The iris quest")
    note(user, "solve", "Another", 0)
    note(user, "best", "The iris quest", 1)
    assert said(service.latest()) == [best, solved]
    note(eve, "solve", "The iris quest", 2)
    assert said(service.latest()) == [newer, best, solved]
    assert service.tell() == 3
    note(user, "solve", "Another", 3)
    note(user, "best", "The iris quest", 4)
    assert said(service.latest()) == [best, newer, solved]
    bests = select(PublicEvent).where(PublicEvent.kind == "best")
    [row] = db.session.scalars(bests.execution_options(populate_existing=True))
    assert row.told_at is None
    assert service.tell() == 1


def test_a_badge_stands_there_as_long_as_it_is_ones_own(user: Any, solved: Any) -> None:
    badge = Badge(
        slug="first", name="First Steps", condition_type="quests_completed", condition_value=1
    )
    db.session.add(badge)
    db.session.commit()
    solved(user)
    told = next(one for one in service.latest() if one.event.kind == "badge")
    assert (told.name, told.event.title) == ("ada", "the badge First Steps")
    assert told.event.link == f"/users/{user.id}#badges"
    signals.badge_taken.send(Badge, user_id=user.id, badge=badge)
    db.session.commit()
    assert [one.event.kind for one in service.latest()] == ["solve"]


def test_a_better_pass_and_the_end_of_a_competition_stand_there(
    user: Any, make_user: Any, client: Any
) -> None:
    teacher = make_user("teacher", role="instructor")
    fields = {name: value for name, value in QUIZ.items() if name != "kind"}
    quiz = authoring.create(teacher, "knowledge", fields | {"pass_mark": 50}, publish=True)

    def told() -> list[tuple[str | None, str, str]]:
        rows = client.get("/api/v1/activity").json["data"]
        return [(row["username"], row["kind"], row["title"]) for row in rows]

    solved, best = (("ada", kind, QUIZ["name"]) for kind in ("solve", "best"))
    for given, expected in (
        (RIGHT | {"1": "recall", "3": "no", "4": 7}, []),  # no pass
        (RIGHT | {"4": 7}, [solved]),
        (RIGHT | {"3": "no"}, [solved]),  # as good as before
        (RIGHT, [best, solved]),
    ):
        evaluate(challenges.submit(user, quiz.id, {"answers": given}).id)
        assert told() == expected
    competition = db.session.get_one(Competition, held(teacher, user))
    with freeze(competition.ends_at + timedelta(seconds=1)):
        assert (finish_due(), finish_due()) == (1, 0)
    assert told()[0] == (None, "end", "Held")
    assert len(told()) == 3


def test_who_does_not_want_to_be_seen_is_not(
    user: Any, client: Any, signed_in: Any, send_form: Any
) -> None:
    service.note("solve", f"{user.id}:solve:1", "The iris quest", "/quests/1", user.id)
    service.note("end", "competition:1", "The Cup", "/competitions/1")
    db.session.commit()
    assert len(service.latest()) == 2
    kept = {"timezone": "UTC", "listed": "y", "streak_shown": "y"}
    send_form(signed_in(user), "/settings/profile", "/settings", **kept)
    assert said(service.latest()) == [("", "has ended", "The Cup")]
    assert [row["title"] for row in client.get("/api/v1/activity").json["data"]] == ["The Cup"]
    accounts.update_profile(user, activity_shown=True, listed=False)
    assert said(service.latest()) == [("", "has ended", "The Cup")]


def test_a_cohort_sees_its_own_and_one_with_nicknames_nobody(
    user: Any, make_user: Any, signed_in: Any
) -> None:
    teacher, eve = make_user("teacher", role="instructor"), make_user("eve")
    named = cohorts.create(teacher, {"title": "A class"})
    masked = cohorts.create(teacher, {"title": "Masked", "names": "nicknames"})
    for one in (named, masked):
        cohorts.join(user, one.join_code or "")
    for one in (user, eve):
        service.note("solve", f"{one.id}:solve:1", "The iris quest", "/quests/1", one.id)
    db.session.commit()
    assert said(feed.latest(named) or []) == [("ada", "solved", "The iris quest")]
    assert feed.latest(masked) is None
    browser = signed_in(user)
    assert "What happens here" in browser.get(f"/cohorts/{named.id}").text
    assert "What happens here" not in browser.get(f"/cohorts/{masked.id}").text


def test_scripts_hear_what_they_may(
    user: Any,
    make_user: Any,
    bearer: Any,
    visit: Any,  # noqa: F811
) -> None:
    teacher = make_user("teacher", role="instructor")
    cohort = cohorts.create(teacher, {"title": "A class"})
    cohorts.join(user, cohort.join_code or "")
    anybody, member = visit(), visit(token=bearer(user)["Authorization"].split()[1])
    about = {"feed": f"cohort:{cohort.id}"}
    assert "error" in anybody.client.call("join", about, timeout=30)
    assert member.client.call("join", about, timeout=30) == about
    assert anybody.client.call("join", {"feed": "all"}, timeout=30) == {"feed": "all"}
    service.note("solve", f"{user.id}:solve:1", "The iris quest", "/quests/1", user.id)
    db.session.commit()
    service.tell()
    for watcher in (anybody, member):
        heard = watcher.hears("activity")
        assert (heard["username"], heard["title"]) == ("ada", "The iris quest")
    service.tell()
    assert anybody.heard("activity") == []


def test_nobody_hears_who_does_not_want_to_be_seen_and_a_masked_cohort_nothing(
    user: Any,
    make_user: Any,
    bearer: Any,
    visit: Any,  # noqa: F811
) -> None:
    teacher, bob, eve = make_user("teacher", role="instructor"), make_user("bob"), make_user("eve")
    named = cohorts.create(teacher, {"title": "A class"})
    masked = cohorts.create(teacher, {"title": "Masked", "names": "nicknames"})
    for cohort, people in ((named, (user, bob)), (masked, (user, eve))):
        for one in people:
            cohorts.join(one, cohort.join_code or "")
    accounts.update_profile(bob, activity_shown=False)
    anybody, member = visit(), visit(token=bearer(user)["Authorization"].split()[1])
    rooms = {anybody: ["all"], member: [f"cohort:{named.id}", f"cohort:{masked.id}"]}

    def follows(watcher: Any) -> None:
        for room in rooms[watcher]:
            assert watcher.client.call("join", {"feed": room}, timeout=30) == {"feed": room}

    for watcher in rooms:
        follows(watcher)
    for people in ((bob, eve), (user,)):  # what comes last is what the watchers wait for
        for one in people:
            service.note("solve", f"{one.id}:solve:1", "The iris quest", "/quests/1", one.id)
        db.session.commit()
        assert service.tell() == len(people)
    # To the arena eve is herself: nothing there tells of the cohort.
    for watcher, expected in ((anybody, {"ada", "eve"}), (member, {"ada"})):
        assert {watcher.hears("activity")["username"] for _ in expected} == expected
        follows(watcher)  # what was said before the answer to this has come
        assert watcher.heard("activity") == []


@pytest.mark.browser
@pytest.mark.parametrize("where", ["/", "/cohorts/{}"])
def test_it_comes_into_an_open_page(
    user: Any,
    make_user: Any,
    open_page: Any,  # noqa: F811
    where: str,
) -> None:
    cohort = cohorts.create(make_user("teacher", role="instructor"), {"title": "A class"})
    cohorts.join(user, cohort.join_code or "")
    page = open_page(where.format(cohort.id), user)
    page.evaluate("window.never = 'read again'")
    lines = page.locator("[data-feed] li")
    number = 0

    def comes() -> bool:
        nonlocal number
        number += 1
        service.note("solve", f"{user.id}:solve:{number}", "<b>A quest</b>", "/quests/1", user.id)
        db.session.commit()
        service.tell()
        return bool(lines.count())

    until(page, comes)
    assert lines.first.inner_text().startswith("ada solved <b>A quest</b>")
    assert page.evaluate("window.never") == "read again"
