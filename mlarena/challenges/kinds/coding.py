"""Coding challenges, from the spine to the jail and back."""

from __future__ import annotations

import time
from typing import Any

from mlarena.challenges.coding.judge import (
    CaseResult,
    CaseToRun,
    Hopeless,
    JudgeLost,
    judge,
)
from mlarena.challenges.contents import CodingContent
from mlarena.challenges.kinds import Checking, Lost, Tell, verdict_of
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.challenges.versions import content_of
from mlarena.submissions.jail import sandbox
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict

NO_JAIL = "Code cannot be run on this machine: {}"


def check(content: CodingContent) -> Checking:
    """The solution must give what every case expects; where one expects nothing yet, it says what."""
    jail = sandbox()
    if jail.refuses:
        return Checking(content, {"jail": [NO_JAIL.format(jail.refuses)]})
    cases = [
        CaseToRun(number, case.args, case.expected, True, case.weight, case.name)
        for number, case in enumerate(content.test_cases)
    ]
    results = _judged(content, cases, content.solution)
    if isinstance(results, Hopeless):
        return Checking(content, {"solution": [results.message]})
    errors: dict[str, list[str]] = {}
    told = [
        _told(case.has_expected, result)
        for case, result in zip(content.test_cases, results, strict=True)
    ]
    filled = content.model_copy(deep=True)
    for case, result in zip(filled.test_cases, results, strict=True):
        if result.category not in ("passed", "wrong"):
            errors[f"test_cases.{result.case.number}"] = [
                f"Your solution fails here. {result.error}"
            ]
        elif case.has_expected and not result.passed:
            errors[f"test_cases.{result.case.number}.expected"] = [
                f"Your solution gives another answer. {result.error}"
            ]
        elif not case.has_expected:
            case.expected = result.actual
    if errors:
        return Checking(content, errors, cases=told)
    return Checking(filled, warnings=_warnings(filled), cases=told)


def _told(has_expected: bool, result: CaseResult) -> dict[str, Any]:
    """What the solution did on a case, for its author. Where nothing is expected, its answer is right."""
    shown = result.shown()
    if not has_expected and result.category == "wrong":
        answer = {"passed": True, "category": "passed", "error": None}
        return shown | answer | {"expected_result": shown["actual_result"]}
    return shown


def _warnings(content: CodingContent) -> list[str]:
    found = []
    cases = content.test_cases
    if not any(case.is_visible for case in cases):
        found.append("No case is visible: learners see no example, and nothing when they run it.")
    if all(case.is_visible for case in cases):
        found.append("Every case is visible: a table of the answers would pass.")
    if all(case.expected == cases[0].expected for case in cases):
        found.append(
            "Every case expects the same answer: a function that always gives it would pass."
        )
    return found


def grade(
    challenge: Challenge, version: ChallengeVersion, submission: Submission, tell: Tell
) -> Verdict:
    jail = sandbox()
    if jail.refuses:
        return Verdict("error", error=NO_JAIL.format(jail.refuses))
    content = content_of(version)
    assert isinstance(content, CodingContent)  # noqa: S101
    started = time.perf_counter()
    results = _judged(
        content, _cases(version), submission.payload["code"], lambda result: tell(result.shown())
    )
    took = (time.perf_counter() - started) * 1e3
    if isinstance(results, Hopeless):
        report = {"detail": results.detail, "output": results.output}
        return Verdict.failed(results.message, report=report, execution_ms=round(took, 3))
    spent = sum(result.wall_ms for result in results)
    return verdict_of(challenge, [result.shown() for result in results], {}, spent)


def run(version: ChallengeVersion, payload: dict[str, Any]) -> dict[str, Any]:
    """The visible cases alone."""
    jail = sandbox()
    if jail.refuses:
        return {"error": NO_JAIL.format(jail.refuses), "cases": []}
    content = content_of(version)
    assert isinstance(content, CodingContent)  # noqa: S101
    cases = [case for case in _cases(version) if case.is_visible]
    results = _judged(content, cases, payload["code"])
    if isinstance(results, Hopeless):
        return {
            "error": results.message,
            "detail": results.detail,
            "output": results.output,
            "cases": [],
        }
    return {"error": None, "cases": [result.shown() for result in results]}


def _judged(
    content: CodingContent,
    cases: list[CaseToRun],
    code: str,
    tell: Any = lambda _: None,
) -> list[CaseResult] | Hopeless:
    try:
        return judge(content, cases, code, sandbox(), tell)
    except JudgeLost as error:
        raise Lost(str(error)) from error


def _cases(version: ChallengeVersion) -> list[CaseToRun]:
    return [
        CaseToRun(
            row.id,
            row.content["args"],
            row.content.get("expected"),
            row.is_visible,
            row.weight,
            row.content.get("name", ""),
        )
        for row in version.cases
    ]
