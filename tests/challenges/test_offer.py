"""An engine that no worker can use: what needs it is not offered to learners, and instructors are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlarena.challenges import engines, offer
from mlarena.challenges.sql import Engines
from mlarena.core import health
from mlarena.core.db import db
from tests.challenges.conftest import QUIZ
from tests.challenges.test_sql import GOALS, REWRITTEN

WHY = "PostgreSQL challenges are not configured."


@pytest.fixture
def workers(app: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """workers({"postgres": "why"}, {}) -> what the living workers say of engines they cannot use."""
    monkeypatch.setattr(offer, "_kept", None)

    def say(*absent: dict[str, str]) -> None:
        beats = {"worker": [{"lacking": one} for one in absent]}
        monkeypatch.setattr(health, "beats", lambda: beats)
        monkeypatch.setattr(offer, "_kept", None)

    return say


@pytest.fixture
def elephant(make_challenge: Any) -> Any:
    """A published challenge whose engine goes later."""
    challenge = make_challenge(GOALS, name="Goals by elephant")
    challenge.engine = "postgres"
    db.session.commit()
    return challenge


def test_learners_are_not_offered_it_and_instructors_are_told(
    client: Any, user: Any, author: Any, elephant: Any, make_challenge: Any, workers: Any,
    signed_in: Any, bearer: Any,
) -> None:  # fmt: skip
    make_challenge(QUIZ)

    def listed(headers: Any) -> list[str]:
        rows = client.get("/api/v1/challenges", headers=headers).json["data"]
        return [row["name"] for row in rows]

    learner, instructor = bearer(user), bearer(author)
    path = f"/challenges/{elephant.id}"
    workers({})
    assert "Goals by elephant" in listed(learner)
    assert "<textarea" in signed_in(user).get(path).text

    workers({"postgres": WHY}, {"postgres": WHY})
    assert listed(learner) == listed({}) == ["Measuring classifiers"]
    assert client.get("/api/v1/challenges").json["meta"]["counts"]["kind"]["sql"] == 0
    assert "Goals by elephant" in listed(instructor)
    found = client.get("/api/v1/search?q=elephant", headers=learner).json["data"]
    assert "elephant" not in str(found)
    page = signed_in(user).get("/challenges").text
    assert "elephant" not in page
    assert "Measuring classifiers" in page
    alone = signed_in(user).get(path).text
    assert "PostgreSQL is not to be had" in alone
    assert "<textarea" not in alone
    assert WHY not in alone
    assert "Not offered: PostgreSQL is missing" in signed_in(author).get("/challenges").text
    assert WHY in signed_in(author).get(path).text
    told = client.get(f"/api/v1{path}", headers=instructor).json["data"]
    assert told["not_offered"] == WHY
    assert "not_offered" not in client.get(f"/api/v1{path}", headers=learner).json["data"]


def test_nothing_is_taken_in_that_nobody_can_judge(
    client: Any, user: Any, elephant: Any, workers: Any, attempt: Any, bearer: Any
) -> None:
    workers({"postgres": WHY})
    refused = attempt(user, elephant, query=REWRITTEN)
    assert refused.status_code == 503
    headers = bearer(user)
    for what in ("run", "plan"):
        path = f"/api/v1/challenges/{elephant.id}/{what}"
        assert client.post(path, json={"query": REWRITTEN}, headers=headers).status_code == 503
    assert client.get("/api/v1/submissions", headers=headers).json["data"] == []


def test_one_worker_that_can_is_enough_and_silence_means_nothing(
    client: Any, elephant: Any, workers: Any
) -> None:
    def names() -> list[str]:
        return [row["name"] for row in client.get("/api/v1/challenges").json["data"]]

    for said in ([{"postgres": WHY}, {}], []):
        workers(*said)
        assert names() == ["Goals by elephant"]


def test_a_worker_tells_of_a_server_that_went_away(
    jail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again every few seconds: what vanishes is hidden, what comes back is offered."""
    away = Engines(jail, "postgresql://nobody@127.0.0.1:1/nothing")
    absent = engines.Absent(away)
    assert "PostgreSQL" in absent.now()["postgres"]
    monkeypatch.setattr(away, "absent", dict)
    assert absent.now()["postgres"], "not asked again at every beat"
    monkeypatch.setattr(engines, "ASK_SECONDS", -1)
    assert absent.now() == {}
    assert "CHALLENGE_DATABASE_URL" in Engines(jail).absent()["postgres"]
