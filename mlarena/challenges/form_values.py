"""Between the forms and what authors write: a challenge's fields as a form shows them, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from mlarena.challenges.contents import SHAPES, by_field, parse
from mlarena.challenges.form_fields import plain
from mlarena.challenges.forms import NEW_QUESTION, ChallengeForm, QuestionRow
from mlarena.challenges.schemas import ChallengeIn
from mlarena.core.errors import Invalid

Fields = dict[str, Any]

ABOUT = (
    *("name", "summary", "description", "difficulty", "points", "editorial"),
    *("pass_mark", "attempts_allowed", "position"),
)
WRONG = "Some of the values are not right."

# What a form is shown with before anything is written.
EMPTY: dict[str, Fields] = {
    "sql": {"test_cases": [{"is_visible": True}, {}]},
    "coding": {"test_cases": [{"is_visible": True}, {}]},
    "knowledge": {"questions": [NEW_QUESTION]},
}


def filled(kind: str, fields: Fields) -> Fields:
    """The data of a form that shows `fields`, written as `authoring` takes them."""
    return fields | {"category": fields["category"] or ""} | FILLED[kind](fields)


def written(kind: str, form: ChallengeForm) -> Fields:
    """What a validated form says, as `authoring` takes it. Raises Invalid naming every field at fault."""
    judged = WRITTEN[kind](form)
    about = {name: form[name].data for name in ABOUT}
    about["category"] = form.category.data or None
    about["hints"] = [
        {"text": row.form.text.data, "cost": row.form.cost.data} for row in form.hints.counted()
    ]
    errors: dict[str, list[str]] = {}
    try:
        ChallengeIn.model_validate({"kind": kind, **about, **judged})
    except ValidationError as error:
        errors |= by_field(error)
    try:
        parse(SHAPES[kind], judged)
    except Invalid as invalid:
        if not invalid.errors and not errors:
            raise
        errors |= invalid.errors
    if errors:
        raise Invalid(WRONG, errors)
    return about | {"name": about["name"].strip()} | judged


def _fill_sql(fields: Fields) -> Fields:
    cases = [case | {"script": case["data"]} for case in fields["test_cases"]]
    return {"test_cases": [_without(case, "data") for case in cases]}


def _write_sql(form: Any) -> Fields:
    names = (
        *("type", "engine", "init", "solution", "require_names", "no_difference"),
        "time_limit_ms",
    )
    cases = [
        _case(row.form) | {"data": row.form.script.data, "is_benchmark": row.form.is_benchmark.data}
        for row in form.test_cases
    ]
    return {name: form[name].data for name in names} | {"test_cases": cases}


def _fill_coding(fields: Fields) -> Fields:
    cases = [
        case
        | {"args": _json(case["args"])[1:-1]}
        | {"expected": _json(case["expected"]) if "expected" in case else ""}
        for case in fields["test_cases"]
    ]
    return fields["limits"] | {"test_cases": cases}


def _write_coding(form: Any) -> Fields:
    names = ("function", "signature", "solution", "starter_code", "comparison", "tolerance")
    cases = []
    for row in form.test_cases:
        case = _case(row.form) | {"args": row.form.args.value}
        if not row.form.expected.blank:
            case["expected"] = row.form.expected.value
        cases.append(case)
    limits = {name: form[name].data for name in ("wall_seconds", "memory_mb")}
    return {name: form[name].data for name in names} | {"limits": limits, "test_cases": cases}


def _fill_knowledge(fields: Fields) -> Fields:
    return {"questions": [_fill_question(question) for question in fields["questions"]]}


def _fill_question(question: Fields) -> Fields:
    kind, answer = question["kind"], question["answer"]
    right = answer if isinstance(answer, list) else [answer]
    shown = _without(question, "answer") | {
        "choices": [
            {"text": choice, "is_right": choice in right} for choice in question["choices"] or []
        ]
        or NEW_QUESTION["choices"]
    }
    if kind == "text":
        return shown | {"accepted": "\n".join(right)}
    return shown | {"number": plain(answer)} if kind == "number" else shown


def _write_knowledge(form: Any) -> Fields:
    return {"questions": [_write_question(row.form) for row in form.questions]}


def _write_question(row: QuestionRow) -> Fields:
    names = ("kind", "prompt", "weight", "tolerance", "explanation")
    marks = ("case_sensitive", "accents_count", "spaces_count")
    kind, answer = row.kind.data, ANSWER[row.kind.data](row)
    choices = [one.form.text.data for one in row.choices.counted()]
    asked = {name: row[name].data for name in (*names, *marks)} | {"answer": answer}
    return asked | {"choices": choices} if kind in ("single", "multiple") else asked


def _right(row: QuestionRow) -> list[str]:
    return [one.form.text.data for one in row.choices.counted() if one.form.is_right.data]


ANSWER: dict[str, Callable[[QuestionRow], Any]] = {
    "single": lambda row: _right(row)[0],
    "multiple": _right,
    "text": lambda row: [line for line in (row.accepted.data or "").split("\n") if line.strip()],
    "number": lambda row: row.number.data,
}
FILLED = {"sql": _fill_sql, "coding": _fill_coding, "knowledge": _fill_knowledge}
WRITTEN = {"sql": _write_sql, "coding": _write_coding, "knowledge": _write_knowledge}


def _case(row: Any) -> Fields:
    return {name: row[name].data for name in ("name", "weight", "is_visible")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _without(fields: Fields, name: str) -> Fields:
    return {key: value for key, value in fields.items() if key != name}
