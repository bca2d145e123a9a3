"""What a learner hands in, checked by kind at the door: refused here, it costs no attempt."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mlarena.challenges.contents import KnowledgeContent
from mlarena.challenges.models import Challenge
from mlarena.challenges.versions import content_of
from mlarena.core.errors import Invalid
from mlarena.scoring.quiz import read_answer

# The one field that each kind takes.
FIELDS = {"sql": "query", "coding": "code", "knowledge": "answers"}
LONGEST_CODE = 64 * 1024  # bytes of UTF-8
WRONG = "Some of the answers are not right in form."


def read_payload(challenge: Challenge, fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` (those that were given) as the payload of a submission; raises Invalid.

    For a query `same` is the text that all queries share which mean the same.
    """
    wanted = FIELDS[challenge.kind]
    strangers = {name for name, value in fields.items() if name != wanted and value is not None}
    if strangers:
        name = min(strangers)
        raise Invalid.field(name, f"This challenge takes `{wanted}`, not `{name}`.")
    given = fields.get(wanted)
    if given is None:
        raise Invalid.field(wanted, f"Send your {wanted}: this challenge takes nothing else.")
    return READERS[challenge.kind](challenge, given)


def refuse_twins(body: bytes) -> None:
    """A name twice in one JSON object: of two answers to a question the parser keeps one, silently."""
    json.loads(body, object_pairs_hook=_without_twins)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"`{twin[:80]}` is there twice.", {twin[:80]: ["This is there twice."]})
    return found


def _query(challenge: Challenge, given: str) -> dict[str, Any]:
    from mlarena.challenges.sql import Refusal, normalise, read_attempt

    engine = challenge.engine or "sqlite"
    try:
        read_attempt(given, engine)
    except Refusal as refusal:
        raise Invalid.field("query", str(refusal)) from None
    return {"query": given, "same": normalise(given, engine)}


def _code(_challenge: Challenge, given: str) -> dict[str, Any]:
    if not given.strip():
        raise Invalid.field("code", "The code is empty.")
    if len(given.encode()) > LONGEST_CODE:
        raise Invalid.field("code", f"The code may have {LONGEST_CODE >> 10} KiB at most.")
    return {"code": given}


def _answers(challenge: Challenge, given: dict[str, Any] | list[Any]) -> dict[str, Any]:
    content = content_of(challenge.version_row())
    assert isinstance(content, KnowledgeContent)  # noqa: S101
    numbers = range(1, len(content.questions) + 1)
    by_number, errors = _by_number(given, numbers)
    answers: dict[str, Any] = {}
    for number, asked in zip(numbers, content.questions, strict=True):
        if number not in by_number:
            errors[f"answers.{number}"] = ["This question is missing. Leave it blank with null."]
            continue
        try:
            answers[str(number)] = read_answer(asked.question(number), by_number[number])
        except ValueError as error:
            errors[f"answers.{number}"] = [str(error)]
    if errors:
        raise Invalid(WRONG, errors)
    return {"answers": answers}


def _by_number(
    given: dict[str, Any] | list[Any], numbers: range
) -> tuple[dict[int, Any], dict[str, list[str]]]:
    """Answers by the question's id, however they were sent, and what cannot be told apart."""
    pairs, errors = _pairs(given, numbers)
    found: dict[int, Any] = {}
    for name, answer in pairs:
        number = int(name) if _is_number(name) else 0
        if number not in numbers:
            errors[f"answers.{name}"[:80]] = ["There is no such question."]
        elif number in found:
            errors[f"answers.{number}"] = ["This question is answered twice."]
        else:
            found[number] = answer
    return found, errors


def _pairs(
    given: dict[str, Any] | list[Any], numbers: range
) -> tuple[list[tuple[Any, Any]], dict[str, list[str]]]:
    if isinstance(given, dict):
        return list(given.items()), {}
    if given and all(isinstance(one, dict) and "question_id" in one for one in given):
        strange = [one for one in given if set(one) - {"question_id", "answer"}]
        if strange:
            return [], {"answers": ["An answer is {question_id, answer} and nothing else."]}
        return [(one["question_id"], one.get("answer")) for one in given], {}
    if len(given) != len(numbers):
        words = f"There are {len(numbers)} questions, and {len(given)} answers came."
        return [], {"answers": [words]}
    return list(zip(numbers, given, strict=True)), {}


def _is_number(name: Any) -> bool:
    if isinstance(name, bool):
        return False
    return isinstance(name, int) or (
        isinstance(name, str) and name.isascii() and name.isdigit() and len(name) < 6
    )


READERS: dict[str, Callable[[Challenge, Any], dict[str, Any]]] = {
    "sql": _query,
    "coding": _code,
    "knowledge": _answers,
}
