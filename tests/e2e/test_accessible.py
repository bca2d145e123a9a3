"""Every page, as axe sees it, in both themes and on a phone; and none scrolls sideways or complains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.arena import PASSWORD, arena
from benchmarks.showcase import Showcase, populate

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(400)]

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# What axe's own documentation calls the rules of WCAG 2 A and AA, and its best practices.
RUN = "(options) => axe.run(document, {resultTypes: ['violations'], ...options})"
WIDTHS = {"light": 1280, "dark": 360}
# Every rule once; again what the colours and the width of the window can change.
RULES: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {
        "runOnly": [
            "color-contrast",
            "link-in-text-block",
            "scrollable-region-focusable",
            "target-size",
        ]
    },
}
# Pages of other people's making, which we only frame.
FRAMED = {"api-docs"}


@pytest.fixture(scope="module")
def case() -> Iterator[Showcase]:
    with arena(WORKERS="1") as here:
        yield populate(here)


def said(violation: dict[str, Any]) -> str:
    places = [str(node["target"]) for node in violation["nodes"][:3]]
    why = violation["nodes"][0]["failureSummary"].replace("\n", " ")
    return f"{violation['id']}: {violation['help']} at {places}: {why}"


@pytest.mark.parametrize("theme", WIDTHS)
def test_every_page(chromium: Any, case: Showcase, theme: str) -> None:
    look = {"color_scheme": theme, "reduced_motion": "reduce"}
    look |= {"viewport": {"width": WIDTHS[theme], "height": 800}}
    tabs: dict[str | None, Tab] = {}
    faults: list[str] = []
    for name, (path, who) in case.pages().items():
        if who not in tabs:
            tabs[who] = Tab(chromium.new_context(base_url=case.here.url, **look), who)
        found = tabs[who].faults_of(path, None if name in FRAMED else RULES[theme])
        faults += [f"{name}: {fault}" for fault in found]
    for tab in tabs.values():
        tab.page.context.close()
    assert not faults, "\n" + "\n".join(faults)


class Tab:
    """A person's tab, which goes from page to page: a new one for each would be a new process for each."""

    def __init__(self, context: Any, who: str | None) -> None:
        if who is not None:
            log_in(context, who)
        self.page = context.new_page()
        self.heard: list[str] = []
        self.page.on("pageerror", lambda error: self.heard.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, line: Any) -> None:
        if "Policy" in line.text:
            self.heard.append(line.text)

    def faults_of(self, path: str, rules: dict[str, Any] | None) -> list[str]:
        """What is wrong with the page at `path`: to axe (None: not asked), to the console, in its width."""
        page = self.page
        self.heard.clear()
        page.goto(path)
        faults: list[str] = []
        if rules is not None:
            page.evaluate(AXE.read_text(encoding="utf-8"))
            faults += [said(violation) for violation in page.evaluate(RUN, rules)["violations"]]
            for landmark in ("h1", "main"):
                if page.locator(landmark).count() != 1:
                    faults.append(f"{page.locator(landmark).count()} of <{landmark}>, and not one")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            faults.append(f"{wide} px wider than the window")
        return faults + self.heard


def log_in(context: Any, who: str) -> None:
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=username]", who)
    page.fill("[name=password]", PASSWORD)
    page.click("main form [type=submit]")
    page.wait_for_load_state()
    page.close()
