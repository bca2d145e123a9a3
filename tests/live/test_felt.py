"""What a reader feels: XP counted up, a badge's moment, rows that wait for the pointer, a board's past."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mlarena.boards import service as boards
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.rewards import service as rewards
from mlarena.rewards.models import Badge, Level
from mlarena.submissions import intake
from mlarena.submissions.verdict import Verdict
from tests.live.browsing import (
    BOARD,
    LEAGUE,
    WATCH_SHIFTS,
    at_rest,
    connected,
    hears,
    rows,
    settled,
    until,
)

# Pure: how movement looks. That the news arrives is test_pages.py's, on whatever services there are.
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure]

WATCH_XP = """
window.xps = [];
const shown = document.querySelector('main [data-xp]');
new MutationObserver(() => window.xps.push(shown.textContent))
  .observe(shown, {childList: true, characterData: true, subtree: true});
"""


@pytest.fixture
def prizes(app: Any) -> None:
    """A badge for the first quest, and a level that its XP opens."""
    db.session.add_all(
        [
            Badge(
                slug="first",
                name="First Steps",
                description="Pass your first quest.",
                icon="footprints",
                condition_type="quests_completed",
                condition_value=1,
            ),
            Level(slug="second", order=2, name="Second Level", required_xp=150),
        ]
    )
    db.session.commit()


def test_a_verdict_is_felt_on_the_front_page(
    open_page: Any, make_user: Any, quest: Any, prizes: None, sending: Any, scores: Any
) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    scores(bob, 80)
    scores(ada, 50)
    rewards.reward_pass(ada, "task:0", 50, "Passed before", (), False, utcnow())
    db.session.commit()
    submission = intake.accept(ada, quest, {"format": "joblib", "filename": "m.joblib"})
    page = open_page("/", ada)
    connected(page)
    assert rows(page, LEAGUE)[0][1] == "bob"
    page.evaluate(WATCH_SHIFTS + WATCH_XP)

    settled(submission, Verdict("scored", score=0.95, passed=True, report={"threshold": 0.9}))

    toasts = page.locator("#toasts .toast")
    until(page, lambda: toasts.count() == 1)  # one verdict, one toast
    told = toasts.locator("p").all_inner_texts()
    assert len(told) == 3
    assert told[0].startswith("Attempt 1 passed: +100 XP.")
    assert told[1].startswith("You are level 2 now. “Second Level” is open")
    assert told[2].startswith("New badge: First Steps. Pass your first quest.")
    assert page.locator("#toasts").get_attribute("role") == "status"  # said politely

    xp = page.locator("main [data-xp]")
    until(page, lambda: xp.inner_text() == "150")
    steps = [int(text) for text in page.evaluate("window.xps")]
    assert len(steps) > 5 and steps == sorted(steps) and 50 < steps[len(steps) // 2] < 150
    bar = page.locator("main progress[data-level-bar]")
    assert (bar.get_attribute("value"), bar.get_attribute("max")) == ("50", "200")
    assert page.locator("main [data-level]").inner_text() == "2"
    assert page.locator("main [data-level-way]").inner_text() == "50 of 200 XP to level 3"

    until(page, lambda: rows(page, LEAGUE)[0] == ("1", "ada you are here", "150"))
    until(page, lambda: page.locator("#days li.today.active").count() == 1)
    assert page.get_by_role("heading", level=1).inner_text() == "Every open quest is passed"
    assert "passed" in page.locator("#recent-part tbody tr").first.inner_text().lower()
    assert page.locator(f"{LEAGUE} [data-own-rank]").inner_text() == "1"
    at_rest(page)
    assert page.evaluate("window.shifts") == []

    page.reload()
    assert xp.inner_text() == "150"
    page.goto(f"/submissions/{submission.id}")  # without a socket's word it is told too
    earned = page.locator(".earned").inner_text()
    assert "+100" in earned and "First Steps" in earned and "Second Level" in earned


def test_who_wants_no_movement_gets_none(
    open_page: Any, user: Any, quest: Any, prizes: None, sending: Any
) -> None:
    submission = intake.accept(user, quest, {"format": "joblib", "filename": "m.joblib"})
    page = open_page("/", user, reduced_motion="reduce")
    connected(page)
    page.evaluate(WATCH_XP)
    settled(submission, Verdict("scored", score=0.95, passed=True, report={"threshold": 0.9}))
    until(page, lambda: page.locator("main [data-xp]").inner_text() == "100")
    assert page.evaluate("window.xps") == ["100"]
    page.goto("/boards")
    assert page.evaluate("document.getAnimations().length") == 0


def test_rows_wait_while_the_pointer_is_on_them_and_then_move(
    open_page: Any, make_user: Any, sending: Any, scores: Any
) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    scores(ada, 100)
    scores(bob, 50)
    page = open_page("/boards")
    connected(page)
    page.locator(f"{BOARD} tbody tr").first.hover()
    scores(bob, 200)
    note = page.locator(f"{BOARD} .waits")
    until(page, lambda: note.evaluate("e => getComputedStyle(e).visibility") == "visible")
    assert [name for _, name, _ in rows(page)] == ["ada", "bob"]
    scores(ada, 400)
    hears(page, lambda frame: '"leaderboard"' in frame and '"score":500' in frame)
    assert [score for _, _, score in rows(page)] == ["100", "50"]
    page.mouse.move(0, 0)
    until(page, lambda: rows(page) == [("1", "ada", "500"), ("2", "bob", "250")])
    assert note.evaluate("e => getComputedStyle(e).visibility") == "hidden"


def test_a_boards_past_is_a_slider_and_its_present_comes_back(
    open_page: Any, make_user: Any, quest: Any, app: Any, sending: Any
) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    start = utcnow() - timedelta(days=3)
    for day, (person, score) in enumerate(((ada, 0.5), (bob, 0.6), (ada, 0.7))):
        with freeze(start + timedelta(days=day)):
            boards.record(quest.board(), person.id, score, "higher", start + timedelta(days=day))
            db.session.commit()
    address, board = f"/boards/quest/{quest.id}", f"[data-board='{quest.board()}']"
    page = open_page(address)
    slider = page.get_by_label("The board as it stood")
    assert slider.get_attribute("type") == "range"
    assert [name for _, name, _ in rows(page, board)] == ["ada", "bob"]

    slider.focus()
    page.keyboard.press("ArrowLeft")
    until(page, lambda: [name for _, name, _ in rows(page, board)] == ["bob", "ada"])
    assert slider.get_attribute("aria-valuetext") == page.locator(".replay output").inner_text()
    page.keyboard.press("Home")
    until(page, lambda: rows(page, board) == [("1", "ada", "0.5000")])
    assert "at=" in page.url

    page.reload()  # the address is the moment
    assert rows(page, board) == [("1", "ada", "0.5000")]
    page.get_by_role("button", name="Play").click()
    until(page, lambda: len(rows(page, board)) == 2 and "at=" not in page.url, within=30)
    assert rows(page, board)[0] == ("1", "ada", "0.7000")
    page.get_by_role("button", name="Play").wait_for()

    plain = open_page(address, java_script_enabled=False)
    plain.get_by_label("The board as it stood").select_option(index=0)
    plain.get_by_role("button", name="Show it").click()
    assert rows(plain, board) == [("1", "ada", "0.5000")]
    assert "as they stood on" in plain.locator(f"{board} caption").inner_text()
