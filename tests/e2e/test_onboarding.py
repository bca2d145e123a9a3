"""The first ten minutes: from the front page to a first pass by pressing whatever is brightest.

Nothing is read here, nothing is known of the pages but this: there is one primary button on each. Every
click, every key that sends a form and every field of a form is counted.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from typing import Any

import pytest

from benchmarks.arena import PASSWORD, Arena

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(300)]

MOST = 12
# Which of a page's buttons and links are filled with the accent: what shines, as the eye has it.
SHINING = """elements => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.backgroundColor = "var(--accent)";
  const accent = getComputedStyle(probe).backgroundColor;
  probe.remove();
  return elements.map((one) => getComputedStyle(one).backgroundColor === accent);
}"""
# Told from inside the page, so that no click is forgotten: what a person does, on any page.
COUNT = """
for (const kind of ["click", "change"]) addEventListener(kind, (event) => {
  const field = event.target.closest?.("input, select, textarea");
  if (!event.isTrusted || (kind === "click" && field)) return;
  counted(kind === "click" ? "click" : "field");
}, true);
"""


class Newcomer:
    """Somebody who has never been here, and presses what shines."""

    def __init__(self, browser: Any, here: Arena, **more: Any) -> None:
        self.page = browser.new_context(base_url=here.url, **more).new_page()
        self.did: Counter[str] = Counter()
        self.page.expose_binding("counted", lambda _source, what: self.did.update([what]))
        self.page.add_init_script(COUNT)

    def press_the_brightest(self) -> str:
        """The one primary button of the page; what it says."""
        pressable = self.page.locator("main :is(button, a)")
        shining = pressable.evaluate_all(SHINING)
        shown = [
            one
            for one, shines in zip(pressable.all(), shining, strict=True)
            if shines and one.is_visible()
        ]
        said = [one.inner_text().strip() for one in shown]
        assert len(shown) == 1, f"{self.page.url} has {len(shown)} primary buttons: {said}"
        shown[0].click()
        self.page.wait_for_load_state()
        return said[0]

    def fill_the_form(self) -> None:
        """What the form asks for. What it merely offers is a decision too."""
        name = f"newcomer-{uuid.uuid4().hex[:8]}"
        answers = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        fields = "main form :is(input, select, textarea):not([type=hidden], [type=submit])"
        for field in self.page.locator(fields).all():
            asked = field.get_attribute("name")
            if field.get_attribute("required") is not None:
                field.fill(answers.pop(asked))
            elif field.is_visible():
                self.did["left out"] += 1
        assert answers == {}


@pytest.mark.parametrize(
    "screen", [{"width": 1280, "height": 900}, {"width": 390, "height": 844}], ids=["desk", "phone"]
)
def test_a_first_pass_takes_a_dozen_clicks_and_decisions(
    chromium: Any, shared_arena: Arena, screen: dict[str, int]
) -> None:
    newcomer = Newcomer(chromium, shared_arena, viewport=screen)
    page = newcomer.page
    began = time.monotonic()
    page.goto("/")
    said = [newcomer.press_the_brightest()]
    newcomer.fill_the_form()
    said += [newcomer.press_the_brightest(), newcomer.press_the_brightest()]
    assert "/quests/" in page.url
    jump = page.get_by_role("link", name="Train or upload")
    if jump.is_visible():  # a phone, where the brief comes first
        jump.click()
        page.get_by_role("button", name="Train and submit").click()
    else:
        said.append(newcomer.press_the_brightest())
    verdict = page.locator("#run-title", has_text="Passed")
    verdict.wait_for(timeout=120_000)

    took = time.monotonic() - began
    total = sum(newcomer.did.values())
    print(f"{total} clicks and decisions ({dict(newcomer.did)}) in {took:.1f} s: {said}")
    assert newcomer.did["click"] >= 4, "the counting itself works"
    assert newcomer.did["field"] == 3
    assert total <= MOST
    page.locator("[data-xp]", has_text="100").first.wait_for(timeout=10_000)
