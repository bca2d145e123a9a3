"""In a real browser: an instructor writes one challenge of each kind by form, and a learner solves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.challenges.test_sql import GOALS, INIT, REWRITTEN, SOLUTION
from tests.live.watcher import served

# pure: what is asked is the browser, once is enough
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure]

CODE = "def add(a, b):\n    return a + b\n"
SMALL, OTHER = (case["data"] for case in GOALS["test_cases"])


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


def put(page: Any, field: str, code: str) -> None:
    """Put `code` into the editor of that field, as from the clipboard."""
    place = page.locator(f".field:has(#{field})")
    place.scroll_into_view_if_needed()  # the editor comes when it is seen
    content = place.locator(".editor .cm-content")
    content.click(timeout=5000)
    page.keyboard.press("ControlOrMeta+a")
    content.evaluate(
        """(content, code) => {
            const data = new DataTransfer();
            data.setData("text/plain", code);
            const asked = {clipboardData: data, bubbles: true, cancelable: true};
            content.dispatchEvent(new ClipboardEvent("paste", asked));
        }""",
        code,
    )


def begin(page: Any, link: str, name: str) -> None:
    page.goto("/challenges")
    page.get_by_role("link", name="Teach").click()
    page.locator("main").get_by_role("link", name="Challenges").click()
    page.get_by_role("link", name=link).click()
    page.get_by_label("Name", exact=True).fill(name)


def publish(page: Any) -> str:
    """Publish it; its number."""
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_text("Published: everybody finds it").wait_for()
    return str(page.url.split("/")[-2])


def write_sql(page: Any) -> str:
    begin(page, "New SQL challenge", "Goals by team")
    put(page, "init", INIT)
    put(page, "solution", SOLUTION.replace("LEFT JOIN", "LEFT JION"))
    page.get_by_label("Case 1, data").fill(SMALL)
    page.get_by_label("Case 2, data").fill(OTHER)
    page.get_by_role("button", name="Add a case").click()
    page.get_by_label("Case 3, name").fill("no team at all")  # in place: what was typed is there
    assert page.get_by_label("Case 2, data").input_value() == OTHER
    page.get_by_role("button", name="Run my solution").click()
    page.locator("#solution-error").wait_for()  # a word is wrong; nothing is lost
    put(page, "solution", SOLUTION)
    page.get_by_role("button", name="Run my solution").click()
    page.get_by_role("heading", name="Your solution is right on 3 of 3 cases").wait_for()
    return publish(page)


def write_coding(page: Any) -> str:
    begin(page, "New Python challenge", "Add two numbers")
    page.get_by_label("Function", exact=True).fill("add")
    put(page, "solution", CODE)
    first = page.get_by_label("Case 1, called with")
    first.fill("1, two")
    first.blur()
    page.get_by_text("This is no JSON yet").wait_for()
    first.fill("1, 2")
    page.get_by_label("Case 2, called with").fill("2, -5")
    page.get_by_role("button", name="Case 2 up").click()
    page.locator("#test_cases-0", has=page.locator("text='2, -5'")).wait_for()
    assert page.get_by_label("Case 2, visible").is_checked()
    return publish(page)


def write_quiz(page: Any) -> str:
    begin(page, "New quiz", "Measuring")
    page.get_by_label("Question", exact=True).fill("Which falls with more false alarms?")
    for number, choice in enumerate(("recall", "precision"), 1):
        page.get_by_label(f"Question 1, choice {number}", exact=True).fill(choice)
    page.get_by_label("Question 1, choice 2 is right").check()
    page.get_by_role("button", name="Add a question").click()
    second = page.get_by_role("group", name="Question 2")
    second.get_by_label("Kind").select_option("number")
    assert not second.locator(".choices").is_visible()
    second.get_by_label("Question", exact=True).fill("1 + 1?")
    second.get_by_label("Right number").fill("2")
    return publish(page)


def test_one_of_each_kind_is_written_by_form_and_solved(
    enter: Any, author: Any, user: Any, work: Any
) -> None:
    desk, learner = enter(author), enter(user)
    for write, solve in (
        (write_sql, lambda: put(learner, "query", REWRITTEN)),
        (write_coding, lambda: put(learner, "code", CODE)),
        (write_quiz, lambda: answer(learner)),
    ):
        number = write(desk)
        learner.goto("/challenges")
        learner.locator(f'a[href="/challenges/{number}"]').last.click()
        solve()
        learner.get_by_role("button", name="Submit").or_(
            learner.get_by_role("button", name="Hand in")
        ).click()
        learner.locator("#verdict").wait_for()
        work()
        learner.reload()
        assert learner.get_by_role("heading", level=1).inner_text() == "Solved"
    desk.goto("/challenges/written")
    assert desk.get_by_text("Published (3)").is_visible()


def answer(page: Any) -> None:
    page.get_by_label("precision").check()
    page.get_by_label("Your number").fill("2")


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
