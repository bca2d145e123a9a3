"""Screenshots of every page, in both themes and two widths: `make screenshots`.

A fresh arena with people in it is started for them, so nothing of one's own is shown. They go to
screenshots/ (or the folder that is given); the few that the README shows are kept in docs/images.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.arena import PASSWORD, arena
from benchmarks.showcase import populate
from benchmarks.showcase_lms import SENDS_OFF

WIDTHS = (1280, 390)
THEMES = ("light", "dark")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="screenshots", type=Path)
    parser.add_argument(
        "--only", default="", help="pages whose name contains one of these, parted by commas"
    )
    parser.add_argument(
        "--widths",
        default=WIDTHS,
        type=lambda given: tuple(map(int, given.split(","))),
        help="in pixels, parted by commas (1280,390)",
    )
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Screenshots need Chromium: apt-get install chromium")
    complaints: list[str] = []
    with arena(WORKERS="1") as here, sync_playwright() as playwright:
        case = populate(here)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for width in wanted.widths:
            for theme in THEMES:
                tabs: dict[str | None, Any] = {}
                for name, (path, who) in case.pages().items():
                    if not any(part in name for part in wanted.only.split(",")):
                        continue
                    if who not in tabs:
                        context = browser.new_context(
                            base_url=here.url,
                            viewport={"width": width, "height": 900},
                            color_scheme=theme,
                        )
                        context.route(SENDS_OFF, lambda route: route.abort())
                        if who is not None:
                            _log_in(context, who)
                        tabs[who] = context.new_page()
                        tabs[who].on("pageerror", lambda e: complaints.append(str(e)))
                    page = tabs[who]
                    page.goto(path)
                    page.wait_for_timeout(250)
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    if wide > width:
                        complaints.append(f"{name}: {wide} px wide in a window of {width}")
                    page.screenshot(
                        path=wanted.folder / f"{name}-{width}-{theme}.png", full_page=True
                    )
                for page in tabs.values():
                    page.context.close()
        browser.close()
    for complaint in dict.fromkeys(complaints):
        print(complaint)
    print(f"{len(list(wanted.folder.glob('*.png')))} screenshots in {wanted.folder}/")
    sys.exit(bool(complaints))


def _log_in(context: Any, who: str) -> None:
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=username]", who)
    page.fill("[name=password]", PASSWORD)
    page.click("main form [type=submit]")
    page.wait_for_load_state()
    page.close()


if __name__ == "__main__":
    main()
