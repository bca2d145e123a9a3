"""Looking at live pages with a real browser: what stands there, and waiting for what comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from mlarena.submissions import claim
from mlarena.submissions.models import Submission
from mlarena.submissions.settle import settle
from mlarena.submissions.verdict import Verdict

BOARD = "[data-board=global]:not([data-around])"
LEAGUE = "[data-board=global][data-around]"
# Everything that the page shifted by itself: layout-shift without recent input.
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const moved = entry.sources.map(({node, previousRect: was, currentRect: is}) =>
      `${node?.nodeName} ${node?.className} ${JSON.stringify(was)} to ${JSON.stringify(is)}`);
    window.shifts.push(...moved);
  }
}).observe({type: 'layout-shift', buffered: false});
"""


def rows(page: Any, board: str = BOARD) -> list[tuple[str, str, str]]:
    """Rank, name and score as they stand on the page."""
    cells = page.locator(f"{board} tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
    )
    return [(rank, name, score) for rank, name, score, _ in cells]


def until(page: Any, holds: Callable[[], bool], within: float = 30.0) -> None:
    """Playwright's own wait_for_function needs `eval`, which the pages' policy forbids."""
    for _ in range(int(within * 20)):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"not within {within} s; the page: {page.locator('main').inner_text()[:500]}")


# What came over a page's socket, by page.
_heard: WeakKeyDictionary[Any, list[str]] = WeakKeyDictionary()


def listen(page: Any) -> None:
    """Note what the page's socket hears, from its next visit on."""

    def left(_frame: Any = None) -> list[str]:
        _heard[page] = []
        return _heard[page]

    def opened(socket: Any) -> None:
        heard = left()
        socket.on("framereceived", lambda frame: heard.append(str(frame).replace(" ", "")))

    page.on("framenavigated", left)
    page.on("websocket", opened)


def hears(page: Any, wanted: Callable[[str], bool], times: int = 1) -> None:
    """Wait until its socket has heard that, and the page has looked at it."""
    until(page, lambda: sum(map(wanted, _heard.get(page, []))) >= times)
    page.evaluate("new Promise(requestAnimationFrame)")


def connected(page: Any) -> None:
    """Wait until the page is in its rooms and has joined its boards; then nothing that follows is missed."""
    boards = page.locator("[data-board]").evaluate_all(
        "all => new Set(all.map((one) => one.dataset.board)).size"
    )
    hears(page, lambda frame: frame.startswith("40"))
    hears(page, lambda frame: frame.startswith("43"), times=boards)


def at_rest(page: Any) -> None:
    """Wait until nothing moves any more."""
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")


def settled(submission: Submission, verdict: Verdict) -> None:
    token = claim.claim(submission.id)
    assert token is not None
    assert settle(submission.id, token, verdict)
