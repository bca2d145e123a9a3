"""Error pages: what happened, and what to do next; with a database, and without."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import pytest
from flask import abort

from mlarena.core.db import db


def main_of(answer: Any) -> str:
    found = re.search(r"<main.*?</main>", answer.text, re.S)
    assert found, answer.text[:500]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


@pytest.fixture
def failing(another_app: Any) -> Any:
    """An app with a door for each error."""
    app = another_app()

    @app.get("/fail/<int:status>")
    def fail(status: int) -> str:
        if status == 500:
            raise RuntimeError("the secret reason")
        abort(status)

    return app


@pytest.mark.pure
@pytest.mark.parametrize(
    ("status", "next_step"),
    [
        (403, "ask your instructor"),
        (404, "The search finds what is there"),
        (413, "Make it smaller"),
        (429, "this was not taken"),
        (500, "tell whoever runs this arena the request’s number"),
        (503, "works again by itself"),
    ],
)
def test_each_error_says_what_to_do_next(failing: Any, status: int, next_step: str) -> None:
    answer = failing.test_client().get(f"/fail/{status}")
    assert answer.status_code == status
    text = main_of(answer)
    assert next_step in text
    assert answer.text.count("<h1>") == 1
    assert re.search(r"Request [0-9a-f-]{8,}", text)
    assert "secret reason" not in answer.text
    assert 'aria-label="Main"' in answer.text  # the way on is there


def test_a_learner_whose_database_is_away_is_told_so(
    another_app: Any, user: Any, signed_in: Any
) -> None:
    session = signed_in(user).get_cookie("session").value
    away = another_app(database_url="postgresql+psycopg2://nobody@127.0.0.1:1/nothing")
    browser = away.test_client()
    browser.set_cookie("session", session)
    answer = browser.get("/quests")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Try again in 5 seconds." in main_of(answer)
    assert "Log in" not in answer.text  # who is logged in cannot be known now


def test_a_learner_meets_a_500_that_asks_the_database_nothing(
    failing: Any, user: Any, signed_in: Any, monkeypatch: Any
) -> None:
    browser = failing.test_client()
    browser.set_cookie("session", signed_in(user).get_cookie("session").value)
    answer = browser.get("/fail/500")
    assert answer.status_code == 500
    assert "Something broke on our side" in main_of(answer)


def test_a_wait_is_told_where_there_is_one(another_app: Any) -> None:
    app = another_app(ratelimit_enabled=True)
    browser = app.test_client()
    for _ in range(130):
        answer = browser.get("/search")
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert re.search(r"Try again in \d+ seconds?\.", main_of(answer))


@pytest.mark.pure
def test_what_was_sent_from_a_page_leads_back_to_it(
    another_app: Any, client: Any, quest: Any
) -> None:
    page = f"/quests/{quest.id}"
    huge = {"model_file": (io.BytesIO(bytes(2 << 20)), "model.joblib")}
    answer = (
        another_app(max_upload_mb=1)
        .test_client()
        .post(page, data=huge, headers={"Referer": f"http://localhost{page}"})
    )
    assert answer.status_code == 413
    assert f'href="{page}"' in answer.text
    assert "Back to the page" in main_of(answer)
    assert "<h1>The file is larger than 1 MB.</h1>" in answer.text  # and its advice below it
    assert "compress=3" in main_of(answer)
    form = client.post("/login", data={"username": "x" * (3 << 20)})
    assert form.status_code == 413
    assert "larger than the 2 MB that this address takes" in main_of(form)
    elsewhere = client.post("/theme", headers={"Referer": "http://evil.example/trap"})
    assert elsewhere.status_code == 400
    assert "evil.example" not in elsewhere.text


@pytest.mark.pure
def test_an_error_below_the_api_stays_json(client: Any) -> None:
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json["status"] == "error"
    db.session.rollback()
