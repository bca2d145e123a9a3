"""The pages that no address leads to: too large, too many, broken. As axe sees them, in both themes, on a
desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import abort

from tests.live.watcher import served

pytestmark = [pytest.mark.browser, pytest.mark.pure]

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = "axe.run(document, {resultTypes: ['violations']})"
# Nothing moves any more; and a frame was drawn in these colours.
AT_REST = """async () => {
  const moving = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < Infinity);
  await Promise.all(moving.map((one) => one.finished.catch(() => null)));
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}"""
WIDTHS = (1280, 360)
THEMES = ("light", "dark")
MOST_ASKED = 1000


@pytest.fixture
def address(another_app: Any) -> Iterator[str]:
    """An arena with limits, and with doors that are too small or broken; its limit of searches is reached."""
    app = another_app(ratelimit_enabled=True)

    @app.get("/fail/413")
    def too_large() -> str:
        abort(413)

    @app.get("/fail/500")
    def broken() -> str:
        raise RuntimeError("the secret reason")

    browser = app.test_client()  # from the same address as Chromium
    assert any(browser.get("/search").status_code == 429 for _ in range(MOST_ASKED))
    with served(app) as url:
        yield url


def test_they_are_for_everybody(chromium: Any, address: str) -> None:
    context = chromium.new_context(base_url=address, reduced_motion="reduce")
    page = context.new_page()
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda line: heard.append(line.text) if "Policy" in line.text else None)
    faults: list[str] = []
    pages = {
        413: ("/fail/413", "larger than"),
        429: ("/search", "Too many"),
        500: ("/fail/500", "broke"),
    }
    for status, (path, words) in pages.items():
        answer = page.goto(path)
        assert answer.status == status
        assert words in page.locator("main h1").inner_text()
        assert (page.locator("h1").count(), page.locator("main").count()) == (1, 1)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for theme in THEMES:
            for width in WIDTHS:
                page.emulate_media(color_scheme=theme)
                page.set_viewport_size({"width": width, "height": 800})
                page.evaluate(AT_REST)
                at = f"{status}, {theme}, {width} px"
                faults += [
                    f"{at}: {one['id']}: {one['help']} at {[n['target'] for n in one['nodes']]}"
                    for one in page.evaluate(RUN)["violations"]
                ]
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                faults += [f"{at}: {wide} px wider than the window"] if wide > 0 else []
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body"), (
            f"{status}: no way by keys"
        )
    context.close()
    assert not faults, "\n" + "\n".join(faults)
    assert heard == []
