"""An instructor makes a quest of a CSV file and publishes it; a learner passes it. In Chromium."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.arena import PASSWORD, arena
from benchmarks.showcase import Showcase, register
from benchmarks.showcase_competitions import promote

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(300)]

PATIENCE = 90_000  # milliseconds: a reference is trained, on a busy machine


@pytest.fixture(scope="module")
def case() -> Iterator[Showcase]:
    with arena(WORKERS="1") as here:
        people = Showcase(here)
        for name in ("grace", "ada"):
            people.users[name], people.tokens[name] = register(here, name)
        promote(people, "grace")
        yield people


@pytest.fixture
def enter(chromium: Any, case: Showcase) -> Iterator[Any]:
    contexts = []

    def open_(name: str) -> Any:
        contexts.append(chromium.new_context(base_url=case.here.url))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto("/login")
        page.fill("[name=username]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("main form [type=submit]")
        page.wait_for_load_state()
        return page

    yield open_
    for context in contexts:
        context.close()


def rents(path: Path) -> Path:
    draw = random.Random(3)
    lines = ["area;rooms;district;rent"]
    for _ in range(240):
        area, rooms = draw.uniform(20, 140), draw.randint(1, 5)
        place = draw.choice(["Hafen", "Hügel"])
        rent = 9 * area + 30 * rooms + 120 * (place == "Hafen") + draw.gauss(0, 20)
        lines.append(f"{area:.2f};{rooms};{place};{rent:.2f}".replace(".", ","))
    path.write_text("\n".join(lines), encoding="cp1252")  # as a spreadsheet in Germany writes it
    return path


def test_from_a_file_to_a_pass(enter: Any, tmp_path: Path) -> None:
    desk = enter("grace")
    desk.get_by_role("link", name="Teach").click()
    desk.get_by_role("link", name="Quests", exact=True).last.click()
    desk.get_by_role("link", name="A new quest").click()
    desk.fill("main [name=title]", "Rents of the harbour")
    desk.set_input_files("main [name=data_file]", rents(tmp_path / "rents.csv"))
    desk.select_option("main [name=task_type]", "regression")
    desk.get_by_role("button", name="Cut it and make a draft").click()
    desk.get_by_text("The data is cut").wait_for()
    main = desk.locator("main").inner_text()
    assert "Windows-1252" in main
    assert "decimals are written with a comma" in main
    with desk.expect_download() as waiting:
        desk.get_by_role("button", name="Download the hidden rows, once").click()
    assert waiting.value.path().read_text(encoding="utf-8").startswith("area,rooms,district,rent\n")
    desk.reload()
    assert desk.get_by_role("button", name="Download the hidden rows, once").count() == 0

    desk.fill("main [name=description]", "## Guess the rent\n\nOf a flat by the harbour.")
    desk.fill("main [name=threshold]", "-1")
    desk.locator("main [name=do][value=publish]").click()
    desk.get_by_text("has learned nothing (the mean)").wait_for()
    desk.fill("main [name=threshold]", "0.7")
    desk.locator("main [name=do][value=publish]").click()
    desk.get_by_text("Published: everybody finds it from now on.").wait_for()
    number = desk.url.rstrip("/").rsplit("/", 1)[1]
    reference = desk.locator("main [name=reference_code]").input_value()

    ada = enter("ada")
    ada.goto(f"/quests/{number}")
    ada.get_by_role("heading", name="Guess the rent").wait_for()
    assert "Your reference" not in ada.content()
    token = ada.locator("meta[name=csrf-token]").get_attribute("content")
    sent = ada.request.post(
        f"/quests/{number}/train", form={"csrf_token": token or "", "code": reference}
    )
    assert sent.ok
    ada.goto(sent.url)
    ada.get_by_text("Passed").first.wait_for()
