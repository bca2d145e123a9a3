"""From what was seen of a child to an Outcome: nothing the child says is taken on trust."""

from __future__ import annotations

import dataclasses
from typing import Any

from mlarena.sandbox import frames
from mlarena.sandbox.evaluation import Raw
from mlarena.sandbox.limits import Limits
from mlarena.sandbox.outcome import MESSAGES, Outcome, OutcomeError, message_for

# Categories that a failure in the hidden run may have; any other becomes predict_failed.
HIDDEN = ("memory", "wrong_length", "wrong_shape", "wrong_type", "not_finite", "predict_failed")
MOST_WARNINGS = 10
LONGEST_LINE = 500
LONGEST_MESSAGE = 2000
LONGEST_DETAIL = 8000


def of_predictions(raw: Raw, limits: Limits, rows: int, method: str) -> Outcome:
    """The outcome of a model: `rows` checked predictions, or why there are none."""
    outcome = measured(raw)
    try:
        about, classes = _read_note(raw.note, method)
        outcome = dataclasses.replace(outcome, about=about, classes=classes)
        if raw.status == "ok" and raw.final and raw.final[0] == b"PRED" and raw.sealed:
            columns = len(classes) if classes is not None else None
            predictions = frames.read_predictions(raw.final[1], rows, columns)
            return dataclasses.replace(outcome, predictions=predictions)
    except frames.BadFrame as bad:
        return _ended(outcome, _status_of(bad), bad.category, limits, rows)
    return failed(outcome, raw, limits, rows)


def of_code(raw: Raw, limits: Limits) -> Outcome:
    """The outcome of a code run: its JSON value, or why there is none."""
    outcome = measured(raw)
    if raw.status == "ok" and raw.final and raw.final[0] == b"JSON":
        try:
            return dataclasses.replace(outcome, value=frames.read_json(raw.final[1]))
        except frames.BadFrame as bad:
            return _ended(outcome, "bad_frame", bad.category, limits)
    return failed(outcome, raw, limits)


def measured(raw: Raw) -> Outcome:
    """What was printed and used, whatever came of it."""
    return Outcome(
        raw.status,
        output=_clean(raw.output.decode(errors="replace"), len(raw.output)),
        wall_ms=raw.wall_ms,
        cpu_ms=raw.cpu_ms,
        max_rss=raw.max_rss,
    )


def _status_of(bad: frames.BadFrame) -> str:
    """A wrong answer is the learner's error; a broken form is nobody's honest work."""
    return "bad_frame" if bad.category == "bad_frame" else "error"


def failed(outcome: Outcome, raw: Raw, limits: Limits, rows: int = 0) -> Outcome:
    """`outcome` with the reason why there is no result, as far as it may be told."""
    if raw.status != "ok":
        return _ended(outcome, raw.status, raw.status, limits, rows)
    if not raw.final or raw.final[0] != b"FAIL":
        return _ended(outcome, "bad_frame", "bad_frame", limits, rows)
    try:
        told = _read_failure(raw.final[1])
    except frames.BadFrame:
        return _ended(outcome, "bad_frame", "bad_frame", limits, rows)
    if raw.sealed:
        category = told.category if told.category in HIDDEN else "predict_failed"
        status = "memory" if category == "memory" else "error"
        return _ended(outcome, status, category, limits, rows)
    if told.category == "memory":
        ended = _ended(outcome, "memory", "memory", limits, rows)
        error = OutcomeError("memory", ended.error.message if ended.error else "", told.detail)
        return dataclasses.replace(ended, error=error)
    return dataclasses.replace(outcome, status="error", error=told)


def _ended(outcome: Outcome, status: str, category: str, limits: Limits, rows: int = 0) -> Outcome:
    message = message_for(
        category,
        rows=rows,
        wall=limits.wall_seconds,
        cpu=limits.cpu(),
        memory=limits.memory_mb,
    )
    return dataclasses.replace(outcome, status=status, error=OutcomeError(category, message))


def _read_failure(payload: bytes) -> OutcomeError:
    told = frames.read_json(payload)
    fields = ("category", "message", "detail")
    if not isinstance(told, dict) or not all(isinstance(told.get(key), str) for key in fields):
        raise frames.BadFrame("a failure in another form")
    category = told["category"]
    if not category.isidentifier() or len(category) > 40:
        raise frames.BadFrame("a category in another form")
    message = told["message"] or MESSAGES.get(category, "")
    return OutcomeError(
        category, _clean(message, LONGEST_MESSAGE), _clean(told["detail"], LONGEST_DETAIL)
    )


def _read_note(note: dict[str, Any], method: str) -> tuple[dict[str, Any], list[Any] | None]:
    if not note:
        return {}, None
    about = note.get("about")
    if not isinstance(about, dict):
        raise frames.BadFrame("a note without its parts")
    warnings = about.get("warnings", [])
    if not isinstance(warnings, list):
        raise frames.BadFrame("warnings in another form")
    known = {
        "estimator": _clean(str(about.get("estimator", "")), LONGEST_LINE),
        "estimator_type": _clean(str(about.get("estimator_type", "")), 40),
        "warnings": [_clean(str(line), LONGEST_LINE) for line in warnings[:MOST_WARNINGS]],
    }
    wanted = method == "predict_proba"
    return known, frames.read_classes(note.get("classes")) if wanted else None


def _clean(text: str, longest: int) -> str:
    """Text for a page: control characters, which can rewrite a terminal, are left out."""
    kept = "".join(char for char in text if char in "\n\t" or char.isprintable())
    return kept[:longest]
