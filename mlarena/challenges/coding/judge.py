"""Code against cases: each case in a process of its own, compared out here.

The expected values never enter the jail, and a case sees nothing of another. What a hidden case printed,
raised or returned is told to nobody: it could be the hidden arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlarena.challenges.contents.coding import CodingContent
from mlarena.sandbox import Limits, Outcome, Sandbox
from mlarena.scoring.values import difference

OUTPUT_BYTES = 8 * 1024
RESULT_BYTES = 1 << 20
LONGEST_SHOWN = 4 * 1024  # characters of a value's JSON
# Who runs out of time twice will again: the others need not wait for it.
MOST_TIMEOUTS = 2

# The code as a whole is at fault, whatever it is called with.
HOPELESS = ("syntax_error", "load_failed", "no_function")
# In words for code (the jail's own are for models). `{wall}` and `{memory}` are the case's limits.
WORDS = {
    "timeout": "It took longer than {wall:g} s.",
    "cpu_limit": "It used more than {wall:g} s of processor time.",
    "memory": "It needed more than the {memory} MB it may use.",
    "violation": "It tried something that a function may not do, such as opening a file or starting a "
    "program, and was stopped.",
    "crashed": "Python itself crashed.",
    "no_result": "It ended without returning: os._exit() is no way to answer.",
    "bad_frame": "What it gave back is no value that can be compared.",
    "output_flood": "It printed far too much and was stopped.",
    "result_too_big": "What it returned is too large to be compared.",
    "not_run": "Not run: the code ran out of time on earlier cases.",
}
# What a hidden case may tell.
HIDDEN_WORDS = {
    "code_failed": "Your code raised an error.",
    "exit_called": "Your code calls exit().",
    "input_called": "Your code calls input().",
    "not_json": "What your code returned cannot be compared.",
    "wrong": "Another answer was expected.",
}


class JudgeLost(Exception):
    """The jail, not the code, failed: worth another try."""


@dataclass(frozen=True)
class CaseToRun:
    """One case: `number` is what results call it."""

    number: int
    args: list[Any]
    expected: Any
    is_visible: bool
    weight: int
    name: str = ""


@dataclass(frozen=True)
class CaseResult:
    """What came of one case. `category` is "passed", "wrong", or why there is no answer."""

    case: CaseToRun
    category: str
    actual: Any
    output: str
    error: str | None
    detail: str
    wall_ms: float

    @property
    def passed(self) -> bool:
        return self.category == "passed"

    def shown(self) -> dict[str, Any]:
        """As api.md has it; a hidden case tells no data."""
        case = self.case
        told: dict[str, Any] = {
            "test_case_id": case.number,
            "is_visible": case.is_visible,
            "status": "COMPLETED" if self.category in ("passed", "wrong") else "FAILED",
            "passed": self.passed,
            "category": self.category,
            "execution_ms": round(self.wall_ms, 3),
            "score": 100.0 if self.passed else 0.0,
            "weight": case.weight,
            "expected_result": None,
            "actual_result": None,
            "error": None,
        }
        if not case.is_visible:
            words = None if self.passed else _hidden_words(self)
            return told | {"error": words}
        return told | {
            "name": case.name,
            "args": [storable(value) for value in case.args],
            "expected_result": storable(case.expected),
            "actual_result": storable(self.actual),
            "error": self.error,
            "output": self.output,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class Hopeless:
    """Why no case can be run at all."""

    message: str
    detail: str
    output: str


def judge(
    content: CodingContent,
    cases: Sequence[CaseToRun],
    code: str,
    jail: Sandbox,
    tell: Callable[[CaseResult], None] = lambda _: None,
) -> list[CaseResult] | Hopeless:
    """Run `code` on `cases`, telling each result as it comes. Raises JudgeLost, or the jail's Refused."""
    # A visible one first: if the code cannot even be loaded, its own words say why.
    ordered = sorted(cases, key=lambda case: not case.is_visible)
    if not ordered or not ordered[0].is_visible:
        outcome = _run(content, code, None, jail)
        if _hopeless(outcome):
            return _why_hopeless(outcome)
    results: list[CaseResult] = []
    for result in _results(content, ordered, code, jail):
        if isinstance(result, Hopeless):
            return result
        results.append(result)
        tell(result)
    place = {case.number: position for position, case in enumerate(cases)}
    return sorted(results, key=lambda result: place[result.case.number])


def _results(
    content: CodingContent, cases: Sequence[CaseToRun], code: str, jail: Sandbox
) -> Iterator[CaseResult | Hopeless]:
    timeouts = 0
    for case in cases:
        if timeouts >= MOST_TIMEOUTS:
            yield CaseResult(case, "not_run", None, "", WORDS["not_run"], "", 0.0)
            continue
        outcome = _run(content, code, case, jail)
        if case is cases[0] and case.is_visible and _hopeless(outcome):
            yield _why_hopeless(outcome)
            return
        timeouts += outcome.status in ("timeout", "cpu_limit")
        yield _conclude(content, case, outcome)


def _run(content: CodingContent, code: str, case: CaseToRun | None, jail: Sandbox) -> Outcome:
    limits = Limits(
        memory_mb=content.limits.memory_mb,
        wall_seconds=content.limits.wall_seconds,
        output_bytes=OUTPUT_BYTES,
        result_bytes=RESULT_BYTES,
    )
    calls = [case.args] if case else []
    outcome = jail.run_code(code, calls, limits, content.function)
    if outcome.ours:
        raise JudgeLost("the jail's zygote died")
    return outcome


def _hopeless(outcome: Outcome) -> bool:
    return outcome.error is not None and outcome.error.category in HOPELESS


def _why_hopeless(outcome: Outcome) -> Hopeless:
    assert outcome.error is not None  # noqa: S101 – what has not ended well says why
    return Hopeless(printable(outcome.error.message), outcome.error.detail, outcome.output)


def _conclude(content: CodingContent, case: CaseToRun, outcome: Outcome) -> CaseResult:
    output, wall = outcome.output, outcome.wall_ms
    if outcome.error is not None:
        category = outcome.error.category
        words = WORDS.get(category)
        message = (
            words.format(wall=content.limits.wall_seconds, memory=content.limits.memory_mb)
            if words
            else outcome.error.message
        )
        return CaseResult(case, category, None, output, message, outcome.error.detail, wall)
    if not isinstance(outcome.value, list) or len(outcome.value) != 1:
        # Written to the pipe by hand: the code called no function.
        return CaseResult(case, "bad_frame", None, output, WORDS["bad_frame"], "", wall)
    actual = outcome.value[0]
    wrong = difference(case.expected, actual, content.comparison, content.tolerance)
    category = "wrong" if wrong else "passed"
    return CaseResult(case, category, actual, output, wrong, "", wall)


def _hidden_words(result: CaseResult) -> str:
    """What may be said of a hidden case: nothing that the code itself has chosen."""
    if result.category in WORDS:
        return result.error or ""
    return HIDDEN_WORDS.get(result.category, HIDDEN_WORDS["code_failed"])


def storable(value: Any) -> Any:
    """The value as a page and both databases can hold it: of bounded size, and text that is text."""
    text = json.dumps(value)
    if len(text) > LONGEST_SHOWN:
        return f"{text[:LONGEST_SHOWN]}… ({len(text):,} characters in all)"
    return _clean(value)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {printable(key): _clean(item) for key, item in value.items()}
    return value


def printable(text: str) -> str:
    """Without NULs and lone surrogates, which PostgreSQL does not store."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode()
