"""What a reader sees move in a real browser, and that it is the truth after a break."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.accounts.models import User
from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live.publish import close, user_room
from mlarena.submissions import intake
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict
from tests.live.browsing import (
    BOARD,
    LEAGUE,
    WATCH_SHIFTS,
    at_rest,
    connected,
    rows,
    settled,
    until,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_rows_move_change_and_appear_without_a_reload(
    open_page: Any, make_user: Any, sending: Any, scores: Any
) -> None:
    ada, grace = make_user("ada"), make_user("grace", timezone="Asia/Tokyo")
    scores(ada, 1500)
    page = open_page("/boards", grace)
    connected(page)
    page.evaluate("window.unchanged = true")
    page.evaluate(WATCH_SHIFTS)

    scores(grace, 2000)

    own = page.locator(f"{BOARD} tr.me")
    own.wait_for()
    assert rows(page) == [("1", "grace you are here", "2,000"), ("2", "ada", "1,500")]
    assert page.locator(f"{BOARD} [data-total]").inner_text() == "2"
    assert own.locator("a").get_attribute("href") == f"/users/{grace.id}"
    summary = page.locator("p.visually-hidden[role=status]")
    until(page, lambda: summary.text_content() == "grace leads with 2,000.")
    until(page, lambda: page.locator("tr.changed").count() == 0)
    scores(ada, 1000)
    until(page, lambda: [name for _, name, _ in rows(page)] == ["ada", "grace you are here"])
    at_rest(page)
    assert page.evaluate("window.shifts") == []

    live = page.locator(BOARD).inner_html()
    assert page.evaluate("window.unchanged") is True
    page.reload()
    fresh = page.locator(BOARD).inner_html()
    assert text_of(live) == text_of(fresh)  # times in the reader's zone too


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_an_empty_board_gets_its_first_row(
    open_page: Any, user: Any, sending: Any, scores: Any
) -> None:
    page = open_page("/boards")
    connected(page)
    assert page.locator(f"p{BOARD}").count() == 1
    scores(user, 100)
    page.locator(f"table{BOARD} tbody tr").wait_for(timeout=15_000)
    assert rows(page) == [("1", "ada", "100")]


def test_a_page_that_was_cut_off_catches_up(
    open_page: Any, make_user: Any, app: Any, scores: Any
) -> None:
    ada, grace = make_user("ada"), make_user("grace")
    scores(ada, 100)
    page = open_page("/boards", ada)
    connected(page)
    page.context.set_offline(True)
    close(user_room(ada.id))  # no flusher is running either: nothing but the return can tell
    page.wait_for_timeout(300)
    scores(grace, 200)
    page.context.set_offline(False)
    until(page, lambda: len(rows(page)) == 2, within=30)
    assert rows(page)[0][:2] == ("1", "grace")


def test_ones_own_row_below_the_page_follows(
    open_page: Any, make_user: Any, sending: Any, scores: Any
) -> None:
    me = make_user("me")
    now = utcnow()
    people = [
        {"username": f"p{n}", "username_key": f"p{n}", "email": f"p{n}@x.org",
         "email_key": f"p{n}@x.org", "password_hash": "none"}
        for n in range(60)
    ]  # fmt: skip
    db.session.execute(sa.insert(User), people)
    ids = db.session.scalars(sa.select(User.id).where(User.id != me.id)).all()
    changes = [boards.add("global", one, 1000 + one, now - timedelta(1)) for one in ids]
    changes.append(boards.add("global", me.id, 10, now))
    db.session.commit()
    board_index.apply(changes)
    page = open_page("/boards", me)
    connected(page)
    own = page.locator(f"{BOARD} tr.me td")
    league = page.locator(f"{LEAGUE} [data-own-rank]")
    assert own.first.inner_text() == "61"
    assert league.inner_text() == "61"
    assert [rank for rank, _, _ in rows(page, LEAGUE)] == [str(n) for n in range(55, 62)]
    scores(me, sorted(ids)[10] + 1000 - 10 - 0.5)
    until(page, lambda: own.first.inner_text() == "51", within=30)
    until(page, lambda: league.inner_text() == "51", within=30)
    assert [rank for rank, _, _ in rows(page, LEAGUE)] == [str(n) for n in range(48, 55)]
    scores(me, 5000)
    until(page, lambda: page.locator(f"{BOARD} tbody tr.me").count() == 1, within=30)
    assert own.first.inner_text() == "1"
    assert league.inner_text() == "1"
    assert page.locator(f"{BOARD} tbody tr").count() == 50
    assert page.locator("tfoot tr").count() == 0


@pytest.mark.parametrize("socket", ["with the socket", "without the socket"])
def test_a_verdict_arrives_by_itself(open_page: Any, user: Any, quest: Any, socket: str) -> None:
    submission = intake.accept(user, quest, {"format": "joblib", "filename": "m.joblib"})
    page = open_page("/", user)
    if socket == "without the socket":
        page.context.route("**/socket.io.esm.min.js", lambda route: route.abort())
    page.goto(f"/submissions/{submission.id}")
    assert page.locator("#verdict").get_attribute("data-status") == "queued"
    if socket == "with the socket":
        connected(page)
    page.evaluate("window.unchanged = true")

    settled(submission, Verdict("scored", score=0.95, passed=True))

    patience = 3_000 if socket == "with the socket" else 8_000
    page.wait_for_selector('#verdict[data-status="scored"]', timeout=patience)
    assert "Passed" in page.get_by_role("heading", level=1).inner_text()
    until(page, lambda: page.locator("[data-xp]").first.inner_text() == "100")
    assert page.evaluate("window.unchanged") is True


def test_another_page_of_the_learner_hears_of_the_verdict(
    open_page: Any, user: Any, quest: Any
) -> None:
    submission = intake.accept(user, quest, {"format": "joblib", "filename": "m.joblib"})
    page = open_page("/quests", user)
    connected(page)
    settled(submission, Verdict("scored", score=0.95, passed=True))
    link = page.locator("#toasts a")
    link.wait_for()
    assert link.inner_text() == "Attempt 1 passed: +100 XP. See its report."
    assert link.get_attribute("href") == f"/submissions/{submission.id}"
    until(page, lambda: page.locator("[data-xp]").first.inner_text() == "100")

    # A phone has room for one at a time; what lies under it can be scrolled clear of it.
    page.set_viewport_size({"width": 390, "height": 700})
    second = intake.accept(user, quest, {"format": "joblib", "filename": "again.joblib"})
    settled(second, Verdict("scored", score=0.2, passed=False))
    toasts = page.locator("#toasts .toast")
    until(page, lambda: toasts.count() == 2)
    assert [toast.is_visible() for toast in toasts.all()] == [True, False]
    said_below = toasts.first.evaluate("one => getComputedStyle(one, '::after').content")
    assert said_below == '"1 more"'
    page.mouse.wheel(0, 100_000)
    top, lowest = page.locator("#toasts").bounding_box()["y"], page.locator("footer form")
    until(page, lambda: sum(lowest.bounding_box()[one] for one in ("y", "height")) < top)
    toasts.first.get_by_label("Put away").click()
    until(page, lambda: toasts.count() == 1)
    assert toasts.first.is_visible() and toasts.first.get_attribute("data-waiting") is None
    assert "not there yet" in toasts.first.inner_text()


# What the bar has shown, as it is set: a value, or none while the server works on what has all arrived.
WATCH_PROGRESS = """
window.progress = [];
const bar = document.querySelector("form[data-upload] progress");
new MutationObserver(() => window.progress.push(bar.getAttribute("value"))).observe(bar, {attributes: true});
"""


def test_how_far_an_upload_is_shows_while_it_goes(
    open_page: Any, user: Any, quest: Any, tmp_path: Path
) -> None:
    """Over a line of 8 MB a second; a file that is refused in the end, so that the page stays."""
    page = open_page(f"/quests/{quest.id}", user)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 8 << 20}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    page.get_by_text("Upload", exact=True).click()
    large = tmp_path / "model.joblib"
    large.write_bytes(b"not a model " * (1 << 20))
    page.locator("input[type=file]").set_input_files(large)
    page.evaluate(WATCH_PROGRESS)
    page.get_by_role("button", name="Submit the model").click()
    page.locator("#model_file-error").wait_for()
    shown = page.evaluate("window.progress")
    on_the_way = [float(value) for value in shown if value and 0 < float(value) < 100]
    assert len(set(on_the_way)) >= 2 and on_the_way == sorted(on_the_way), shown
    assert None in shown
    assert page.locator("form[data-upload] progress").is_hidden()


def test_an_upload_that_is_refused_says_why_beside_the_field(
    open_page: Any, user: Any, quest: Any, tmp_path: Path
) -> None:
    page = open_page(f"/quests/{quest.id}", user)
    page.get_by_text("Upload", exact=True).click()
    field = page.locator("input[type=file]")
    wrong = tmp_path / "model.joblib"
    wrong.write_text("not a model")
    field.set_input_files(wrong)
    page.get_by_role("button", name="Submit the model").click()
    complaint = page.locator("#model_file-error")
    complaint.wait_for()
    assert len(complaint.inner_text()) > 20
    assert field.get_attribute("aria-invalid") == "true"
    assert "model_file-error" in (field.get_attribute("aria-describedby") or "")
    assert page.url.endswith(f"/quests/{quest.id}")
    assert page.locator("form[data-upload] progress").is_hidden()

    huge = tmp_path / "huge.joblib"
    with huge.open("wb") as file:
        file.truncate(51 << 20)
    field.set_input_files(huge)
    assert complaint.count() == 0
    page.get_by_role("button", name="Submit the model").click()
    complaint.wait_for()
    assert complaint.inner_text() == "huge.joblib has 51.0 MB, and at most 50 MB are taken."
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 0
