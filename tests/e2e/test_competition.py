"""Competitions from their first form to their ratings, as browsers see them: one held here, one of Kaggle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis as redis_library
from rq import Queue

from benchmarks.arena import PASSWORD, arena
from benchmarks.showcase import Showcase, register
from benchmarks.showcase_competitions import ORGANISER, hand_in, promote
from mlarena.competitions.kaggle import jobs as kaggle
from mlarena.submissions.queues import OUTSIDE
from tests.competitions.conftest import predictions
from tests.e2e.desk import csv_file, hold_competition
from tests.kaggle.stub import Stub, busy, cut, html, serve, teams

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    """The Kaggle that the arena reads."""
    found, server = serve()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def case(stub: Stub) -> Iterator[Showcase]:
    at_kaggle = {"KAGGLE_API_URL": stub.url, "KAGGLE_USERNAME": "arena", "KAGGLE_KEY": "k1"}
    with arena(WORKERS="1", **at_kaggle) as here:
        people = Showcase(here)
        for name in (ORGANISER, "ada", "bob", "cyd", "dan", "eve"):
            people.users[name], people.tokens[name] = register(here, name)
        promote(people, ORGANISER)
        yield people


@pytest.fixture
def enter(chromium: Any, case: Showcase) -> Iterator[Any]:
    """enter("ada") -> a page of a browser of hers; enter(None) of somebody who is not signed in."""
    contexts = []

    def open_(name: str | None) -> Any:
        contexts.append(chromium.new_context(base_url=case.here.url))
        page = contexts[-1].new_page()
        if name:
            page.goto("/login")
            page.fill("[name=username]", name)
            page.fill("[name=password]", PASSWORD)
            page.click("main form [type=submit]")
            page.wait_for_load_state()
        return page

    yield open_
    for context in contexts:
        context.close()


def on_the_board(page: Any) -> list[str]:
    names: list[str] = page.locator("table.standings tbody th > :first-child").all_inner_texts()
    return names


def test_from_the_form_to_the_ratings(case: Showcase, enter: Any) -> None:
    organiser = enter(ORGANISER)
    now = datetime.now(UTC)
    number = int(
        hold_competition(
            organiser, "Night Buses", now - timedelta(hours=1), now + timedelta(days=1), team_size=2
        )
    )
    address = f"/competitions/{number}"

    ada = enter("ada")
    ada.goto(address)
    ada.get_by_role("button", name="Take part").click()
    ada.get_by_role("link", name="Your part").click()
    ada.fill("main [name=name]", "The Medians")
    ada.get_by_role("button", name="Make the team").click()
    code = ada.locator("[data-copy] code").inner_text()
    for name in ("bob", "cyd"):
        case.here.call("POST", f"/competitions/{number}/register", case.tokens[name])
    joined, _ = case.here.call(
        "POST", f"/competitions/{number}/team/join", case.tokens["bob"], {"code": code}
    )
    assert joined == 200

    watcher = enter(None)
    watcher.goto(f"{address}/board")
    watcher.get_by_text("Nobody stands here yet").wait_for()

    def upload(page: Any, content: str) -> None:
        page.goto(address)
        page.locator("[name=predictions_file]").set_input_files(csv_file(content))
        page.get_by_role("button", name="Hand it in").click()
        page.get_by_role("heading", name="Scored: Night Buses").wait_for()

    upload(ada, predictions(0.8, 0.2))
    watcher.locator("table.standings bdi", has_text="The Medians").first.wait_for()

    # From here on nothing is read again: the rows move where they are.
    watcher.evaluate("window.same = true")
    cyd = enter("cyd")
    upload(cyd, predictions(0.5, 3.0))
    watcher.wait_for_function(
        "document.querySelector('table.standings tbody th').textContent.includes('cyd')"
    )
    hand_in(case, "bob", number, predictions(0.7, 0.1))
    watcher.locator("table.standings td", has_text="0.7000").wait_for()
    assert on_the_board(watcher) == ["cyd", "The Medians"]
    assert watcher.evaluate("window.same")
    ada.goto(f"{address}/entry")
    assert "3 of 5" in ada.locator("#entry-stands").inner_text()  # the team's, bob's one too

    organiser.goto(f"{address}/desk")
    organiser.get_by_role("button", name="End it now").first.click()
    organiser.locator("#sure-end").get_by_role("button", name="End it now").click()
    organiser.get_by_text("It has ended").wait_for()
    # The clock carries the end out, and everybody who is looking sees it without a word.
    watcher.get_by_role("heading", name="The private board").wait_for(timeout=30_000)
    assert on_the_board(watcher) == ["The Medians", "cyd"]
    assert watcher.get_by_role("heading", name="The shake-up").is_visible()

    for name, place in (("ada", "1 of 3"), ("bob", "1 of 3"), ("cyd", "2 of 3")):
        watcher.goto(f"/users/{case.users[name]}")
        profile = watcher.locator("main").inner_text()
        assert "provisional" in profile and "In the Ring" in profile, name
        assert place in profile, name
    _, answer = case.here.call("GET", "/ratings")
    rated = {row["username"]: row["rating"] for row in answer["data"]}
    assert rated["ada"] == rated["bob"] > 1500 > rated["cyd"]


def test_a_mirror_of_kaggle_from_its_announcement_to_its_ratings(
    case: Showcase, enter: Any, stub: Stub
) -> None:
    now = datetime.now(UTC)
    stub.starts, stub.ends = told(now + timedelta(days=1)), told(now + timedelta(days=9))
    for name, at_kaggle in (("dan", "user0"), ("eve", "user3")):
        learner = enter(name)
        learner.goto("/settings")
        learner.fill("main [name=kaggle_username]", at_kaggle)
        learner.locator("main form", has=learner.locator("[name=kaggle_username]")).get_by_role(
            "button"
        ).first.click()
        learner.wait_for_load_state()

    desk = enter(ORGANISER)
    desk.goto("/competitions/kaggle")
    desk.fill("main [name=slug]", "https://www.kaggle.com/competitions/titanic")
    desk.get_by_role("button", name="Mirror it").click()
    desk.get_by_text("It is mirrored").wait_for()
    for name in ("dan", "eve"):
        desk.get_by_role("button", name=f"is {name}").click()
        desk.get_by_text(f"{name} is user").wait_for()
    row = desk.locator("#mirrors-title ~ div tr", has_text="Titanic")
    assert "upcoming" in row.inner_text()
    number = (row.get_by_role("link").get_attribute("href") or "").rpartition("/")[2]
    watcher = enter(None)
    watcher.goto(f"/competitions/{number}/board")
    watcher.get_by_text("Nobody stands here yet").wait_for()

    # Kaggle brings its start forward.
    stub.starts = told(now - timedelta(hours=1))
    read_until(case, desk, lambda: "ongoing" in row.inner_text())
    stub.rows = teams(30)
    read_until(case, desk, lambda: "30" in row.locator("td").nth(1).inner_text())
    watcher.locator("table.standings bdi", has_text="team0").first.wait_for()
    assert len(on_the_board(watcher)) == 30
    # From here on nothing is read again by the browser.
    watcher.evaluate("window.same = true")

    leader = [replace(stub.rows[4], score=0.01), *stub.rows[:4], *stub.rows[5:]]
    for fault, words in (
        (html(200), "<html>maintenance"),
        (cut, "cannot be reached"),
        (busy("2"), "asks us to wait"),
    ):
        stub.rows = leader
        stub.faults["*"] = fault
        read_until(case, desk, lambda words=words: words in row.inner_text())  # type: ignore[misc]
        assert on_the_board(watcher)[0].startswith("team0")
    asked = len(stub.asked)
    desk.get_by_role("button", name="Read now").click()
    desk.wait_for_load_state()
    assert len(stub.asked) == asked, "it was promised to be quiet for two seconds"
    stub.faults.clear()
    read_until(case, desk, lambda: "wait" not in row.inner_text())
    watcher.wait_for_function(
        "document.querySelector('table.standings tbody th').textContent.includes('team4')"
    )
    assert watcher.evaluate("window.same")

    # The end, and a private board on which the leader has fallen to the last place.
    stub.ends = told(datetime.now(UTC) - timedelta(seconds=1))
    stub.final = [
        replace(one, score=0.2 + n / 100) for n, one in enumerate([*leader[1:], leader[0]])
    ]
    stub.faults["GetLeaderboard"] = html(200)
    read_until(case, desk, lambda: "completed, not finished yet" in row.inner_text())
    stub.faults.clear()
    read_until(case, desk, lambda: "not finished yet" not in row.inner_text())
    watcher.get_by_role("heading", name="The private board").wait_for(timeout=30_000)
    names = on_the_board(watcher)
    assert (names[0].split()[0], names[-1].split()[0]) == ("team0", "team4")
    _, answer = case.here.call("GET", "/ratings")
    rated = {row["username"]: row["rating"] for row in answer["data"]}
    assert rated["dan"] > 1500 > rated["eve"]
    watcher.goto(f"/users/{case.users['dan']}")
    assert "1 of 2" in watcher.locator("main").inner_text()


def told(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def read_until(case: Showcase, desk: Any, so: Callable[[], bool]) -> None:
    """The clock's two jobs, as often as it takes: it asks every five and ten minutes, and so do we."""
    socket = next((case.here.data / "redis").glob("*.sock"))
    with closing(redis_library.Redis(unix_socket_path=str(socket))) as connection:
        for attempt in range(100):
            if attempt % 10 == 0:
                for job in (kaggle.status, kaggle.boards):
                    Queue(OUTSIDE, connection=connection).enqueue(job, result_ttl=0)
            time.sleep(0.2)
            desk.goto("/competitions/kaggle")
            if so():
                return
    raise AssertionError(f"It did not come to that: {desk.locator('main').inner_text()}")
