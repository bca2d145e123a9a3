"""*Train here* on the quest's page, as a browser without scripts has it: forms, redirects, reloads."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from mlarena.core.db import db
from mlarena.submissions.models import Submission

FOREST = """\
from sklearn.ensemble import RandomForestClassifier

def train(X, y):
    print("training on", len(X), "rows <b>")
    return RandomForestClassifier(20, random_state=0).fit(X, y)
"""


@pytest.fixture
def browser(user: Any, signed_in: Any) -> Any:
    return signed_in(user)


@pytest.fixture
def page(quest: Any) -> str:
    return f"/quests/{quest.id}"


@pytest.fixture
def send(browser: Any, send_form: Any, page: str) -> Any:
    """send("try", code) -> the answer to the form."""

    def press(action: str, code: str) -> Any:
        return send_form(browser, f"{page}/{action}", page=page, code=code)

    return press


def editor(html: str) -> str:
    """What stands in the editor. A text area's first line end is not part of its text."""
    found = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", html, re.DOTALL)
    assert found
    return unescape(found[1])


def test_the_editor_begins_with_the_starter_code(browser: Any, page: str, make_quest: Any) -> None:
    starter = '\n# <three> & "four"\ndef train(X, y): ...\n'
    quest = make_quest(slug="begins", starter_code=starter)
    html = browser.get(f"/quests/{quest.id}").text
    assert editor(html) == starter
    assert (
        unescape(re.search(r"<template data-starter>(.*?)</template>", html, re.DOTALL)[1])
        == starter
    )  # type: ignore[index]
    assert "style=" not in html


def test_trained_and_submitted_without_scripts(
    browser: Any, page: str, send: Any, work: Any
) -> None:
    answer = send("train", FOREST.replace("\n", "\r\n"))  # as browsers send line ends
    assert answer.status_code == 303
    assert re.fullmatch(r"/submissions/\d+", answer.location)
    submission = db.session.query(Submission).one()
    assert submission.payload["code"] == FOREST
    waiting = browser.get(answer.location).text
    assert "In the queue" in waiting
    assert f'action="{answer.location}/cancel"' in waiting
    assert f'data-run-of="submission:{submission.id}"' in browser.get(page).text
    work()
    assert "Passed" in browser.get(answer.location).text
    assert "data-run-of" not in browser.get(page).text


def test_tried_without_scripts(browser: Any, page: str, send: Any, work: Any) -> None:
    code = FOREST + "# mine\n"
    answer = send("try", code)
    assert (answer.status_code, answer.location) == (303, f"{page}#run")
    waiting = browser.get(page).text
    assert "Your try waits for its turn" in waiting
    assert editor(waiting) == code
    work()
    html = browser.get(page).text
    assert editor(html) == code
    assert re.search(r"Macro F1|F1", html)
    assert html.count("Fold ") == 5
    assert "rows &lt;b&gt;" in html
    assert "rows <b>" not in html


def test_a_try_cancelled_without_scripts(
    browser: Any, page: str, send: Any, send_form: Any, work: Any
) -> None:
    send("try", FOREST)
    answer = send_form(browser, f"{page}/try/cancel", page=page)
    assert (answer.status_code, answer.location) == (303, f"{page}#run")
    assert "You cancelled this try" in browser.get(page).text
    send_form(browser, f"{page}/try/cancel", page=page)
    assert "That came too late" in browser.get(page).text
    work()
    assert "You cancelled this try" in browser.get(page).text


@pytest.mark.parametrize("action", ["try", "train"])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (" \n", "The code is empty"),
        ("x = '\0'", "NUL bytes"),
        ("x" * (1 << 20), "1,024.0 KiB, and at most 64 KiB"),
        ("é\n" * (64 << 10), "192.0 KiB"),
    ],
    ids=["empty", "nul", "1 MB", "many bytes"],
)
def test_what_is_refused_stays_in_the_editor(
    send: Any, action: str, code: str, words: str, app: Any
) -> None:
    answer = send(action, code)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert len(editor(answer.text)) >= len(code.replace("\0", ""))
    assert "data-asked-for" in answer.text
    assert db.session.query(Submission).count() == 0


def test_the_same_code_twice_is_told_beside_the_editor(send: Any) -> None:
    send("train", FOREST)
    again = send("train", FOREST)
    assert again.status_code == 409
    assert "very same code" in again.text
    assert editor(again.text) == FOREST


def test_another_try_while_one_is_on_its_way(send: Any) -> None:
    send("try", FOREST)
    again = send("try", "# another\n")
    assert again.status_code == 409
    assert "still on its way" in again.text
    assert editor(again.text) == "# another\n"


def test_going_on_from_an_earlier_attempt(
    browser: Any, page: str, send: Any, work: Any, make_user: Any, signed_in: Any, make_quest: Any
) -> None:
    number = send("train", FOREST + "# earlier\n").location.rpartition("/")[2]
    work()
    assert f'href="{page}?from={number}#do"' in browser.get(f"/submissions/{number}").text
    html = browser.get(f"{page}?from={number}").text
    assert editor(html).endswith("# earlier\n")
    assert "data-asked-for" in html
    bob = signed_in(make_user("bob"))
    assert "# earlier" not in bob.get(f"{page}?from={number}").text
    other = make_quest(slug="another")
    assert "# earlier" not in browser.get(f"/quests/{other.id}?from={number}").text
    assert browser.get(f"{page}?from=x").status_code == 200


class TestThePartThatShowsARun:
    def test_of_a_submission(
        self, browser: Any, page: str, send: Any, work: Any, make_user: Any, signed_in: Any
    ) -> None:
        number = send("train", "def train(X, y):\n    return X['<i>']\n").location.rpartition("/")[
            2
        ]
        part = f"{page}/run?submission={number}"
        assert "waits for its turn" in browser.get(part).text
        work()
        html = browser.get(part).text
        assert "in line 2: KeyError: &#39;&lt;i&gt;&#39;" in html
        assert 'data-complaint="2"' in html
        assert "train.py" in html
        assert "<html" not in html
        assert signed_in(make_user("bob")).get(part).status_code == 404

    def test_of_nothing(self, browser: Any, page: str) -> None:
        assert "data-run-of" not in browser.get(f"{page}/run").text

    def test_of_anothers_quest(self, browser: Any, page: str, send: Any, make_quest: Any) -> None:
        number = send("train", FOREST).location.rpartition("/")[2]
        other = make_quest(slug="another")
        html = browser.get(f"/quests/{other.id}/run?submission={number}").text
        assert "data-run-of" not in html


def test_the_page_costs_no_more_queries_with_a_run(
    browser: Any, page: str, send: Any, queries: Any
) -> None:
    browser.get(page)
    queries.clear()
    browser.get(page)
    before = len(queries)
    send("try", FOREST)
    send("train", FOREST)
    queries.clear()
    browser.get(page)
    assert len(queries) <= before + 1


def test_visitors_and_locked_quests_have_no_editor(
    client: Any, page: str, browser: Any, make_quest: Any
) -> None:
    assert "<textarea" not in client.get(page).text
    locked = make_quest(slug="locked", level_xp=500)
    assert "<textarea" not in browser.get(f"/quests/{locked.id}").text
