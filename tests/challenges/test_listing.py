"""The list: filters, search, counts, and where one stands, in a constant number of queries."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.challenges.models import Category, KnowledgeChallenge
from mlarena.core.db import db
from mlarena.submissions.models import Progress
from tests.challenges.conftest import ADD, QUIZ, RIGHT

PATH = "/api/v1/challenges"


@pytest.fixture
def shelf(make_challenge: Any) -> dict[str, Any]:
    """Four challenges in two categories."""
    db.session.add_all(
        [
            Category(slug="metrics", name="Métriques", position=2),
            Category(slug="arithmetic", name="Arithmetic", position=1),
        ]
    )
    db.session.commit()
    return {
        "add": make_challenge(ADD, category="arithmetic"),
        "hard": make_challenge(ADD, name="Subtract", category="arithmetic", difficulty="advanced"),
        "quiz": make_challenge(QUIZ, category="metrics"),
        "loose": make_challenge(QUIZ, name="No category", difficulty="intermediate"),
    }


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json["data"]]


def test_the_order_is_by_category_and_difficulty(client: Any, shelf: Any) -> None:
    assert names(client.get(PATH)) == [
        "Add two numbers",
        "Subtract",
        "Measuring classifiers",
        "No category",
    ]
    assert [c["slug"] for c in client.get("/api/v1/categories").json["data"]] == [
        "arithmetic",
        "metrics",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=coding", 2),
        ("category=metrics", 1),
        ("difficulty=advanced", 1),
        ("kind=coding&difficulty=intermediate", 0),
        ("q=SUBTRACT", 1),
        ("q=metriques", 1),
        ("q=add%20arithmetic", 1),
        ("q=nothing%20like%20it", 0),
        ("status=new", 4),
        ("engine=sqlite", 0),
        ("per_page=3", 3),
        ("per_page=3&page=2", 1),
    ],
)
def test_the_list_is_narrowed_down(client: Any, shelf: Any, query: str, found: int) -> None:
    assert len(names(client.get(f"{PATH}?{query}"))) == found


@pytest.mark.parametrize("query", ["kind=essay", "q=" + "x" * 101, "colour=red", "per_page=1000"])
def test_what_cannot_be_asked_is_refused(client: Any, app: Any, query: str) -> None:
    assert client.get(f"{PATH}?{query}").status_code == 422


def test_counts_say_what_each_choice_would_show(
    client: Any, user: Any, shelf: Any, judged: Any, bearer: Any
) -> None:
    judged(user, shelf["quiz"], answers=RIGHT)
    judged(user, shelf["loose"], answers=RIGHT | {"4": 2})
    headers = bearer(user)
    counts = client.get(PATH, headers=headers).json["meta"]["counts"]
    assert counts["status"] == {"new": 2, "started": 0, "submitted": 1, "completed": 1}
    assert counts["kind"] == {"sql": 0, "coding": 2, "knowledge": 2}
    assert counts["category"] == {"arithmetic": 2, "metrics": 1}
    narrowed = client.get(f"{PATH}?kind=knowledge&status=completed", headers=headers).json
    assert narrowed["meta"]["total"] == 1
    # A facet's own choice does not narrow its own counts: they say what another choice would show.
    assert narrowed["meta"]["counts"]["kind"] == {"sql": 0, "coding": 0, "knowledge": 1}
    assert narrowed["meta"]["counts"]["status"]["submitted"] == 1
    [row] = narrowed["data"]
    assert (row["status"], row["attempts"], row["best_score"]) == ("completed", 1, 100)
    assert row["completed_at"].endswith("Z")


def test_more_challenges_and_progress_are_not_more_queries(
    client: Any, user: Any, shelf: Any, bearer: Any, queries: Any
) -> None:
    headers = bearer(user)
    client.get(PATH, headers=headers)
    queries.clear()
    client.get(PATH, headers=headers)
    few = len(queries)
    for number in range(30):
        more = KnowledgeChallenge(slug=f"more-{number}", title="More", status="published")
        db.session.add(more)
        db.session.flush()
        db.session.add(Progress(user_id=user.id, task_id=more.id))
    db.session.commit()
    client.get(PATH, headers=headers)
    queries.clear()
    assert client.get(PATH, headers=headers).json["meta"]["total"] == 34
    assert len(queries) == few <= 5


def test_progress_is_ones_own_and_only_begins_by_saying_so(
    client: Any, user: Any, make_user: Any, shelf: Any, judged: Any, bearer: Any
) -> None:
    headers, quiz = bearer(user), shelf["quiz"]
    begun = client.post("/api/v1/progress", json={"challenge_id": quiz.id}, headers=headers)
    assert begun.json["data"]["status"] == "started"
    claim = {"challenge_id": quiz.id, "status": "completed"}
    assert client.post("/api/v1/progress", json=claim, headers=headers).status_code == 422
    judged(user, quiz, answers=RIGHT)
    again = client.post("/api/v1/progress", json={"challenge_id": quiz.id}, headers=headers)
    assert again.json["data"]["status"] == "completed"
    rows = client.get("/api/v1/progress?status=completed", headers=headers).json["data"]
    assert [(row["challenge_id"], row["attempts"]) for row in rows] == [(quiz.id, 1)]
    other = client.get("/api/v1/progress", headers=bearer(make_user("other"))).json
    assert other["data"] == []
    absent = client.post("/api/v1/progress", json={"challenge_id": 999}, headers=headers)
    assert absent.status_code == 404


def test_an_attempt_is_shown_with_what_was_handed_in(
    client: Any, user: Any, author: Any, make_user: Any, shelf: Any, judged: Any, bearer: Any
) -> None:
    code = "def add(a, b): return a + b"
    done = judged(user, shelf["add"], code=code)
    path = f"/api/v1/users/{user.id}/attempts/{done['id']}"
    for reader in (user, author):
        shown = client.get(path, headers=bearer(reader)).json["data"]
        assert (shown["code"], shown["passed"], len(shown["cases"])) == (code, True, 3)
    other = make_user("other")
    assert client.get(path, headers=bearer(other)).status_code == 404
    wrong = f"/api/v1/users/{other.id}/attempts/{done['id']}"
    assert client.get(wrong, headers=bearer(author)).status_code == 404
