"""In a real browser: what an instructor typed is not lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.challenges.browser_writing import OTHER, SMALL, put
from tests.challenges.test_sql import INIT, SOLUTION
from tests.live.watcher import served

# pure: what is asked is the browser, once is enough
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure]


@pytest.fixture
def enter(app: Any, chromium: Any, signed_in: Any) -> Iterator[Callable[..., Any]]:
    """enter(user) -> a page of a browser of theirs; what its console complains of fails the test."""
    complaints: list[str] = []
    contexts: list[Any] = []
    with served(app) as url:

        def open_(user: Any) -> Any:
            context = chromium.new_context(base_url=url)
            context.set_default_timeout(8000)
            contexts.append(context)
            cookie = signed_in(user).get_cookie("session")
            context.add_cookies([{"name": "session", "value": cookie.value, "url": url}])
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", lambda asked: complaints.append(f"asked: {asked.type}"))
            page.on(
                "console", lambda line: complaints.append(line.text) if line.type == "error" else 0
            )
            return page

        open_.complaints = complaints  # type: ignore[attr-defined]
        yield open_
        for context in contexts:
            context.close()
    assert complaints == []


def test_what_was_sent_while_one_was_logged_out_comes_back(enter: Any, author: Any) -> None:
    page = enter(author)
    page.goto("/challenges/new/sql")
    notice = page.get_by_text("may not have been saved")
    assert notice.count() == 0
    # The editor reads the dialect of the engine that is chosen now.
    put(page, "solution", "SELECT 1 WHERE 'a' ILIKE 'A'")
    keyword = page.locator(".field:has(#solution) .cm-line span", has_text="ILIKE")
    assert keyword.count() == 0
    page.get_by_label("Engine").select_option("postgres")
    keyword.wait_for()
    page.get_by_label("Engine").select_option("sqlite")
    put(page, "solution", SOLUTION)
    put(page, "init", INIT)
    page.get_by_label("Name", exact=True).fill("Typed for an hour")
    page.get_by_label("Case 1, data").fill(SMALL)
    page.get_by_label("Case 2, data").fill(OTHER)
    page.get_by_role("button", name="Add a case").click()
    page.get_by_label("Case 3, name").fill("the third")
    page.get_by_label("Case 3, data").fill(OTHER)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("heading", level=1).wait_for()
    assert page.get_by_label("Case 1, data").count() == 0, "it was taken from nobody"
    enter.complaints.clear()  # the browser notes that it was refused

    page.context.add_cookies(cookies)
    page.goto("/challenges/new/sql")
    notice.wait_for()
    page.get_by_role("button", name="Put it back").click()
    page.get_by_label("Case 3, name").wait_for()
    assert page.get_by_label("Case 3, name").input_value() == "the third"
    assert page.get_by_label("Name", exact=True).input_value() == "Typed for an hour"
    page.get_by_role("button", name="Save the draft").click()
    page.locator(".message.saved").wait_for()
    page.goto("/challenges/new/sql")
    assert page.locator("template[data-sent]").count() == 1 and notice.count() == 0
