"""A match of the simulated league, from the first key to the badge, as its forecaster's browser sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from benchmarks import showcase_forecasts
from benchmarks.arena import PASSWORD, Arena
from benchmarks.showcase import Showcase, register
from benchmarks.showcase_competitions import inside
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts import broadcast, game, prizes
from mlarena.forecasts.models import Forecast, Match

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(660)]


@pytest.fixture(scope="module")
def case(shared_arena: Arena) -> Showcase:
    """Two people; nine of ada's forecasts are scored, so that the tenth brings the prize."""
    people = Showcase(shared_arena)
    for name in ("ada", "bob"):
        people.users[name], people.tokens[name] = register(shared_arena, name)
    with inside(shared_arena):
        (last, *over), coming = showcase_forecasts.season(13, 1)
        showcase_forecasts.enter_past(people.users["ada"], over[:9], doubt=0.05, seed=3)
        showcase_forecasts.enter_past(people.users["bob"], over, doubt=0.3, seed=4)
        showcase_forecasts.settle()
        people.forecasts = {"match": last.id, "other": coming[0].id}
        # On the first days of a month a season has no ten matches yet: one that is over is to come again.
        quiet_minutes()
        to_come_again(last)
        db.session.commit()
    return people


def to_come_again(match: Match) -> None:
    match.status, match.kickoff = "scheduled", utcnow() + timedelta(hours=2)
    match.home_goals = match.away_goals = match.ht_home = match.ht_away = match.settled_at = None


@pytest.fixture
def ada(chromium: Any, case: Showcase) -> Iterator[Any]:
    context = chromium.new_context(base_url=case.here.url)
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("main form [type=submit]")
    page.wait_for_load_state()
    yield page
    context.close()


def values(page: Any) -> list[float]:
    return [float(page.input_value(f"main [name={name}]")) for name in ("home", "draw", "away")]


def quiet_minutes() -> None:
    """No match of the simulated league begins or ends in the next minutes: the clock would then bring the
    league up to its own fixtures, of which this walk has another one."""
    while True:
        now = utcnow()
        past = (60 * now.hour + now.minute - 60) % 180  # minutes since the last kick-off
        if 2 <= past < 107 or 112 <= past < 177:
            return
        time.sleep(5)


def goal(case: Showcase, match_id: int, goals: tuple[int, int], minute: int) -> None:
    """It is being played, and this is how it stands."""
    with inside(case.here):
        match = db.session.get_one(Match, match_id)
        match.status, match.kickoff, match.minute = "live", utcnow(), minute
        match.home_goals, match.away_goals = goals
        db.session.commit()
        broadcast.tell([match])


def ends(case: Showcase, match_id: int, goals: tuple[int, int]) -> None:
    """The final whistle, as a source would tell it. The clock does the rest."""
    with inside(case.here):
        match = db.session.get_one(Match, match_id)
        match.status, (match.home_goals, match.away_goals) = "finished", goals
        db.session.commit()


def test_from_the_first_key_to_the_badge(case: Showcase, ada: Any) -> None:
    ada.goto("/")
    ada.get_by_role("link", name="Forecasts", exact=True).click()
    ada.get_by_role("heading", name="Simulated League").get_by_role("link").click()
    ada.get_by_role("heading", name="Table").wait_for()
    ada.goto(f"/forecasts/matches/{case.forecasts['match']}")
    assert ada.get_by_text("The house has made up its mind").is_visible()
    assert ada.locator(".told").count() == 0

    # By keyboard alone: the first border up by eleven, the second pushed along when the first comes to it.
    ada.locator("[data-bar] [role=slider]").first.focus()
    ada.keyboard.press("Shift+ArrowRight")
    ada.keyboard.press("PageUp")
    ada.keyboard.press("ArrowRight")
    assert values(ada) == [45, 22, 33]
    ada.keyboard.press("End")
    assert values(ada) == [100, 0, 0]
    ada.keyboard.press("Home")
    assert values(ada) == [0, 100, 0]
    # What is typed stays; the number that was left alone longest makes up for it.
    ada.locator("main [name=home]").focus()
    for name, typed in (("home", "50"), ("draw", "30")):
        assert ada.evaluate("document.activeElement.name") == name
        ada.keyboard.press("Control+A")
        ada.keyboard.type(typed)
        ada.keyboard.press("Tab")
    assert values(ada) == [50, 30, 20]
    ada.keyboard.press("Enter")
    ada.get_by_text("The house", exact=True).first.wait_for()
    assert ada.get_by_role("heading", name="What moved the house").is_visible()
    assert values(ada) == [50, 30, 20]
    assert "9 of 10" in ada.locator(".season-so-far").inner_text()

    # By mouse, and once more by the button.
    ada.locator("[data-bar] [role=slider]").first.wait_for()
    ada.wait_for_load_state("networkidle")  # the page's last parts move the bar
    ada.locator("[data-bar]").scroll_into_view_if_needed()
    box = ada.locator("[data-bar]").bounding_box()
    ada.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 20)
    ada.mouse.down()
    ada.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 20, steps=4)
    ada.mouse.up()
    assert values(ada)[0] == 70 and sum(values(ada)) == 100
    ada.get_by_role("button", name="Change it").click()
    ada.get_by_text("changed").wait_for()
    assert values(ada)[0] == 70

    # From here on nothing is loaded again: the whistle goes, the clock settles, the page tells what came.
    xp = int(ada.locator(".standing [data-xp]").inner_text())
    ada.evaluate("document.body.dataset.same = ''")
    goal(case, case.forecasts["match"], (0, 1), 12)
    ada.locator("#match-state .result", has_text="0–1").wait_for()
    ada.get_by_text("Everybody").wait_for()
    assert ada.locator("#match-state .state .figure").inner_text() == "12"
    ends(case, case.forecasts["match"], (2, 0))
    ada.locator(".scored .hero").wait_for(timeout=60_000)
    assert ada.locator("#match-state .result").inner_text() == "2–0"
    ada.get_by_text("+30 XP").wait_for(timeout=30_000)
    ada.get_by_text("New badge: Forecaster.").wait_for()
    ada.locator(f".standing [data-xp]:text-is('{xp + 30}')").wait_for()
    assert ada.locator("body[data-same]").count() == 1
    assert ada.locator("form[data-forecast]").count() == 0

    score = ada.locator(".scored .hero").inner_text()
    ada.get_by_role("link", name="The board").click()
    board = ada.locator("table.forecasters tr.me").inner_text()
    assert "ada" in board and "10" in board
    ada.goto("/forecasts/mine")
    assert score in ada.locator("table.history").inner_text()
    assert ada.get_by_role("heading", name="The race").is_visible()
    ada.goto(f"/users/{case.users['ada']}")
    profile = ada.locator("main").inner_text()
    assert "Forecaster" in profile and "Simulated League" in profile


def one_match_left(case: Showcase) -> int:
    """Of the season before this one all is settled but a match; of 29 others ada knew what then happened."""
    with inside(case.here):
        quiet_minutes()
        this = db.session.get_one(Match, case.forecasts["match"])
        final, *rest = showcase_forecasts.season_before(this, prizes.BEAT)
        for match in rest[: prizes.BEAT - 1]:
            home, draw, away = (0.8 if place == match.outcome else 0.1 for place in range(3))
            at = match.kickoff - timedelta(hours=1)
            db.session.add(
                Forecast(
                    user_id=case.users["ada"], match_id=match.id, home=home, draw=draw, away=away,
                    entered_at=at, changed_at=at,
                )
            )  # fmt: skip
        for match in rest:
            match.settled_at = None
        to_come_again(final)
        db.session.commit()
        game.settle([match.id for match in rest])
        return int(final.id)


def test_a_season_ahead_of_the_house_ends_with_its_badge(case: Showcase, ada: Any) -> None:
    match_id = one_match_left(case)
    ada.goto(f"/forecasts/matches/{match_id}")
    ada.locator("[data-bar] [role=slider]").first.wait_for()
    ada.wait_for_load_state("networkidle")  # the page's last parts move the bar
    for name, typed in (("home", "80"), ("draw", "15")):
        ada.locator(f"main [name={name}]").focus()
        ada.keyboard.press("Control+A")
        ada.keyboard.type(typed)
    ada.keyboard.press("Tab")
    assert values(ada) == [80, 15, 5]
    ada.get_by_role("button", name="Say it").click()
    ada.get_by_role("button", name="Change it").wait_for()
    ada.evaluate("document.body.dataset.same = ''")
    goal(case, match_id, (1, 0), 80)
    ada.locator("#match-state .result", has_text="1–0").wait_for()
    ends(case, match_id, (2, 0))
    ada.get_by_text("New badge: House Beaten.").wait_for(timeout=90_000)
    ada.locator("[data-earned='House Beaten']").wait_for()
    assert ada.locator("body[data-same]").count() == 1
    ada.goto(f"/users/{case.users['ada']}")
    assert "House Beaten" in ada.locator("main").inner_text()


def test_without_scripts_three_numbers_are_enough(chromium: Any, case: Showcase, ada: Any) -> None:
    cookies = ada.context.cookies()
    context = chromium.new_context(base_url=case.here.url, java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"/forecasts/matches/{case.forecasts['other']}")
    assert not page.locator("[role=slider]").count()
    for name, typed in (("home", "20"), ("draw", "20"), ("away", "50")):
        page.fill(f"main [name={name}]", typed)
    page.get_by_role("button", name="Say it").click()
    page.get_by_text("The three sum to 90 %").wait_for()
    assert values(page) == [20, 20, 50]
    page.fill("main [name=away]", "60")
    page.get_by_role("button", name="Say it").click()
    page.get_by_role("button", name="Change it").wait_for()
    assert values(page) == [20, 20, 60]
    context.close()
