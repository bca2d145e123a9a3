"""A quiz, by the public doors: what it earns, and what it never tells before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.challenges.conftest import QUIZ, RIGHT


@pytest.fixture
def quiz(make_challenge: Any) -> Any:
    return make_challenge(QUIZ)


def test_all_right_passes(user: Any, quiz: Any, judged: Any) -> None:
    shown = judged(user, quiz, answers=RIGHT)
    assert (shown["score"], shown["passed"], shown["xp_awarded"]) == (100, True, 20)
    assert [case["expected_result"] for case in shown["cases"]] == [
        "precision",
        ["log loss", "hinge"],
        ["recall", "sensitivity"],
        1,
    ]


def test_half_right_is_credited_and_explained_but_not_given_away(
    user: Any, quiz: Any, judged: Any
) -> None:
    half = RIGHT | {"1": "recall", "2": ["hinge"], "4": None}
    shown = judged(user, quiz, answers=half)
    assert [case["score"] for case in shown["cases"]] == [0, 50, 100, 0]
    assert (shown["score"], shown["passed"]) == (37.5, False)
    assert shown["cases"][0]["explanation"] == "False alarms stand in its denominator."
    assert all(case["expected_result"] is None for case in shown["cases"])


def test_the_mark_to_pass_is_the_authors(user: Any, make_challenge: Any, judged: Any) -> None:
    easy = make_challenge(QUIZ, pass_mark=75)
    shown = judged(user, easy, answers=RIGHT | {"4": 7})
    assert (shown["score"], shown["passed"], shown["xp_awarded"]) == (75, True, 20)


def test_answers_may_be_sent_in_three_forms(user: Any, quiz: Any, judged: Any) -> None:
    ordered = list(RIGHT.values())
    named = [{"question_id": int(n), "answer": answer} for n, answer in RIGHT.items()]
    assert judged(user, quiz, answers=ordered)["passed"]
    assert judged(user, quiz, answers=named)["passed"]


@pytest.mark.parametrize("path", ["/api/v1/challenges/{}", "/challenges/{}"])
def test_no_answer_is_in_the_page_before(
    app: Any, user: Any, make_challenge: Any, bearer: Any, signed_in: Any, path: str
) -> None:
    secret = {
        "kind": "text",
        "prompt": "?",
        "answer": ["zebra-17"],
        "explanation": "okapi-18",
        "tolerance": 0,
    }
    quiz = make_challenge(QUIZ, questions=[*QUIZ["questions"], secret], editorial="gnu-19")
    address = path.format(quiz.id)
    for answer in (
        app.test_client().get(address),
        app.test_client().get(address, headers=bearer(user)),
        signed_in(user).get(address),
    ):
        assert answer.status_code == 200
        for word in ("zebra-17", "okapi-18", "gnu-19", "sensitivity", "denominator"):
            assert word not in answer.text


def test_the_order_is_everybodys_own_and_always_the_same(
    client: Any, make_user: Any, make_challenge: Any, bearer: Any
) -> None:
    choices = [f"choice {n}" for n in range(8)]
    question = {"kind": "single", "prompt": "?", "choices": choices, "answer": 0}
    quiz = make_challenge(QUIZ, questions=[question] * 8)
    orders = set()
    for number in range(4):
        headers = bearer(make_user(f"learner{number}"))
        first, again = (
            client.get(f"/api/v1/challenges/{quiz.id}", headers=headers).json["data"]["questions"]
            for _ in range(2)
        )
        assert first == again
        assert sorted(one["id"] for one in first) == list(range(1, 9))
        assert all(sorted(one["choices"]) == choices for one in first)
        orders.add(json.dumps(first))
    assert len(orders) == 4


def test_attempts_are_limited_and_the_last_one_shows_the_answers(
    client: Any, user: Any, make_challenge: Any, judged: Any, attempt: Any, bearer: Any
) -> None:
    quiz = make_challenge(QUIZ, attempts_allowed=2, editorial="How it is done")
    wrong = RIGHT | {"1": "recall"}
    first = judged(user, quiz, answers=wrong)
    assert first["cases"][0]["expected_result"] is None
    shown = client.get(f"/api/v1/challenges/{quiz.id}", headers=bearer(user)).json["data"]
    assert (shown["attempts_left"], shown["editorial"]) == (1, None)
    last = judged(user, quiz, answers=wrong | {"4": 2})
    assert last["cases"][0]["expected_result"] == "precision"
    refused = attempt(user, quiz, answers=RIGHT)
    assert refused.status_code == 403
    assert "takes 2 attempts" in refused.json["message"]
    shown = client.get(f"/api/v1/challenges/{quiz.id}", headers=bearer(user)).json["data"]
    assert (shown["attempts"], shown["attempts_left"]) == (2, 0)
    assert shown["editorial"] == "How it is done"


@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        ({"1": "precision"}, "answers.2", "is missing"),
        (RIGHT | {"5": 1}, "answers.5", "no such question"),
        (RIGHT | {"x": 1}, "answers.x", "no such question"),
        (RIGHT | {"01": "recall"}, "answers.1", "answered twice"),
        (["precision"], "answers", "4 questions, and 1 answers came"),
        ([*RIGHT.values(), 1], "answers", "and 5 answers came"),
        (
            [{"question_id": n, "answer": None} for n in (1, 2, 3, 4, 4)],
            "answers.4",
            "answered twice",
        ),
        ([{"question_id": 1, "answer": 1, "x": 2}], "answers", "and nothing else"),
        (RIGHT | {"1": "accuracy"}, "answers.1", "one of the choices"),
        (RIGHT | {"2": "hinge loss"}, "answers.2", "one of the choices"),
        (RIGHT | {"4": "many"}, "answers.4", "with a number"),
        ("precision", "answers", "valid dictionary"),
    ],
)
def test_an_answer_set_that_is_not_one_is_refused_and_costs_nothing(
    client: Any,
    user: Any,
    quiz: Any,
    attempt: Any,
    bearer: Any,
    answers: Any,
    field: str,
    words: str,
) -> None:
    refused = attempt(user, quiz, answers=answers)
    assert refused.status_code == 422, refused.text
    found = {name: said for name, said in refused.json["errors"].items() if name.startswith(field)}
    assert words in str(found), refused.json["errors"]
    assert client.get("/api/v1/submissions", headers=bearer(user)).json["data"] == []


def test_a_question_named_twice_in_one_object_is_refused(
    client: Any, user: Any, quiz: Any, bearer: Any
) -> None:
    body = f'{{"challenge_id": {quiz.id}, "answers": {{"1": "recall", "1": "precision"}}}}'
    refused = client.post(
        "/api/v1/attempts", data=body, content_type="application/json", headers=bearer(user)
    )
    assert refused.status_code == 422
    assert refused.json["errors"] == {"1": ["This is there twice."]}


def test_a_quiz_has_nothing_to_run(client: Any, user: Any, quiz: Any, bearer: Any) -> None:
    answer = client.post(
        f"/api/v1/challenges/{quiz.id}/run", json={"code": "x"}, headers=bearer(user)
    )
    assert answer.status_code == 422
    assert "nothing to run" in answer.json["message"]
