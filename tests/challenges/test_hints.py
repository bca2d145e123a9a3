"""Hints: one after the other, paid once, off the points of the pass."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.challenges import hints
from tests.challenges.conftest import QUIZ, RIGHT

HINTS = [
    {"text": "Look at the denominator.", "cost": 0},
    {"text": "It is the first choice.", "cost": 5},
    {"text": "Precision.", "cost": 15},
]


@pytest.fixture
def quiz(make_challenge: Any) -> Any:
    return make_challenge(QUIZ, hints=HINTS, editorial="Read the confusion matrix.")


@pytest.fixture
def reveal(client: Any, user: Any, quiz: Any, bearer: Any) -> Any:
    headers = bearer(user)

    def ask(number: int) -> Any:
        return client.post(
            f"/api/v1/challenges/{quiz.id}/hints", json={"number": number}, headers=headers
        )

    return ask


def test_hints_open_one_after_the_other(
    client: Any, user: Any, quiz: Any, reveal: Any, bearer: Any
) -> None:
    path = f"/api/v1/challenges/{quiz.id}"
    closed = client.get(path, headers=bearer(user))
    assert [hint["text"] for hint in closed.json["data"]["hints"]] == [None] * 3
    assert [hint["cost"] for hint in closed.json["data"]["hints"]] == [0, 5, 15]
    assert "denominator." not in closed.text
    assert reveal(2).status_code == 409
    assert "Hint 1 comes first" in reveal(3).json["message"]
    assert reveal(1).json["data"]["text"] == "Look at the denominator."
    assert reveal(2).json["data"]["text"] == "It is the first choice."
    opened = client.get(path, headers=bearer(user)).json["data"]["hints"]
    assert [hint["text"] is None for hint in opened] == [False, False, True]
    assert reveal(4).status_code == 409
    assert client.get(path).json["data"]["hints"][0]["text"] is None


def test_what_hints_cost_is_taken_off_the_pass(
    user: Any, quiz: Any, reveal: Any, judged: Any
) -> None:
    for number in (1, 2, 2, 1):  # a second look is free
        assert reveal(number).status_code == 200
    assert hints.spent(user.id, quiz.id) == 5
    assert judged(user, quiz, answers=RIGHT)["xp_awarded"] == 15


def test_all_hints_leave_nothing_to_win_but_the_pass(
    user: Any, quiz: Any, reveal: Any, judged: Any
) -> None:
    for number in (1, 2, 3):
        reveal(number)
    shown = judged(user, quiz, answers=RIGHT)
    assert (shown["passed"], shown["xp_awarded"]) == (True, 0)


def test_after_the_pass_hints_are_free(user: Any, quiz: Any, reveal: Any, judged: Any) -> None:
    judged(user, quiz, answers=RIGHT)
    for number in (1, 2, 3):
        assert reveal(number).status_code == 200
    assert hints.spent(user.id, quiz.id) == 0


def test_opening_a_hint_is_a_beginning(
    client: Any, user: Any, quiz: Any, reveal: Any, bearer: Any
) -> None:
    reveal(1)
    [row] = client.get("/api/v1/progress", headers=bearer(user)).json["data"]
    assert (row["challenge_id"], row["status"]) == (quiz.id, "started")


def test_the_editorial_opens_after_solving(
    client: Any, user: Any, author: Any, quiz: Any, judged: Any, bearer: Any
) -> None:
    path = f"/api/v1/challenges/{quiz.id}"
    assert client.get(path, headers=bearer(user)).json["data"]["editorial"] is None
    assert client.get(path, headers=bearer(author)).json["data"]["editorial"]
    judged(user, quiz, answers=RIGHT)
    shown = client.get(path, headers=bearer(user)).json["data"]
    assert shown["editorial"] == "Read the confusion matrix."
