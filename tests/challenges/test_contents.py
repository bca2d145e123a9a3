"""What an author may write: kept whole, or refused by field in words."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.challenges.contents import (
    CodingContent,
    KnowledgeContent,
    SqlContent,
    digest,
    parse,
)
from mlarena.core.errors import Invalid

pytestmark = pytest.mark.pure

ADD = {
    "function": "add",
    "solution": "def add(a: int, b=2) -> int:\n    return a + b\n",
    "test_cases": [{"args": [1, 2], "expected": 3, "is_visible": True}, {"args": [1]}],
}
QUIZ = {
    "questions": [
        {"kind": "single", "prompt": "2 + 2?", "choices": [3, 4], "answer": 4},
        {"kind": "multiple", "prompt": "Vowels?", "choices": ["a", "b", "e"], "answer": ["a", 2]},
        {"kind": "text", "prompt": "Capital of France?", "answer": "Paris"},
        {"kind": "number", "prompt": "π?", "answer": "3,14", "tolerance": 0.01},
    ]
}
QUERY = {
    "init": "CREATE TABLE t (a INTEGER);",
    "solution": "SELECT a FROM t",
    "test_cases": [{"data": "INSERT INTO t VALUES (1);", "is_visible": True}],
}


@pytest.mark.parametrize(
    ("shape", "fields"), [(CodingContent, ADD), (KnowledgeContent, QUIZ), (SqlContent, QUERY)]
)
def test_what_is_kept_is_what_was_written(shape: Any, fields: dict[str, Any]) -> None:
    content = parse(shape, fields)
    again = parse(shape, content.whole())
    assert again.whole() == content.whole()
    assert digest(again) == digest(content)


def test_the_signature_is_read_off_the_solution_or_given_in_any_form() -> None:
    assert parse(CodingContent, ADD).called == "add(a: int, b=2) -> int"
    assert parse(CodingContent, ADD).starter.startswith("def add(a: int, b=2) -> int:")
    for written in ("def add(x, y=0):", "add(x, y=0)", "(x, y=0)"):
        assert parse(CodingContent, ADD | {"signature": written}).called == "add(x, y=0)"


def test_an_expected_none_is_not_an_expectation_left_out() -> None:
    content = parse(CodingContent, ADD | {"test_cases": [{"args": [1], "expected": None}]})
    assert content.test_cases[0].has_expected
    again = parse(CodingContent, content.whole())
    assert again.test_cases[0].has_expected
    assert not parse(CodingContent, ADD).test_cases[1].has_expected


def test_a_right_choice_is_named_by_its_text_or_its_place() -> None:
    single, multiple, text, number = parse(KnowledgeContent, QUIZ).questions
    assert (single.choices, single.answer) == (["3", "4"], "4")
    assert multiple.answer == ["a", "e"]
    assert text.answer == ["Paris"]
    assert number.answer == 3.14


@pytest.mark.parametrize(
    ("shape", "fields", "field", "words"),
    [
        (CodingContent, ADD | {"function": "2add"}, "function", "name of a Python function"),
        (CodingContent, ADD | {"function": "class"}, "function", "name of a Python function"),
        (CodingContent, ADD | {"function": "sub"}, "solution", "defines no function `sub`"),
        (CodingContent, ADD | {"signature": "add x"}, "signature", "is written like"),
        (CodingContent, ADD | {"solution": "  "}, "solution", "Write the function"),
        (CodingContent, ADD | {"test_cases": []}, "test_cases", "at least 1 item"),
        (CodingContent, ADD | {"test_cases": [{"args": [1] * 3}]}, "test_cases.0.args", "3 arg"),
        (CodingContent, ADD | {"test_cases": [{"args": []}]}, "test_cases.0.args", "0 arguments"),
        (CodingContent, ADD | {"test_cases": [{"args": 1}]}, "test_cases.0.args", "list"),
        (
            CodingContent,
            ADD | {"test_cases": [{"args": [1], "expected": float("nan")}]},
            "test_cases.0",
            "NaN",
        ),
        (
            CodingContent,
            ADD | {"test_cases": [{"args": ["x" * 300_000]}]},
            "test_cases.0",
            "256 KiB",
        ),
        (CodingContent, ADD | {"comparison": "near"}, "comparison", "exact"),
        (CodingContent, ADD | {"limits": {"wall_seconds": 99}}, "limits.wall_seconds", "10"),
        (CodingContent, ADD | {"limit": 1}, "limit", "Unknown field"),
        (SqlContent, QUERY | {"engine": "oracle"}, "engine", "sqlite"),
        (SqlContent, QUERY | {"type": "XX"}, "type", "FE"),
        (
            SqlContent,
            QUERY | {"test_cases": [{"data": "", "is_benchmark": True}] * 2},
            "test_cases",
            "One case at most",
        ),
        (SqlContent, QUERY | {"init": "x" * (1 << 21)}, "init", "at most"),
    ],
)
def test_what_is_wrong_is_said_by_field(
    shape: Any, fields: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        parse(shape, fields)
    assert words in caught.value.errors[field][0]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"kind": "single", "choices": ["a"], "answer": "a"}, "at least two choices"),
        ({"kind": "single", "choices": ["a", "a "], "answer": "a"}, "choices are the same"),
        ({"kind": "single", "choices": ["a", "b"], "answer": "c"}, "is none of"),
        ({"kind": "single", "choices": ["a", "b"], "answer": 2}, "is none of"),
        ({"kind": "single", "choices": ["a", "b"], "answer": True}, "is none of"),
        ({"kind": "multiple", "choices": ["a", "b"], "answer": "a"}, "a list"),
        ({"kind": "multiple", "choices": ["a", "b"], "answer": ["a", 0]}, "named twice"),
        ({"kind": "text", "answer": []}, "a text, or a list of texts"),
        ({"kind": "text", "answer": ["a", {}]}, "a text, or a list of texts"),
        ({"kind": "text", "answer": "  "}, "a letter or a digit"),
        ({"kind": "text", "answer": "a", "choices": ["a", "b"]}, "has no choices"),
        ({"kind": "number", "answer": "many"}, "is a number"),
        ({"kind": "number", "answer": float("inf")}, "is a number"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    question: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        parse(KnowledgeContent, {"questions": [{"prompt": "?", **question}]})
    [(field, said)] = caught.value.errors.items()
    assert field == f"questions.0.{'choices' if 'choices' in words else 'answer'}"
    assert words in said[0]
