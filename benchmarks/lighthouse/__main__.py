"""Lighthouse's four categories and the bytes of a visit: `python -m benchmarks.lighthouse`.

Home, quest map, quest, board and submission of an arena with people in it, as its learner sees them.
Lighthouse comes from npm into this folder at the first run. Its figure for speed is made on a slowed-down
phone and wavers on a busy machine; the best of --runs counts. With --bytes only what comes over the wire
is measured, compressed as it comes; the editor, which a quest's page loads behind its first paint, has a
line of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.arena import PASSWORD, Arena, arena
from benchmarks.report import Figure, headline, show
from benchmarks.showcase import HERO, populate
from scripts.vendor import npm_command

HERE = Path(__file__).resolve().parent
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PAGES = ("home", "quest-map", "quest-regression", "boards", "verdict-linear-regression-challenge")
SCORE, FIRST_KB, AFTER_KB = 95, 150, 20
EDITOR = "/codemirror/"
FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --disable-background-networking"


def lighthouse() -> tuple[list[str], dict[str, str]]:
    """How to call Lighthouse, and in which environment; installs it at the first time."""
    npm, environment = npm_command()
    if not (HERE / "node_modules" / "lighthouse").exists():
        subprocess.run([*npm, "ci", "--no-progress", "--loglevel=error"], cwd=HERE, check=True)
    node = shutil.which("node", path=environment["PATH"])
    if node is None:
        raise SystemExit("There is no Node to run Lighthouse with.")
    return [node, str(HERE / "node_modules" / "lighthouse" / "cli" / "index.js")], environment


def scores(url: str, cookie: str, chromium: str) -> dict[str, Any]:
    """Lighthouse's report on one page."""
    command, environment = lighthouse()
    with tempfile.TemporaryDirectory() as folder:
        headers = Path(folder) / "headers.json"
        headers.write_text(json.dumps({"Cookie": cookie}))
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                *command,
                url,
                "--quiet",
                "--output=json",
                f"--output-path={report}",
                f"--extra-headers={headers}",
                f"--only-categories={','.join(CATEGORIES)}",
                f"--chrome-flags={FLAGS}",
            ],
            env={**environment, "CHROME_PATH": chromium},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found: dict[str, Any] = json.loads(report.read_text())
        return found


class Visitor:
    """A signed-in browser that counts what comes over the wire."""

    def __init__(self, browser: Any, here: Arena) -> None:
        self.context = browser.new_context(base_url=here.url)
        page = self.context.new_page()
        page.goto("/login")
        page.fill("[name=username]", HERO)
        page.fill("[name=password]", PASSWORD)
        page.click("main form [type=submit]")
        page.wait_for_load_state()
        page.close()

    def cookie(self) -> str:
        return "; ".join(f"{one['name']}={one['value']}" for one in self.context.cookies())

    def kilobytes(self, path: str, empty_cache: bool) -> tuple[float, float]:
        """What a visit brings over the wire, in kB: without the editor, and the editor."""
        page = self.context.new_page()
        wire = self.context.new_cdp_session(page)
        editors: set[str] = set()
        received = {True: 0.0, False: 0.0}

        def note(event: dict[str, Any]) -> None:
            if EDITOR in event["request"]["url"]:
                editors.add(event["requestId"])

        def add(event: dict[str, Any]) -> None:
            received[event["requestId"] in editors] += event["encodedDataLength"]

        wire.on("Network.requestWillBeSent", note)
        wire.on("Network.loadingFinished", add)
        wire.send("Network.enable")
        if empty_cache:
            wire.send("Network.clearBrowserCache")
        page.goto(path, wait_until="networkidle")
        page.close()
        return received[False] / 1000, received[True] / 1000


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--bytes", action="store_true", help="only what comes over the wire")
    wanted = parser.parse_args()
    runs = 0 if wanted.bytes else wanted.runs
    headline("lighthouse", runs=runs)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Lighthouse needs Chromium: apt-get install chromium")
    reached = True
    with arena(WORKERS="1") as here, sync_playwright() as playwright:
        pages = populate(here).pages()
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[flag for flag in FLAGS.split() if "headless" not in flag],
        )
        visitor = Visitor(browser, here)
        for name in PAGES:
            path, _who = pages[name]
            first, editor = visitor.kilobytes(path, empty_cache=True)
            after, _ = visitor.kilobytes(path, empty_cache=False)
            figures = [
                Figure(f"{name}: first visit", first, "kB", f"aim ≤ {FIRST_KB}", first <= FIRST_KB),
                Figure(f"{name}: after that", after, "kB", f"aim ≤ {AFTER_KB}", after <= AFTER_KB),
            ]
            if editor:
                figures.append(Figure(f"{name}: the editor besides", editor, "kB"))
            reports = [scores(here.url + path, visitor.cookie(), chromium) for _ in range(runs)]
            for category in CATEGORIES if reports else ():
                best = 100 * max(report["categories"][category]["score"] for report in reports)
                figures.append(
                    Figure(f"{name}: {category}", best, "", f"aim ≥ {SCORE}", best >= SCORE)
                )
                if best < SCORE:
                    complain(reports[-1], category)
            show(*figures)
            reached &= all(figure.reached is not False for figure in figures)
        browser.close()
    raise SystemExit(not reached)


def complain(report: dict[str, Any], category: str) -> None:
    """The audits that cost the category its points."""
    for reference in report["categories"][category]["auditRefs"]:
        audit = report["audits"][reference["id"]]
        if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
            print(f"      {category}: {audit['title']} ({audit.get('displayValue', '')})")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()
