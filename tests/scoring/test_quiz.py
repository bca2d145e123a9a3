"""How right an answer is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.scoring.quiz import Question, as_number, credit, read_answer

pytestmark = pytest.mark.pure

SINGLE = Question(1, "single", "b", ("a", "b", "c"))
MULTIPLE = Question(1, "multiple", ["a", "b"], ("a", "b", "c", "d"))
TEXT = Question(1, "text", ["Straße", "street"])
NUMBER = Question(1, "number", 0.3, tolerance=0.01)


def judged(question: Question, given_: Any) -> float:
    return credit(question, read_answer(question, given_))


@pytest.mark.parametrize(
    ("question", "answer", "earned"),
    [
        (SINGLE, "b", 1),
        (SINGLE, "a", 0),
        (SINGLE, None, 0),
        (SINGLE, "", 0),
        (MULTIPLE, ["b", "a"], 1),
        (MULTIPLE, ["a"], 0.5),
        (MULTIPLE, ["a", "c"], 0),
        (MULTIPLE, ["a", "b", "c"], 0.5),
        (MULTIPLE, ["a", "b", "c", "d"], 0),
        (MULTIPLE, [], 0),
        (MULTIPLE, "a", 0.5),
        (Question(1, "multiple", [], ("a", "b")), [], 1),
        (Question(1, "multiple", [], ("a", "b")), None, 0),
        (Question(1, "multiple", [], ("a", "b")), ["a"], 0),
        (TEXT, "  STRASSE ", 1),
        (TEXT, "Street", 1),
        (TEXT, "st reet", 0),
        (Question(1, "text", ["Café au lait"]), "cafe  au LAIT", 1),
        (Question(1, "text", ["Café"], accents_count=True), "cafe", 0),
        (Question(1, "text", ["Café"], accents_count=True), "cafe\u0301", 1),
        (Question(1, "text", ["GB"], case_sensitive=True), "gb", 0),
        (Question(1, "text", ["a  b"], spaces_count=True), "a b", 0),
        (Question(1, "text", ["３"]), "3", 1),
        (Question(1, "text", ["7"]), 7, 1),
        (NUMBER, 0.31, 1),
        (NUMBER, 0.3101, 0),
        (NUMBER, "0,295", 1),
        (NUMBER, "−0.3", 0),
        (Question(1, "number", 0.3), 0.1 + 0.2, 1),
        (Question(1, "number", 1e6), 1e6 + 1, 0),
    ],
)
def test_what_an_answer_earns(question: Question, answer: Any, earned: float) -> None:
    assert judged(question, answer) == earned


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (SINGLE, "z"),
        (SINGLE, ["b"]),
        (SINGLE, 1),
        (MULTIPLE, ["a", "a"]),
        (MULTIPLE, ["a", None]),
        (MULTIPLE, {"a": 1}),
        (TEXT, ["street"]),
        (TEXT, True),
        (TEXT, "x" * 501),
        (NUMBER, "a lot"),
        (NUMBER, True),
        (NUMBER, "NaN"),
        (NUMBER, "inf"),
        (NUMBER, 10**400),
        (NUMBER, "1_000"),
        (NUMBER, [0.3]),
    ],
)
def test_what_is_no_answer_is_refused_in_words(question: Question, answer: Any) -> None:
    with pytest.raises(ValueError, match=r"Answer with|named twice"):
        read_answer(question, answer)


@given(st.lists(st.sampled_from("abcd"), unique=True))
def test_a_guess_never_earns_less_than_nothing_nor_more_than_all(chosen: list[str]) -> None:
    assert 0 <= judged(MULTIPLE, chosen) <= 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_as_it_is_written(number: float) -> None:
    assert as_number(repr(number)) == number == as_number(number)
