"""The walk of a new learner, in a real browser, against the real processes of `make run`."""

from __future__ import annotations

import io
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.arena import PASSWORD, Arena, arena

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def running() -> Iterator[Arena]:
    with arena(RATELIMIT_ENABLED="1", WORKERS="1") as here:
        yield here


class Visitor:
    """Somebody at a browser of their own; notes what the console complains of."""

    def __init__(self, browser: Any, here: Arena, **more: Any) -> None:
        self.here = here
        self.context = browser.new_context(base_url=here.url, accept_downloads=True, **more)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda line: self.complaints.append(line.text) if line.type == "error" else None,
        )

    def register(self) -> str:
        name = f"learner-{uuid.uuid4().hex[:8]}"
        self.page.goto("/")
        self.page.get_by_role("link", name="Register").first.click()
        self.page.get_by_label("User name", exact=False).fill(name)
        self.page.get_by_label("E-mail").fill(f"{name}@example.org")
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.locator("main form [type=submit]").first.click()
        self.page.wait_for_load_state()
        return name

    def train_and_save(self, folder: Path) -> Path:
        """Download the training data from the open quest's page, fit a line, save it."""
        import joblib
        import pandas as pd
        from sklearn.linear_model import LinearRegression

        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Training data").click()
        table = pd.read_csv(io.BytesIO(Path(download.value.path()).read_bytes()))
        model = LinearRegression().fit(table.drop(columns="price"), table["price"])
        path = folder / "model.joblib"
        joblib.dump(model, path)
        return path

    def upload(self, path: Path) -> None:
        """Hand the file in on the open quest's page."""
        self.page.get_by_text("Upload", exact=True).click()
        self.page.get_by_label("Your model", exact=True).set_input_files(path)
        self.page.get_by_role("button", name="Submit the model").click()


def test_from_registering_to_a_live_verdict_and_a_moving_board(
    chromium: Any, running: Arena, tmp_path: Path
) -> None:
    watcher = Visitor(chromium, running)
    watcher.page.goto("/boards")
    learner = Visitor(chromium, running)
    name = learner.register()
    assert "0" in learner.page.locator("[data-xp]").first.inner_text()

    learner.page.goto("/quests")
    learner.page.get_by_role("link", name="Linear Regression Challenge", exact=True).click()
    model = learner.train_and_save(tmp_path)
    loads: list[str] = []
    learner.upload(model)
    learner.page.wait_for_url(re.compile(r"/submissions/\d+"))
    learner.page.on("load", lambda: loads.append("load"))

    headline = learner.page.get_by_role("heading", level=1)
    learner.page.wait_for_selector('#verdict[data-status="scored"]', timeout=20_000)
    assert "Passed" in headline.inner_text()
    counted = learner.page.locator("[data-xp]", has_text=re.compile(r"^\s*100\s*$"))
    counted.first.wait_for(timeout=10_000)
    assert loads == []  # all of this without a reload

    row = watcher.page.locator("[data-board=global] tr[data-user-id]", has_text=name)
    row.wait_for(timeout=10_000)  # the other browser's board has moved, also without a reload
    assert "100" in row.inner_text()
    assert learner.complaints == []
    assert watcher.complaints == []


SKIP = "Skip to the content"


class Keyboard:
    """Somebody who has no mouse: what they come to, they come to by Tab, and they see where they are."""

    # Where the focus is, in words: what a field or a button is called; and whether that can be seen.
    FOCUSED = """() => {
      const one = document.activeElement;
      if (one === document.body) return ["", true];
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      const words = one.labels?.[0]?.textContent || one.getAttribute("aria-label") || one.textContent;
      const name = one.className === "editor" ? "Your code" : words.trim().replaceAll(/\\s+/g, " ");
      return [name, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
    }"""
    MOST = 60

    def __init__(self, page: Any) -> None:
        self.page = page

    def come_to(self, name: str) -> None:
        passed: list[str] = []
        while not passed or passed[-1] != name:
            assert len(passed) < self.MOST, f"no way to “{name}” by Tab, but to {passed}"
            self.page.keyboard.press("Tab")
            here, seen = self.page.evaluate(self.FOCUSED)
            assert seen or here == "MLArena", f"the focus on “{here}” cannot be seen"
            passed.append(here)

    def press(self, name: str) -> None:
        self.come_to(name)
        self.page.keyboard.press("Enter")

    def follow(self, *names: str) -> None:
        """Press each; it leads to another page, or another place of this one."""
        for name in names:
            self.come_to(name)
            self.enter()

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def fill(self, name: str, text: str) -> None:
        self.come_to(name)
        self.page.keyboard.type(text)


def test_the_whole_walk_by_keyboard_alone(chromium: Any, running: Arena) -> None:
    """From registering through *Train here* to a place on the board."""
    learner = Visitor(chromium, running)
    page, keys = learner.page, Keyboard(learner.page)
    name = f"keyboard-{uuid.uuid4().hex[:8]}"
    page.goto("/")
    keys.follow(SKIP, "Start playing", SKIP)
    keys.fill("User name", name)
    keys.fill("E-mail", f"{name}@example.org")
    keys.fill("Password", PASSWORD)
    keys.enter()

    keys.follow(SKIP, "Open the quest")
    page.locator(".editor .cm-content").wait_for()
    keys.come_to("Your code")
    page.keyboard.type("# mine\n")
    page.keyboard.press("Escape")  # Tab alone would indent it
    keys.press("Train and submit")
    page.locator("#run-title", has_text="Passed").wait_for(timeout=60_000)
    keys.follow("See the report card")
    assert "Passed" in page.get_by_role("heading", level=1).inner_text()

    keys.follow("Boards")
    own = page.locator("[data-board=global]:not([data-around]) tr.me")
    assert name in own.inner_text() and "100" in own.inner_text()
    assert learner.complaints == []


def test_the_walk_without_javascript(chromium: Any, running: Arena, tmp_path: Path) -> None:
    """Everything but what moves by itself: the verdict comes with a reload."""
    learner = Visitor(chromium, running, java_script_enabled=False)
    page, name = learner.page, learner.register()
    page.goto("/quests")
    page.get_by_role("link", name="Linear Regression Challenge", exact=True).click()
    learner.upload(learner.train_and_save(tmp_path))
    assert re.search(r"/submissions/\d+", page.url)
    for _ in range(100):
        if page.locator('#verdict[data-status="scored"]').count():
            break
        time.sleep(0.1)
        page.reload()
    assert "Passed" in page.get_by_role("heading", level=1).inner_text()

    page.get_by_role("link", name="Boards", exact=True).click()
    assert "100" in page.locator("[data-board=global]:not([data-around]) tr.me").inner_text()
    page.get_by_role("link", name="This week", exact=True).click()
    assert name in page.locator("[data-board=weekly] tr.me").inner_text()

    page.locator("details.menu summary").click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_label("Full name").fill("Ada without scripts")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save the profile").click()
    assert page.get_by_label("Full name").input_value() == "Ada without scripts"
    page.get_by_role("button", name="Dark", exact=True).click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("link", name="Search").first.click()
    page.get_by_role("searchbox").fill(name)
    page.get_by_role("searchbox").press("Enter")
    page.locator("main").get_by_role("link", name=name).click()
    assert "Ada without scripts" in page.locator(".profile-head").inner_text()
    assert "Linear Regression Challenge" in page.locator("main").inner_text()
