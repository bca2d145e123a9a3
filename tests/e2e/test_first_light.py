"""The walk of a new learner, in a real browser, against the real processes of `make run`."""

from __future__ import annotations

import io
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.arena import PASSWORD, Arena, arena

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(300)]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="module")
def running() -> Iterator[Arena]:
    with arena(RATELIMIT_ENABLED="1", WORKERS="1") as here:
        yield here


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    import os

    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        if os.environ.get("MLARENA_REQUIRE_SERVICES") == "1":
            pytest.fail("Chromium is required here: apt-get install chromium")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


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


def test_from_registering_to_a_live_verdict_and_a_moving_board(
    chromium: Any, running: Arena, tmp_path: Path
) -> None:
    watcher = Visitor(chromium, running)
    watcher.page.goto("/boards")
    learner = Visitor(chromium, running)
    name = learner.register()
    assert "0" in learner.page.locator("[data-xp]").first.inner_text()

    learner.page.goto("/quests")
    learner.page.get_by_role("link", name="Linear Regression Challenge").click()
    model = learner.train_and_save(tmp_path)
    learner.page.get_by_label("Your model", exact=True).set_input_files(model)
    loads: list[str] = []
    learner.page.get_by_role("button", name="Submit the model").click()
    learner.page.wait_for_url(re.compile(r"/submissions/\d+"))
    learner.page.on("load", lambda: loads.append("load"))

    headline = learner.page.get_by_role("heading", level=1)
    learner.page.wait_for_selector('#verdict[data-status="scored"]', timeout=20_000)
    assert "Passed" in headline.inner_text()
    learner.page.wait_for_function(
        "document.querySelector('[data-xp]').textContent.trim() === '100'", timeout=10_000
    )
    assert loads == []  # all of this without a reload

    row = watcher.page.locator("[data-board=global] tr[data-user-id]", has_text=name)
    row.wait_for(timeout=10_000)  # the other browser's board has moved, also without a reload
    assert "100" in row.inner_text()
    assert learner.complaints == []
    assert watcher.complaints == []


def test_without_javascript_the_walk_works_with_a_reload(
    chromium: Any, running: Arena, tmp_path: Path
) -> None:
    learner = Visitor(chromium, running, java_script_enabled=False)
    learner.register()
    learner.page.goto("/quests")
    learner.page.get_by_role("link", name="Linear Regression Challenge").click()
    model = learner.train_and_save(tmp_path)
    learner.page.get_by_label("Your model", exact=True).set_input_files(model)
    learner.page.get_by_role("button", name="Submit the model").click()
    assert re.search(r"/submissions/\d+", learner.page.url)
    for _ in range(100):
        if learner.page.locator('#verdict[data-status="scored"]').count():
            break
        time.sleep(0.1)
        learner.page.reload()
    assert "Passed" in learner.page.get_by_role("heading", level=1).inner_text()


def test_a_refused_file_is_said_beside_the_field(
    chromium: Any, running: Arena, tmp_path: Path
) -> None:
    learner = Visitor(chromium, running)
    learner.register()
    learner.page.goto("/quests")
    learner.page.get_by_role("link", name="Linear Regression Challenge").click()
    wrong = tmp_path / "model.joblib"
    wrong.write_text("<!doctype html><p>not a model</p>")
    learner.page.get_by_label("Your model", exact=True).set_input_files(wrong)
    learner.page.get_by_role("button", name="Submit the model").click()
    learner.page.get_by_text("starts like a web page").wait_for(timeout=10_000)
    assert "/quests/" in learner.page.url


@pytest.mark.parametrize("path", ["/", "/quests", "/quests/1", "/boards", "/login", "/register"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone_and_have_one_heading(
    chromium: Any, running: Arena, path: str, scheme: str
) -> None:
    visitor = Visitor(
        chromium, running, viewport={"width": 360, "height": 740}, color_scheme=scheme
    )
    visitor.page.goto(path)
    assert visitor.page.locator("h1").count() == 1
    assert visitor.page.locator("main").count() == 1
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert visitor.complaints == []
