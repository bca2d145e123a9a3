"""The database is away for a moment: a clear 503, and the next request works without a restart."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def without_database(another_app: Any) -> Any:
    return another_app(database_url="postgresql+psycopg2://nobody@127.0.0.1:1/nothing")


def test_the_api_says_503_in_its_envelope(without_database: Any) -> None:
    answer = without_database.test_client().get("/api/v1/quests")
    assert answer.status_code == 503
    assert answer.json["status"] == "error"
    assert "Try again" in answer.json["message"]
    assert int(answer.headers["Retry-After"]) > 0
    assert "psycopg2" not in answer.text


def test_a_page_says_it_too(without_database: Any) -> None:
    answer = without_database.test_client().get("/quests")
    assert answer.status_code == 503
    assert "<h1>" in answer.text
    assert "Traceback" not in answer.text


def test_a_submission_is_refused_whole_and_taken_when_it_is_back(
    app: Any, user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any, monkeypatch: Any
) -> None:
    import sqlalchemy as sa

    from mlarena.core.db import db
    from mlarena.submissions.models import Submission

    headers, content = bearer(user), good_model()

    def away(*_: Any, **__: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("the server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr("mlarena.submissions.intake._count_attempt", away)
        assert upload(headers, quest, content).status_code == 503
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 0
    assert upload(headers, quest, content).status_code == 202
