"""What an instructor does in a browser to write a challenge of each kind."""

from __future__ import annotations

from typing import Any

from tests.challenges.test_sql import GOALS, INIT, SOLUTION

CODE = "def add(a, b):\n    return a + b\n"
SMALL, OTHER = (case["data"] for case in GOALS["test_cases"])


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


def write_coding(page: Any, solution: str = CODE) -> str:
    begin(page, "New Python challenge", "Add two numbers")
    page.get_by_label("Function", exact=True).fill("add")
    put(page, "solution", solution)
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
