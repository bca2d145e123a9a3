"""The bell in a browser: two tabs of one reader, and the page of a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import presence
from mlarena.notifications import choices
from mlarena.notifications.models import Notification
from mlarena.notifications.quiet import DAY
from mlarena.notifications.service import About, notify
from mlarena.submissions import intake, notices
from mlarena.submissions.verdict import Verdict
from tests.live.browsing import connected, settled, until
from tests.live.conftest import live_url, open_page  # noqa: F401 – fixtures

pytestmark = pytest.mark.browser


def count(page: Any) -> str:
    return page.locator("[data-unread]:not([hidden])").all_inner_texts()


def test_two_tabs_say_the_same(user: Any, open_page: Any, routed: Any) -> None:  # noqa: F811
    first = open_page("/boards", user)
    connected(first)
    second = first.context.new_page()
    second.goto("/notifications")
    second.wait_for_selector("text=Nothing yet")
    notify(user, "announcement", About("announcement:1", "Hear, all", link="/cohorts"))
    routed()
    for page in (first, second):
        until(page, lambda page=page: count(page) == ["1"])
    until(second, lambda: second.locator(".notices a").all_inner_texts() == ["Hear, all"])
    assert first.locator("#toasts").inner_text().startswith("Hear, all")
    first.locator("a[data-notifications]").click()
    first.locator(".bell-list").get_by_text("Hear, all").wait_for()
    first.get_by_role("button", name="Mark all as read").click()
    for page in (first, second):
        until(page, lambda page=page: count(page) == [])
    until(second, lambda: second.locator(".notice.unread").count() == 0)
    # Where its page says it itself, and in quiet hours, nothing pops up; the count follows all the same.
    notify(user, "badge", About("badge:1", "A badge"))
    routed()
    until(first, lambda: count(first) == ["1"])
    assert "badge" not in first.locator("#toasts").inner_text()
    now = 60 * utcnow().hour + utcnow().minute
    choices.set_habits(user, quiet_from=(now - 60) % DAY, quiet_to=(now + 60) % DAY)
    notify(user, "announcement", About("announcement:2", "Hear in the night"))
    routed()
    until(first, lambda: count(first) == ["2"])
    assert "night" not in first.locator("#toasts").inner_text()


def test_what_comes_before_the_connection_is_read_again(
    user: Any,
    open_page: Any,  # noqa: F811
    routed: Any,
) -> None:
    page = open_page("/boards", user)
    held: list[Any] = []
    page.context.route("**/socket.io.esm.min.js*", lambda route: held.append(route))
    page.goto("/notifications")
    page.wait_for_selector("text=Nothing yet")
    until(page, lambda: held)
    notify(user, "announcement", About("announcement:1", "Hear, all", link="/cohorts"))
    routed()
    held[0].continue_()
    until(page, lambda: page.locator(".notices a").all_inner_texts() == ["Hear, all"])
    assert count(page) == ["1"]


def test_a_verdict_is_told_by_its_open_page_or_by_the_bell(
    user: Any,
    quest: Any,
    open_page: Any,  # noqa: F811
    routed: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What counts is what the page says over its socket, not that it was asked for a moment ago.
    monkeypatch.setattr(notices, "UNTIL_CONNECTED", 0)
    lost = Verdict("scored", score=0.1, passed=False)
    shown, other = (
        intake.accept(user, quest, {"format": "joblib", "filename": f"{name}.joblib"})
        for name in ("first", "second")
    )
    page = open_page(f"/submissions/{shown.id}", user)
    until(page, lambda: presence.looks_at(user.id, notices.about_verdict(shown)))
    page.evaluate("window.unchanged = true")
    settled(shown, lost)
    page.wait_for_selector('#verdict[data-status="scored"]', timeout=30_000)
    assert page.evaluate("window.unchanged") is True
    routed()
    assert db.session.scalars(db.select(Notification.about)).all() == []
    assert count(page) == []

    page.goto("/boards")
    connected(page)
    settled(other, lost)
    routed()
    until(page, lambda: count(page) == ["1"])
    page.locator("a[data-notifications]").click()
    page.locator(f'.bell-list a[href="/submissions/{other.id}"]').wait_for()


def test_a_burst_leads_to_where_all_of_it_stands(
    user: Any,
    open_page: Any,  # noqa: F811
    routed: Any,
) -> None:
    """Following one of it would mark the others as read, too, which nobody has seen."""
    for number in (1, 2, 3):
        about = f"assignment:{number}"
        notify(user, "assignment_due", About(about, f"Due {number}", link=f"/quests/{number}"))
    routed()
    page = open_page("/boards", user)
    until(page, lambda: count(page) == ["1"])
    page.locator("a[data-notifications]").click()
    page.get_by_role("link", name="Due 1 (and 2 more)").click()
    page.wait_for_url("**/notifications", timeout=30_000)
    page.get_by_text("3 assignments are due soon").wait_for()
    assert page.locator(".notice.unread").count() == 1
    assert count(page) == ["1"]
