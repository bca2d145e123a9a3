"""A learner with only a browser finishes every shipped quest: one of them, from the first to the last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.arena import PASSWORD, Arena
from mlarena.packs.reader import read_pack
from mlarena.quests.datasets.recipes import BASELINES
from mlarena.release import STARTER
from tests.quests.solutions import SOLUTIONS
from tests.quests.test_bench_browser import CONTENT, becomes, paste, until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(300)]


def in_order() -> list[str]:
    """The shipped quests in the order of the path."""
    pack = read_pack(STARTER)
    levels = {level.slug: level.order for level in pack.levels}
    quests = sorted(pack.quests, key=lambda quest: (levels[quest.level], quest.position))
    return [quest.slug for quest in quests]


@pytest.fixture(scope="module")
def learner(shared_arena: Arena, chromium: Any) -> Iterator[Any]:
    """Somebody who has just registered, at a browser; nothing of it may be complained of."""
    context = chromium.new_context(base_url=shared_arena.url)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto("/register")
    page.get_by_label("User name", exact=False).fill("browser-only")
    page.get_by_label("E-mail").fill("browser-only@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form [type=submit]").first.click()
    page.wait_for_load_state()
    yield page
    context.close()
    assert complaints == []


def test_there_is_a_way_for_every_quest() -> None:
    assert set(SOLUTIONS) == set(in_order())


@pytest.mark.parametrize("slug", in_order())
def test_finished_in_the_browser(learner: Any, shared_arena: Arena, slug: str) -> None:
    """Each opens the way to the next: one that fails leaves the later ones locked."""
    quest = shared_arena.quest(slug)
    xp = int(learner.locator("[data-xp]").first.inner_text().replace(",", ""))
    learner.goto(f"/quests/{quest['id']}")
    learner.locator(CONTENT).wait_for()
    learner.evaluate("window.unchanged = true")
    paste(learner, SOLUTIONS[slug])
    learner.get_by_role("button", name="Train and submit").click()
    verdict = becomes(learner, "scored")
    assert verdict.locator("#run-title").inner_text().startswith("Passed: ")
    until(
        learner,
        lambda: learner.locator("[data-xp]").first.inner_text() == f"{xp + quest['xp_reward']:,}",
    )
    assert learner.evaluate("window.unchanged") is True


def test_the_house_stands_on_every_board(shared_arena: Arena) -> None:
    """The three of its kind of task, by nobody's doing: the set-up has handed them in."""
    shared_arena.quiet()
    _, quests = shared_arena.call("GET", "/quests?per_page=100")
    assert {quest["slug"] for quest in quests["data"]} == set(in_order())
    for quest in quests["data"]:
        _, board = shared_arena.call("GET", f"/leaderboard?quest={quest['id']}&per_page=100")
        house = {row["username"] for row in board["data"] if row["house"]}
        assert house == set(BASELINES[quest["task_type"]]), quest["slug"]
