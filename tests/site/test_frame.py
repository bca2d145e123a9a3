"""What stands around every page, in a real browser: the palette by keyboard, day and night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.watcher import served


@pytest.fixture
def open_page(app: Any, chromium: Any) -> Iterator[Callable[..., Any]]:
    """open_page("/quests") -> a page of a browser of its own; its complaints fail the test."""
    complaints: list[str] = []
    contexts = []
    with served(app) as url:

        def enter(path: str, **more: Any) -> Any:
            context = chromium.new_context(base_url=url, **more)
            contexts.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console", lambda line: complaints.append(line.text) if line.type == "error" else 0
            )
            page.goto(path)
            return page

        yield enter
        for context in contexts:
            context.close()
    assert complaints == []


# What Chromium's axe says of a page: only its violations. `page` bypasses the policy, which would refuse axe.
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Any) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


@pytest.mark.pure  # what a browser makes of it
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_component_is_for_everybody_and_fits_every_screen(
    open_page: Any, user: Any, scheme: str
) -> None:
    page = open_page("/styleguide", color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert violations(page) == []
    for width in (360, 768, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    for path in ("/login", "/register", "/search?q=ada"):
        page.goto(path)
        assert violations(page) == [], path


@pytest.mark.pure  # what a browser makes of it
@pytest.mark.browser
@pytest.mark.slow
def test_what_macros_leave_to_scripts(open_page: Any) -> None:
    page = open_page("/styleguide")
    password = page.locator("[data-reveal] input")
    page.get_by_role("button", name="Show the password").click()
    assert password.get_attribute("type") == "text"
    page.get_by_role("button", name="Show the password").click()
    assert password.get_attribute("type") == "password"
    page.get_by_label("Your model").set_input_files(
        {"name": "model.joblib", "mimeType": "application/octet-stream", "buffer": b"x" * 2048}
    )
    assert page.locator("[data-drop-name]").inner_text() == "model.joblib (2.0 kB)"
    tabs = page.get_by_role("radiogroup", name="Cases")
    tabs.get_by_label("Case 1").focus()
    page.keyboard.press("ArrowRight")
    assert tabs.locator(".tab-panel:visible").inner_text().startswith("The panel of “two”")
    page.get_by_role("button", name="Open a dialog").click()
    page.get_by_role("dialog", name="Delete the account?").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Delete the account?").wait_for(state="hidden")


def background(page: Any) -> str:
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("opener", ["/", "Control+k"])
def test_the_palette_finds_a_quest_by_keyboard_alone(
    open_page: Any, make_quest: Any, opener: str
) -> None:
    make_quest("iris", slug="one", title="Flowers one")
    second = make_quest("wine", slug="two", title="Flowers two")
    page = open_page("/boards")
    page.keyboard.press(opener)
    field = page.get_by_role("combobox")
    field.wait_for()
    page.keyboard.type("flow")
    page.get_by_role("option", name="Flowers two").wait_for()
    assert page.get_by_role("option", selected=True).inner_text().startswith("Flowers one")
    page.keyboard.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    assert chosen.inner_text().startswith("Flowers two")
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("ArrowDown")  # from the last back to the first, and up again
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/quests/{second.id}")


@pytest.mark.pure  # what a browser makes of it
@pytest.mark.browser
@pytest.mark.slow
def test_a_slash_in_somebodys_text_is_text_and_escape_closes(open_page: Any) -> None:
    page = open_page("/login")
    page.get_by_label("User name or e-mail").fill("")
    page.keyboard.type("a/b")
    assert page.get_by_label("User name or e-mail").input_value() == "a/b"
    assert page.get_by_role("dialog").count() == 0
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.name") == "username"


@pytest.mark.pure  # what a browser makes of it
@pytest.mark.browser
@pytest.mark.slow
def test_the_theme_is_switched_at_once_and_kept_from_the_first_paint(open_page: Any) -> None:
    page = open_page("/boards", color_scheme="light")
    light = background(page)
    page.get_by_role("button", name="Dark").click()
    dark = background(page)
    assert dark != light
    assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    page.reload()
    assert 'data-theme="dark"' in page.request.get("/boards").text()  # the server's, not a script's
    assert background(page) == dark
    page.get_by_role("button", name="System").click()
    page.reload()
    assert background(page) == light


@pytest.mark.browser
@pytest.mark.slow
def test_the_theme_and_the_search_need_no_scripts(open_page: Any, make_user: Any) -> None:
    make_user("ada")
    page = open_page("/boards", java_script_enabled=False, color_scheme="dark")
    page.get_by_role("button", name="Light").click()
    assert page.url.endswith("/boards")
    assert page.locator("html").get_attribute("data-theme") == "light"
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Tasks, people and pages").fill("ad")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("main").get_by_role("link", name="ada").click()
    assert "ada" in page.get_by_role("heading", level=1).inner_text()


def test_a_theme_that_is_none_and_a_way_that_leads_elsewhere(client: Any, send_form: Any) -> None:
    assert send_form(client, "/theme", page="/login", theme="pink").status_code == 400
    answer = send_form(client, "/theme", page="/login", theme="dark", next="//evil.example")
    assert answer.headers["Location"] == "/"
    assert client.get_cookie("theme").value == "dark"
    client.set_cookie("theme", 'x" onload="alert(1)')
    assert "alert(1)" not in client.get("/login").text


def test_a_wing_that_is_not_there_is_not_in_the_navigation(client: Any, app: Any) -> None:
    from mlarena.site.frame import WINGS

    page = client.get("/login").text
    navigation = page[page.index('aria-label="Main"') : page.index("</nav>")]
    shown = [wing.word for wing in WINGS if f">{wing.word}<" in navigation]
    there = [
        wing.word for wing in WINGS if wing.role == "anyone" and wing.endpoint in app.view_functions
    ]
    assert shown == there
    assert {"Quests", "Boards"} <= set(shown)


def test_the_frame_costs_two_queries_for_whoever_is_signed_in(
    user: Any, signed_in: Any, queries: list[str]
) -> None:
    browser = signed_in(user)
    browser.get("/search")
    queries.clear()
    assert browser.get("/search").status_code == 200
    assert sum("learner_totals" in statement for statement in queries) == 1
    assert sum("notifications" in statement for statement in queries) == 1
    assert len(queries) <= 3  # who it is, what they have, and how much the bell counts
