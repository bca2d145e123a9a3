"""What is typed when a session has ended is not lost, with no script to keep it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.submissions.models import Submission
from tests.conftest import PASSWORD

HERE = {"Origin": "http://localhost", "Referer": "http://localhost/quests/1"}
CODE = 'def train(X, y):\n    return "<b>"  # "quotes" & more\n'


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return html.unescape(found[1])


def token(browser: Any) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/boards").text)
    assert found
    return found[1]


@pytest.fixture(params=["the login ended", "the cookie is gone"])
def late(request: Any, user: Any, signed_in: Any) -> Any:
    """send(path, **fields) as a browser does whose session ended after the page was shown."""
    browser = signed_in(user)
    shown = token(browser)
    if request.param == "the cookie is gone":
        browser.delete_cookie("session")

    def send(path: str, **more: Any) -> Any:
        fields = {"csrf_token": shown, **more.pop("fields", {})}
        return browser.post(path, data=fields, headers=more.pop("headers", HERE), **more)

    send.browser = browser  # type: ignore[attr-defined]
    with freeze(utcnow() + timedelta(days=2)):
        yield send


def test_code_comes_back_after_the_login_and_is_handed_in_by_a_press(
    late: Any, user: Any, quest: Any
) -> None:
    browser, path = late.browser, f"/quests/{quest.id}/train"
    asked = late(path, fields={"code": CODE.replace("\n", "\r\n"), "how": "submit"})
    assert asked.status_code == 401 and "What you had written is kept" in asked.text
    assert "no-store" in asked.headers["Cache-Control"]

    def log_in(page: str, password: str) -> Any:
        fields = {"csrf_token": hidden(page, "csrf_token"), "kept": hidden(page, "kept")}
        return browser.post("/login", data={"username": "ada", "password": password, **fields})

    wrong = log_in(asked.text, "not the password")
    assert wrong.status_code == 401 and "is kept" in wrong.text
    back = log_in(wrong.text, PASSWORD)
    assert back.status_code == 200 and f'action="{path}"' in back.text
    written = re.search(r'name="code"[^>]*>\n(.*?)</textarea>', back.text, re.DOTALL)
    assert written and html.unescape(written[1]).replace("\r\n", "\n") == CODE
    assert hidden(back.text, "how") == "submit" and "<b>" not in back.text
    assert 'href="/quests/1"' in back.text
    assert db.session.query(Submission).count() == 0
    sent = browser.post(
        path, data={"csrf_token": hidden(back.text, "csrf_token"), "code": CODE, "how": "submit"}
    )
    assert sent.status_code == 303 and db.session.query(Submission).count() == 1


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"code": CODE}, {"Origin": "https://evil.example"}),
        ({"code": CODE}, {}),
        ({"code": CODE}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
        ({"code": CODE, "password": "x"}, HERE),
        ({"code": "x" * 300_000}, HERE),
        ({}, HERE),
    ],
    ids=["elsewhere", "nobody knows where", "opaque", "a password", "too much", "nothing"],
)
def test_what_is_not_kept(late: Any, quest: Any, fields: Any, headers: Any) -> None:
    answer = late(f"/quests/{quest.id}/train", fields=fields, headers=headers)
    assert answer.status_code in (302, 400) and 'name="kept"' not in answer.text


@pytest.mark.parametrize(
    "made_up",
    [
        "", "{", "[]", "null", '{"action": "https://evil.example", "fields": [["a", "b"]]}',
        '{"action": "//evil.example", "fields": [["a", "b"]], "back": null}', '{"action": "/x", "fields": 3}',
        '{"action": "javascript:alert(1)", "fields": [["a", "b"]], "back": null}',
        '{"action": "/x", "fields": [["a"]], "back": null}',
    ],
)  # fmt: skip
def test_what_is_no_such_thing_is_a_login_like_any(
    client: Any, user: Any, send_form: Any, made_up: str
) -> None:
    answer = send_form(client, "/login", username="ada", password=PASSWORD, kept=made_up)
    assert answer.status_code == 302 and answer.location == "/"
