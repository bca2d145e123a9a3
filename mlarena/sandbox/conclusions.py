"""From what was seen of a child to an Outcome: nothing the child says is taken on trust."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from typing import Any

from mlarena.sandbox import frames
from mlarena.sandbox.evaluation import Raw
from mlarena.sandbox.limits import Limits
from mlarena.sandbox.outcome import MESSAGES, Outcome, OutcomeError, message_for
from mlarena.sandbox.printed import plain

# Categories that a failure in the hidden run may have; any other becomes predict_failed.
HIDDEN = ("memory", "wrong_length", "wrong_shape", "wrong_type", "not_finite", "predict_failed")
MOST_WARNINGS = 10
MOST_PARTS = 40
LONGEST_PART = 60
LONGEST_LINE = 500
LONGEST_MESSAGE = 2000
LONGEST_DETAIL = 8000
MOST_LINES = 1_000_000


def of_predictions(raw: Raw, limits: Limits, rows: int, method: str, sample_rows: int) -> Outcome:
    """The outcome of a model: `rows` checked predictions, or why there are none."""
    outcome = measured(raw)
    try:
        about, classes = _read_note(raw.note, method)
        outcome = dataclasses.replace(outcome, about=about, classes=classes)
        if raw.status == "ok" and raw.final and raw.final[0] == b"PRED" and raw.sealed:
            columns = len(classes) if classes is not None else None
            predictions = frames.read_predictions(raw.final[1], rows, columns)
            outcome = dataclasses.replace(outcome, predictions=predictions)
            return _with_what_came_besides(outcome, raw, rows, sample_rows, columns)
    except frames.BadFrame as bad:
        return _ended(outcome, _status_of(bad), bad.category, limits, rows)
    return failed(outcome, raw, limits, rows)


def _with_what_came_besides(
    outcome: Outcome, raw: Raw, rows: int, sample_rows: int, columns: int | None
) -> Outcome:
    """`outcome` with the answers for the sample and the probabilities behind the labels.

    Nothing hangs on either: what has another form is left out.
    """
    if raw.seen is not None:
        with suppress(frames.BadFrame):
            seen = frames.read_predictions(raw.seen, sample_rows, columns)
            outcome = dataclasses.replace(outcome, seen=seen)
    if raw.behind is not None:
        with suppress(frames.BadFrame):
            found, classes = frames.read_fold(raw.behind, rows, proba=True)
            outcome = dataclasses.replace(outcome, probabilities=found, classes=classes)
    return outcome


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
        output=raw.output,
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
        words = ended.error.message if ended.error else ""
        return dataclasses.replace(ended, error=dataclasses.replace(told, message=words))
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
        category,
        plain(message, LONGEST_MESSAGE),
        plain(told["detail"], LONGEST_DETAIL),
        _read_line(told.get("line")),
    )


def _read_line(line: Any) -> int | None:
    if line is not None and (type(line) is not int or not 1 <= line <= MOST_LINES):
        raise frames.BadFrame("a line that is no number")
    return line


def _read_note(note: dict[str, Any], method: str) -> tuple[dict[str, Any], list[Any] | None]:
    if not note:
        return {}, None
    about = note.get("about")
    if not isinstance(about, dict):
        raise frames.BadFrame("a note without its parts")
    warnings = about.get("warnings", [])
    parts = about.get("parts", [])
    if not isinstance(warnings, list) or not isinstance(parts, list):
        raise frames.BadFrame("warnings or parts in another form")
    known = {
        "estimator": plain(str(about.get("estimator", "")), LONGEST_LINE),
        "estimator_type": plain(str(about.get("estimator_type", "")), 40),
        "parts": [plain(str(part), LONGEST_PART) for part in parts[:MOST_PARTS]],
        "warnings": [plain(str(line), LONGEST_LINE) for line in warnings[:MOST_WARNINGS]],
    }
    wanted = method == "predict_proba"
    return known, frames.read_classes(note.get("classes")) if wanted else None
