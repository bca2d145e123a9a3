"""Every page, as axe sees it, in both themes and on a phone; and none scrolls sideways or complains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from werkzeug.exceptions import NotFound

from benchmarks.arena import PASSWORD, arena
from benchmarks.showcase import FEW, Showcase, populate
from benchmarks.showcase_lms import SENDS_OFF
from mlarena.app import create_app
from mlarena.core.config import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(600)]

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# What axe's own documentation calls the rules of WCAG 2 A and AA, and its best practices.
RUN = """async (options) =>
  (await axe.run(document, {resultTypes: ["violations"], ...options})).violations"""
# What a page does by itself after it is there: an editor takes a field's place, something fades in.
AT_REST = """async () => {
  const near = (area) => {
    const {top, bottom, height} = area.getBoundingClientRect();
    return height && bottom > -200 && top < innerHeight + 200;
  };
  const waiting = () => [...document.querySelectorAll("textarea[data-editor]")].some(near);
  for (const end = performance.now() + 30000; waiting() && performance.now() < end; )
    await new Promise((resolve) => setTimeout(resolve, 20));
  const moving = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < Infinity);
  await Promise.all(moving.map((one) => one.finished.catch(() => null)));
  await new Promise(requestAnimationFrame);
}"""
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
# Those whose scripts are stopped (SENDS_OFF). They have a tab of their own: where requests are looked into,
# Chromium keeps nothing, and each page would fetch and compile all of the house's scripts and styles again.
STOPPED = {"lti-answer"}
# What answers GET and is not walked: files, what machines read, what another page takes in; and pages behind
# an address that a letter, an upload or an LMS brings, drawn by the parts of those that are walked.
NOT_WALKED = {
    *("admin.export_audit", "calendars.read", "cohort_grades.export", "forecasting.mine_csv"),
    *("packs.export", "quests.download", "quests.sample_model", "quests.starter"),
    *("submissions_log.artifact", "submissions_log.export"),
    *(
        "health.healthz",
        "lti.config",
        "lti.jwks",
        "metrics.metrics",
        "site.robots",
        "workbench.run",
    ),
    *("accounts.reset", "announcements.edit", "lti.login", "lti.welcome", "notifications.confirm"),
    *("notifications.stop", "packs.look"),
}


@pytest.fixture(scope="module")
def case() -> Iterator[Showcase]:
    with arena(WORKERS="1") as here:
        yield populate(here, FEW)


def test_no_page_is_left_out(case: Showcase) -> None:
    app = create_app(Settings(_env_file=None, mlarena_data=case.here.data, log_level="ERROR"))
    addresses = app.url_map.bind("localhost")
    walked = set()
    for path, _who in case.pages().values():
        with suppress(NotFound):
            walked.add(addresses.match(path.partition("?")[0])[0])
    doors = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.rule.startswith(("/api/v1/", "/static/"))
    }
    assert doors - walked == NOT_WALKED


def said(violation: dict[str, Any]) -> str:
    places = [str(node["target"]) for node in violation["nodes"][:3]]
    why = violation["nodes"][0]["failureSummary"].replace("\n", " ")
    return f"{violation['id']}: {violation['help']} at {places}: {why}"


def test_every_page(chromium: Any, case: Showcase) -> None:
    tabs: dict[tuple[str | None, bool], Tab] = {}
    faults: list[str] = []
    for name, (path, who) in case.pages().items():
        key = who, name in STOPPED
        if key not in tabs:
            context = chromium.new_context(base_url=case.here.url, reduced_motion="reduce")
            # The clock ends competitions and reminds of what is due while this walks: what that changes on a
            # page is looked at when it is asked for, never while axe is in the middle of looking.
            context.route_web_socket("**/socket.io/**", lambda socket: None)
            if name in STOPPED:
                context.route(SENDS_OFF, lambda route: route.abort())
            tabs[key] = Tab(context, who)
        faults += [f"{name}: {fault}" for fault in tabs[key].faults_of(path, name in FRAMED)]
    for tab in tabs.values():
        tab.page.context.close()
    assert not faults, "\n" + "\n".join(faults)


class Tab:
    """A person's tab, which goes from page to page: a new one for each would be a new process for each."""

    def __init__(self, context: Any, who: str | None) -> None:
        if who is not None:
            log_in(context, who)
        self.page = context.new_page()
        self.page.add_init_script(path=AXE)
        self.heard: list[str] = []
        self.page.on("pageerror", lambda error: self.heard.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, line: Any) -> None:
        if "Policy" in line.text:
            self.heard.append(line.text)

    def faults_of(self, path: str, framed: bool) -> list[str]:
        """What is wrong with the page at `path`: to axe (which framed ones are spared), to the console, in
        its width. It is loaded once and seen in both themes, as by somebody whose evening comes."""
        page = self.page
        self.heard.clear()
        faults: list[str] = []
        self._put_on("light")
        page.goto(path)
        if not framed:
            counts = {landmark: page.locator(landmark).count() for landmark in ("h1", "main")}
            faults += [f"{n} of <{what}>, and not one" for what, n in counts.items() if n != 1]
        faults += self._faults_in("light", framed)
        self._put_on("dark")
        faults += self._faults_in("dark", framed)
        return faults + self.heard

    def _put_on(self, theme: str) -> None:
        self.page.emulate_media(color_scheme=theme)
        self.page.set_viewport_size({"width": WIDTHS[theme], "height": 800})

    def _faults_in(self, theme: str, framed: bool) -> list[str]:
        found = []
        if not framed:
            self.page.evaluate(AT_REST)
            found = self.page.evaluate(RUN, RULES[theme])
        faults = [f"{theme}: {said(violation)}" for violation in found]
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return [*faults, f"{wide} px wider than the window, {theme}"] if wide > 0 else faults


def log_in(context: Any, who: str) -> None:
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=username]", who)
    page.fill("[name=password]", PASSWORD)
    page.click("main form [type=submit]")
    page.wait_for_load_state()
    page.close()
