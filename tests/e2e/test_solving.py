"""A learner solves one challenge of each kind, in a real browser, with scripts and without."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.arena import Arena
from tests.e2e.test_first_light import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(300)]

STARTER = Path(__file__).resolve().parents[2] / "content" / "starter" / "challenges"
SQL, CODING, QUIZ = "first-taps-fast", "accuracy-and-recall", "train-and-test"
# Notes whether a dot was filled while the verdict was still to come.
WATCH = """
new MutationObserver(() => {
  const verdict = document.querySelector("#verdict");
  const waits = verdict?.dataset.status === "running";
  if (waits && verdict.querySelector(".dots .pass")) window.sawProgress = true;
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


def written(slug: str) -> dict[str, Any]:
    """The challenge as its author wrote it."""
    (path,) = STARTER.glob(f"*/{slug}.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def learner(
    chromium: Any, shared_arena: Arena, request: pytest.FixtureRequest
) -> Iterator[Visitor]:
    """Somebody new; with `False` given, one without scripts."""
    scripts = getattr(request, "param", True)
    visitor = Visitor(chromium, shared_arena, java_script_enabled=scripts)
    if scripts:
        visitor.page.add_init_script(WATCH)
    visitor.register()
    yield visitor
    visitor.context.close()
    assert visitor.complaints == []


def opened(learner: Visitor, slug: str) -> None:
    """From the list, as a learner gets there."""
    learner.page.goto("/challenges")
    learner.page.get_by_role("link", name=written(slug)["name"], exact=True).click()


def write(page: Any, text: str) -> None:
    """Into the editor, in place of what stands there."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def solved(page: Any) -> None:
    page.locator('#verdict[data-status="scored"]').wait_for(timeout=15_000)
    assert page.locator("#verdict h1, #verdict h2").first.inner_text() == "Solved"


def test_a_query_is_completed_run_explained_kept_and_handed_in(learner: Visitor) -> None:
    page, challenge = learner.page, written(SQL)
    opened(learner, SQL)
    relations = page.locator(".relations svg").first
    assert "taps.rider_id refers to riders.id" in relations.get_attribute("aria-label")

    write(page, "SELECT day FROM (SELECT substr(at, 1, 10) AS day FROM taps) WHERE direct")
    page.keyboard.press("Control+Space")
    offered = page.locator(".cm-tooltip-autocomplete li")
    offered.first.wait_for()
    assert any("direction" in one for one in offered.all_inner_texts())
    page.keyboard.press("Escape")
    write(page, "SELECT day, id, rider_id FROM ta")
    page.keyboard.press("Control+Space")
    page.locator(".cm-tooltip-autocomplete li", has_text="taps").first.click()
    page.keyboard.press("Control+Enter")
    page.locator("#result-title", has_text="0 of 1 visible case right").wait_for()

    write(page, challenge["solution"])
    page.get_by_role("button", name="Plan").click()
    page.locator(".plan li").first.wait_for()
    page.keyboard.press("Escape")
    page.wait_for_timeout(400)  # what is typed is kept after a pause
    page.reload()
    page.locator(".cm-content").click()
    assert "PARTITION BY" in page.locator(".cm-content").inner_text()
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="1 of 1 visible case right").wait_for()

    write(page, "SELECT day, 1, 2 FROM (SELECT substr(at, 1, 10) AS day FROM taps)")
    page.keyboard.press("Shift+Control+Enter")
    page.locator('#verdict[data-status="scored"]').wait_for(timeout=15_000)
    assert "Not there yet" in page.locator("#verdict").inner_text()
    page.get_by_role("link", name="Try again").click()
    write(page, challenge["solution"])
    page.keyboard.press("Shift+Control+Enter")
    solved(page)
    assert page.evaluate("window.sawProgress === true"), "dots fill before the verdict"
    assert re.search(r"It costs [\d.]+ ×", page.locator("#verdict").inner_text())

    page.get_by_role("link", name="What changed since no. 1").click()
    assert page.locator(".change tr.new").count() > 3
    page.get_by_role("link", name=challenge["name"]).click()
    row = page.locator("[data-board] tr[data-user-id].me")
    assert 0.5 < float(row.locator("td.number").last.inner_text()) < 2


def test_code_is_run_and_handed_in(learner: Visitor) -> None:
    page, challenge = learner.page, written(CODING)
    opened(learner, CODING)
    write(page, "def scores(truth, answers, positive):\n    print('here')\n    return [0, 0]\n")
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="0 of 2 visible cases right").wait_for()
    assert "here" in page.locator("#result").inner_text()
    write(page, challenge["solution"])
    page.keyboard.press("Shift+Control+Enter")
    solved(page)


def answer(page: Any) -> None:
    """Every question of the quiz, in whatever order it is asked, as its author would."""
    for question in written(QUIZ)["questions"]:
        block = page.locator("fieldset", has_text=question["prompt"])
        right = question["answer"]
        if question["kind"] in ("single", "multiple"):
            for place in right if isinstance(right, list) else [right]:
                block.get_by_label(question["choices"][place], exact=True).check()
        else:
            block.locator("input").fill(str(right[0] if isinstance(right, list) else right))


def test_a_quiz_is_answered(learner: Visitor) -> None:
    opened(learner, QUIZ)
    answer(learner.page)
    learner.page.get_by_role("button", name="Hand in").click()
    solved(learner.page)


@pytest.mark.parametrize("learner", [False], indirect=True)
def test_all_of_it_works_without_scripts(learner: Visitor) -> None:
    page = learner.page
    for slug in (SQL, CODING, QUIZ):
        opened(learner, slug)
        if slug == QUIZ:
            answer(page)
        else:
            page.locator("textarea").fill(written(slug)["solution"])
            page.get_by_role("button", name="Run").click()
            assert re.search(r"(\d) of \1 visible", page.locator("#result").inner_text())
        page.get_by_role("button", name="Hand in" if slug == QUIZ else "Submit").click()
        for _ in range(100):
            if page.locator('#verdict[data-status="scored"]').count():
                break
            time.sleep(0.1)
            page.reload()
        solved(page)
