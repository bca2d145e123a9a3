"""The bell in a browser: two tabs of one reader, and the page of a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.core.clock import utcnow
from mlarena.notifications import choices
from mlarena.notifications.quiet import DAY
from mlarena.notifications.service import About, notify
from tests.live.browsing import connected, until
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
