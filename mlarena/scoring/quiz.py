"""How right an answer to a question is, from 0 to 1. Pure functions.

A choice is right or wrong. Of several choices each right one counts for, each wrong one against, never
below nothing: ticking all earns no more than ticking none. Words are compared without case, accents and
superfluous spaces, unless the question says that they count. A number may differ by the tolerance.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """What scoring needs. `answer`: a choice, a list of choices or of accepted texts, a number."""

    number: int
    kind: str
    answer: Any
    choices: tuple[str, ...] = ()
    tolerance: float = 0.0
    case_sensitive: bool = False
    spaces_count: bool = False
    accents_count: bool = False


def credit(question: Question, given: Any) -> float:
    """From 0 to 1 for an answer as `read_answer` gives it; a blank one (None) earns nothing."""
    if given is None:
        return 0.0
    if question.kind == "multiple":
        return _credit_of_choices(set(question.answer), set(given), len(question.choices))
    if question.kind == "text":
        accepted = {normalised(text, question) for text in question.answer}
        return float(normalised(given, question) in accepted)
    if question.kind == "number":
        return float(_near(given, question.answer, question.tolerance))
    return float(given == question.answer)


def _credit_of_choices(right: set[str], given: set[str], of: int) -> float:
    if given == right:
        return 1.0
    if not right:
        return 0.0
    hits, misses = len(given & right), len(given - right)
    return max(0.0, (hits - misses) / len(right))


def _near(given: float, right: float, tolerance: float) -> bool:
    # 0.1 + 0.2 within 0 of 0.3, and 3.15 within 0.01 of 3.14: decimals are not exact in binary.
    return abs(given - right) <= tolerance + 1e-9 * max(1.0, abs(right))


def normalised(text: str, question: Question) -> str:
    """The form in which two texts are the same answer."""
    text = unicodedata.normalize("NFKC", text)
    if not question.accents_count:
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in parts if not unicodedata.combining(letter))
    if not question.case_sensitive:
        text = text.casefold()
    return text.strip() if question.spaces_count else " ".join(text.split())


def read_answer(question: Question, given: Any) -> Any:
    """The answer in the form that `credit` takes; None for a blank one. Raises ValueError in words."""
    if given is None or given in ("", []):
        return [] if question.kind == "multiple" and given == [] else None
    if question.kind == "single":
        return _choice(question, given)
    if question.kind == "multiple":
        chosen = given if isinstance(given, list) else [given]
        named = [_choice(question, one) for one in chosen]
        if len(set(named)) < len(named):
            raise ValueError("A choice is named twice.")
        return named
    if question.kind == "number":
        number = as_number(given)
        if number is None:
            raise ValueError("Answer with a number, such as 0.25.")
        return number
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise ValueError("Answer with a text.")
    if len(str(given)) > 500:
        raise ValueError("Answer with at most 500 characters.")
    return str(given)


def _choice(question: Question, given: Any) -> str:
    text = given if isinstance(given, str) else as_text(given)
    if text not in question.choices:
        raise ValueError("Answer with the text of one of the choices.")
    return text


def as_text(value: Any) -> str:
    """A number or a truth value as a choice is written."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def as_number(value: Any) -> float | None:
    """A finite number, also written with a decimal comma; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip().replace("−", "-")
        if "," in text and "." not in text and text.count(",") == 1:
            text = text.replace(",", ".")
        if len(text) > 50 or "_" in text:
            return None
        value = text
    if not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
