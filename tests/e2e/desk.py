"""What an instructor does at the desk, in a browser: a level, a pack, a quest, a competition."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.competitions.conftest import ANSWERS


def csv_file(content: str, name: str = "predictions.csv") -> dict[str, Any]:
    return {"name": name, "mimeType": "text/csv", "buffer": content.encode()}


def write_level(desk: Any, name: str) -> None:
    desk.goto("/teach/lists/levels")
    desk.get_by_role("link", name="A new level").click()
    desk.fill("main [name=name]", name)
    desk.get_by_role("button", name="Save").click()
    desk.get_by_role("cell", name="0 XP").first.wait_for()


def import_pack(desk: Any, zipped: bytes, title: str) -> None:
    """By the console: looked into, then imported."""
    desk.get_by_role("link", name="Teach").click()
    desk.get_by_role("link", name="Packs", exact=True).click()
    file = {"name": "pack.zip", "mimeType": "application/zip", "buffer": zipped}
    desk.set_input_files("main [name=pack_file]", file)
    desk.get_by_role("button", name="Look into it").click()
    desk.get_by_role("heading", name=title).wait_for()
    desk.get_by_role("button", name="Import it").click()
    desk.get_by_text("Imported:").wait_for()


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


def write_quest(desk: Any, table: Path) -> tuple[str, str]:
    """Of the CSV file; its number and its reference. A threshold that a dummy passes is refused first."""
    desk.get_by_role("link", name="Teach").click()
    desk.get_by_role("link", name="Quests", exact=True).last.click()
    desk.get_by_role("link", name="A new quest").click()
    desk.fill("main [name=title]", "Rents of the harbour")
    desk.set_input_files("main [name=data_file]", table)
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
    return number, desk.locator("main [name=reference_code]").input_value()


def hold_competition(
    desk: Any, title: str, starts: datetime, ends: datetime, team_size: int = 1
) -> str:
    """Open it, with answers that `predictions()` of tests/competitions is off from; its number."""
    desk.goto("/competitions/organise/new")
    desk.fill("main [name=title]", title)
    desk.fill("main [name=description]", "## When do they come?")
    desk.fill("main [name=starts_at]", f"{starts:%Y-%m-%dT%H:%M}")
    desk.fill("main [name=ends_at]", f"{ends:%Y-%m-%dT%H:%M}")
    desk.select_option("main [name=metric]", "rmse")
    desk.fill("main [name=team_size]", str(team_size))
    desk.get_by_role("button", name="Write it down").click()
    desk.locator("[name=answers_file]").set_input_files(csv_file(ANSWERS, "answers.csv"))
    desk.get_by_role("button", name="Check and keep").click()
    desk.get_by_text("The answers are checked").wait_for()
    desk.get_by_role("button", name="Open it").click()
    desk.get_by_text("It is open: everybody").wait_for()
    return str(desk.url.removesuffix("/desk").rsplit("/", 1)[1])
