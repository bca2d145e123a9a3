"""Challenges of each kind, as an author writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

ADD: dict[str, Any] = {
    "kind": "coding",
    "name": "Add two numbers",
    "points": 30,
    "function": "add",
    "signature": "add(a: int, b: int) -> int",
    "solution": "def add(a, b):\n    return a + b\n",
    "test_cases": [
        {"args": [1, 2], "expected": 3, "is_visible": True},
        {"args": [5, -7], "expected": -2, "is_visible": False},
        {"args": [10, 10], "expected": 20, "is_visible": False, "weight": 2},
    ],
}
QUIZ: dict[str, Any] = {
    "kind": "knowledge",
    "name": "Measuring classifiers",
    "points": 20,
    "questions": [
        {
            "kind": "single",
            "prompt": "Which falls with more false alarms?",
            "choices": ["precision", "recall"],
            "answer": "precision",
            "explanation": "False alarms stand in its denominator.",
        },
        {
            "kind": "multiple",
            "prompt": "Which are losses?",
            "choices": ["log loss", "hinge", "accuracy", "recall"],
            "answer": ["log loss", "hinge"],
        },
        {"kind": "text", "prompt": "TP / (TP + FN)?", "answer": ["recall", "sensitivity"]},
        {"kind": "number", "prompt": "F1 of 1 and 1?", "answer": 1, "tolerance": 0.001},
    ],
}
RIGHT = {
    "1": "precision",
    "2": ["hinge", "log loss"],
    "3": " Sensitivity",
    "4": "1.0",
}


@pytest.fixture
def author(make_user: Callable[..., Any]) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def make_challenge(app: Any, author: Any, jail: Any) -> Callable[..., Any]:
    """make_challenge(ADD, points=5) -> the published challenge."""
    from mlarena.challenges import authoring

    def make(fields: dict[str, Any], *, publish: bool = True, **more: Any) -> Any:
        given = fields | more
        kind = given["kind"]
        rest = {name: value for name, value in given.items() if name != "kind"}
        return authoring.create(author, kind, rest, publish)

    return make


@pytest.fixture
def attempt(app: Any, bearer: Callable[..., dict[str, str]]) -> Callable[..., Any]:
    """attempt(user, challenge, code=...) -> the answer of POST /attempts."""

    def hand_in(user: Any, challenge: Any, **fields: Any) -> Any:
        return app.test_client().post(
            "/api/v1/attempts",
            json={"challenge_id": challenge.id, **fields},
            headers=bearer(user),
        )

    return hand_in


@pytest.fixture
def judged(
    client: Any, attempt: Callable[..., Any], work: Callable[[], None], bearer: Any
) -> Callable[..., dict[str, Any]]:
    """judged(user, challenge, code=...) -> the submission with its verdict."""

    def judge(user: Any, challenge: Any, **fields: Any) -> dict[str, Any]:
        answer = attempt(user, challenge, **fields)
        assert answer.status_code == 202, answer.text
        work()
        number = answer.json["data"]["id"]
        shown = client.get(f"/api/v1/submissions/{number}", headers=bearer(user))
        found: dict[str, Any] = shown.json["data"]
        return found

    return judge
