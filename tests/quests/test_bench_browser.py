"""*Train here* in a real browser: the editor, what is printed while it runs, and the ways out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlarena.core.db import db
from mlarena.submissions.models import Submission
from tests.live.browsing import connected, listen
from tests.live.watcher import served

# pure: what is asked is the browser, once is enough
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure]

STARTER = "from sklearn.tree import DecisionTreeClassifier\n\n\ndef train(X, y):\n    return None\n"
GOOD = """\
import time
from sklearn.tree import DecisionTreeClassifier

def train(X, y):
    print("first <i>line</i>")
    time.sleep(1)
    print("second line")
    return DecisionTreeClassifier(random_state=0).fit(X, y)
"""
ENDLESS = (
    "import time\n\ndef train(X, y):\n    for n in range(10**6):\n"
    "        print('round', n)\n        time.sleep(0.05)\n"
)
EDITOR, CONTENT = ".editor", ".editor .cm-content"
RUN = "#run [data-run-of]"


@pytest.fixture
def quest(make_quest: Any) -> Any:
    return make_quest(starter_code=STARTER)


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the console complains of: nothing, after all."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.fixture
def open_bench(
    app: Any, chromium: Any, signed_in: Any, user: Any, quest: Any, complaints: list[str]
) -> Iterator[Callable[..., Any]]:
    """open_bench() -> the quest's page in a browser of the learner's, the editor ready."""
    contexts: list[Any] = []
    with served(app) as url:

        def enter(ready: str = CONTENT, blocked: str = "", someone: Any = user, **more: Any) -> Any:
            context = chromium.new_context(base_url=url, **more)
            contexts.append(context)
            if blocked:
                context.route(f"**/{blocked}*", lambda route: route.abort())
            cookie = signed_in(someone).get_cookie("session")
            context.add_cookies([{"name": "session", "value": cookie.value, "url": url}])
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda line: complain(line.text) if line.type == "error" else None)
            listen(page)
            page.goto(f"/quests/{quest.id}")
            page.locator(ready).wait_for()
            if "socket.io" not in blocked:
                connected(page)
            page.evaluate("window.unchanged = true")
            return page

        def complain(text: str) -> None:
            if "Failed to load resource" not in text:  # what a test asked for
                complaints.append(text)

        yield enter
        for context in contexts:
            context.close()


def paste(page: Any, code: str) -> None:
    """Put `code` in the place of all there is, as from the clipboard."""
    page.locator(CONTENT).click()
    page.keyboard.press("ControlOrMeta+a")
    page.locator(CONTENT).evaluate(
        """(content, code) => {
            const data = new DataTransfer();
            data.setData("text/plain", code);
            const asked = {clipboardData: data, bubbles: true, cancelable: true};
            content.dispatchEvent(new ClipboardEvent("paste", asked));
        }""",
        code,
    )


def text(page: Any) -> str:
    """The code as it would be sent."""
    value: str = page.locator("#code").input_value()
    return value


def until(page: Any, holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"not within five seconds; the page: {page.locator('#do').inner_text()[:500]}")


def becomes(page: Any, status: str, kind: str = "submission:") -> Any:
    """The run, once it has come so far."""
    run = page.locator(f'#run [data-run-of^="{kind}"][data-status="{status}"]')
    run.wait_for(timeout=30_000)
    return run


def test_tried_then_submitted_by_keyboard_without_a_reload(
    open_bench: Any, trainer: Any, user: Any
) -> None:
    page = open_bench()
    assert text(page) == STARTER
    paste(page, GOOD)
    page.keyboard.press("ControlOrMeta+Enter")
    becomes(page, "queued", "try:")
    trainer()
    page.locator("[data-console]", has_text="first <i>line</i>").wait_for(timeout=20_000)
    tried = becomes(page, "done", "try:")
    assert re.search(r"0\.\d{4}", tried.locator("#run-title").inner_text())
    assert tried.locator("table tr").count() == 5
    assert db.session.query(Submission).count() == 0

    page.locator(CONTENT).click()
    page.keyboard.press("ControlOrMeta+Shift+Enter")
    becomes(page, "queued", "submission:")
    trainer()
    page.locator("[data-console]", has_text="first <i>line</i>").wait_for(timeout=20_000)
    assert "second line" not in page.locator("[data-console]").inner_text()
    scored = becomes(page, "scored", "submission:")
    assert "Passed: " in scored.inner_text()
    until(page, lambda: page.locator("[data-xp]").first.inner_text() == "100")
    assert page.evaluate("window.unchanged") is True
    # It is told where it was asked, with all that it earned, and nothing lies over it.
    assert "+100" in scored.locator(".earned").inner_text()
    assert page.locator("#toasts .toast").count() == 0


def test_without_the_socket_it_comes_by_asking(open_bench: Any, trainer: Any) -> None:
    page = open_bench(blocked="socket.io.esm.min.js")
    paste(page, GOOD)
    page.get_by_role("button", name="Train and submit").click()
    becomes(page, "queued")
    trainer()
    page.locator("[data-console]", has_text="first").wait_for(timeout=20_000)
    assert "Passed: " in becomes(page, "scored").inner_text()


def test_a_page_opened_in_the_middle_shows_all_and_goes_on(open_bench: Any, trainer: Any) -> None:
    page = open_bench()
    paste(page, ENDLESS)
    page.get_by_role("button", name="Train and submit").click()
    becomes(page, "queued")
    trainer()
    page.locator("[data-console]", has_text="round 5").wait_for(timeout=20_000)
    page.reload()
    console = page.locator("[data-console]")
    console.filter(has_text="round 0\nround 1\n").wait_for()
    seen = int(console.get_attribute("data-seq") or 0)
    page.locator(f"[data-console]:not([data-seq='{seen}'])").wait_for(timeout=5_000)
    numbers = [int(line.split()[1]) for line in console.inner_text().splitlines()]
    assert numbers == list(range(len(numbers)))  # whole and in order, over the reload

    page.get_by_role("button", name="Cancel this training").click()
    failed = becomes(page, "failed")
    assert "You cancelled this training." in failed.inner_text()
    assert "round 5" in failed.inner_text()


def test_a_try_is_cancelled(open_bench: Any, trainer: Any) -> None:
    page = open_bench()
    paste(page, ENDLESS)
    page.get_by_role("button", name="Try", exact=True).click()
    becomes(page, "queued", "try:")
    trainer()
    page.locator("[data-console]", has_text="round 2").wait_for(timeout=20_000)
    page.get_by_role("button", name="Try", exact=True).click()
    page.locator("#code-error", has_text="still on its way").wait_for()
    page.get_by_role("button", name="Cancel this try").click()
    becomes(page, "cancelled", "try:")
    paste(page, GOOD)
    assert page.evaluate("window.unchanged") is True


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("x = 1\ndef train(X, y)\n    return x\n", 2, "Line 2 of your code is not Python"),
        ("def train(X, y):\n    X = X\n    return X['none']\n", 3, "stopped in line 3: KeyError"),
    ],
    ids=["syntax", "error"],
)
def test_what_went_wrong_is_shown_in_its_line(
    open_bench: Any, trainer: Any, code: str, line: int, words: str
) -> None:
    page = open_bench()
    paste(page, code)
    page.get_by_role("button", name="Try", exact=True).click()
    becomes(page, "queued", "try:")
    trainer()
    failed = becomes(page, "failed", "try:")
    assert words in failed.inner_text()
    assert 'File "train.py"' in failed.inner_text()
    marked = page.locator(f"{EDITOR} .cm-line:has(.cm-lintRange-error)")
    marked.wait_for()
    assert marked.inner_text() == code.splitlines()[line - 1]
    page.get_by_role("button", name=f"Go to line {line}").click()
    page.keyboard.type("#")
    assert text(page).splitlines()[line - 1] == code.splitlines()[line - 1] + "#"
    page.get_by_role("button", name="Try", exact=True).click()  # asked again, the mark goes
    page.locator(f"{EDITOR} .cm-lintRange-error").wait_for(state="detached")
    becomes(page, "queued", "try:")
    trainer()
    becomes(page, "failed", "try:")


def test_code_that_is_refused_at_the_door(open_bench: Any) -> None:
    page = open_bench()
    paste(page, "x = '" + "y" * 70_000 + "'")
    page.get_by_role("button", name="Train and submit").click()
    page.locator("#code-error", has_text="at most 64 KiB").wait_for()
    assert len(text(page)) > 70_000
    paste(page, " ")
    page.get_by_role("button", name="Train and submit").click()
    page.locator("#code-error", has_text="The code is empty").wait_for()


def test_tab_indents_and_escape_then_tab_leaves(open_bench: Any) -> None:
    page = open_bench()
    paste(page, "def train(X, y):\n")
    page.keyboard.press("Tab")
    page.keyboard.type("pass")
    assert text(page) == "def train(X, y):\n    pass"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Train and submit"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.className") == "editor"
    assert text(page) == "def train(X, y):\n    pass"


def test_a_draft_outlives_a_reload_for_its_writer_and_its_quest(
    open_bench: Any, make_quest: Any, make_user: Any, signed_in: Any
) -> None:
    page = open_bench()
    reset = page.get_by_role("button", name="Back to the starter code")
    assert reset.is_hidden()
    paste(page, STARTER + "# a thought\n")
    page.reload()
    page.locator(CONTENT, has_text="# a thought").wait_for()
    assert reset.is_visible()

    other = make_quest(slug="another", starter_code=STARTER)
    page.goto(f"/quests/{other.id}")
    page.locator(CONTENT).wait_for()
    assert text(page) == STARTER

    bob = signed_in(make_user("bob")).get_cookie("session")
    own = page.context.cookies()
    page.context.add_cookies([{**own[0], "name": "session", "value": bob.value}])
    page.goto(page.url.replace(f"/{other.id}", f"/{other.id - 1}"))
    page.locator(CONTENT).wait_for()
    assert text(page) == STARTER
    page.context.add_cookies(own)

    page.reload()
    page.locator(CONTENT, has_text="# a thought").wait_for()
    reset.click()
    assert text(page) == STARTER
    page.reload()
    page.locator(CONTENT).wait_for()
    assert text(page) == STARTER


def test_typing_over_everything_breaks_no_policy(open_bench: Any) -> None:
    """Left alone, Chromium would put styled elements there; `complaints` would say so."""
    page = open_bench()
    page.locator(CONTENT).click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("def train(X, y):\nreturn (1")
    assert text(page) == "def train(X, y):\n    return (1)"


def test_without_the_editor_the_plain_field_does_it_all(open_bench: Any, trainer: Any) -> None:
    page = open_bench(ready="#code", blocked="codemirror.esm.min.js")
    field = page.locator("#code")
    assert field.is_visible()
    field.fill("def train(X, y):\n    return X['none']\n")
    field.press("ControlOrMeta+Enter")
    becomes(page, "queued", "try:")
    trainer()
    becomes(page, "failed", "try:")
    page.get_by_role("button", name="Go to line 2").click()
    page.keyboard.type("#")
    assert text(page) == "def train(X, y):\n    return X['none']#\n"
    page.reload()
    until(page, lambda: text(page).endswith("#\n"))


def test_the_editor_comes_only_where_it_is_used_and_dressed_as_the_page_is(
    open_bench: Any,
) -> None:
    page = open_bench(color_scheme="dark")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    surface = "getComputedStyle(document.querySelector('.card, .quest-panel')).backgroundColor"
    drawn = page.locator(".editor .cm-editor").evaluate(
        "editor => getComputedStyle(editor).backgroundColor"
    )
    assert drawn == page.evaluate(surface)
    page.emulate_media(color_scheme="light")
    light = page.locator(".editor .cm-editor").evaluate(
        "editor => getComputedStyle(editor).backgroundColor"
    )
    assert light == page.evaluate(surface) != drawn
    page.goto("/quests")
    page.wait_for_load_state("networkidle")
    assert not [url for url in loaded if "codemirror" in url or "train.js" in url]


def test_the_page_of_the_submission_shows_what_is_printed_too(
    open_bench: Any, trainer: Any, hand_in: Any
) -> None:
    number = hand_in(GOOD).json["data"]["id"]
    page = open_bench()
    page.goto(f"/submissions/{number}")
    page.locator("[data-console]").wait_for()
    connected(page)
    page.evaluate("window.unchanged = true")
    trainer()
    # In the console while it runs or, if it was over sooner than one could look, in the report.
    page.locator("#verdict", has_text="first <i>line</i>").wait_for(timeout=20_000)
    page.locator('#verdict[data-status="scored"]').wait_for(timeout=20_000)
    assert page.evaluate("window.unchanged") is True


def test_an_earlier_attempt_looked_at_replaces_no_draft(open_bench: Any, hand_in: Any) -> None:
    number = hand_in(GOOD).json["data"]["id"]
    page = open_bench()
    paste(page, STARTER + "# my draft\n")
    page.goto(f"{page.url}?from={number}")
    page.locator(CONTENT, has_text="second line").wait_for()
    page.goto(page.url.partition("?")[0])
    page.locator(CONTENT, has_text="# my draft").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bench_is_for_everybody(open_bench: Any, trainer: Any, scheme: str) -> None:
    """axe finds nothing in the panel, the editor inside its shadow root included."""
    source = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
    if not source.exists():
        pytest.skip("axe-core is not installed here")
    page = open_bench(color_scheme=scheme)
    paste(page, "def train(X, y):\n    return X['none']  # a comment, 'text', 42\n")
    page.get_by_role("button", name="Try", exact=True).click()
    becomes(page, "queued", "try:")
    trainer()
    becomes(page, "failed", "try:")
    page.locator(f"{EDITOR} .cm-lintRange-error").wait_for()
    page.evaluate(source.read_text())
    found = page.evaluate(
        "axe.run('#do').then(({violations}) => violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    )
    assert found == []
