"""SQL challenges, from the spine to the judge of `challenges/sql` and back."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any

from mlarena.challenges import sql
from mlarena.challenges.contents import SqlContent
from mlarena.challenges.engines import engines
from mlarena.challenges.kinds import Checking, Lost, Tell, verdict_of
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.core.storage import storage
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict

# A version's images stay open for as long as attempts of it come.
KEPT_PREPARED = 64
# Steps stand behind the bucket in one number: a double holds both exactly.
STEPS = 2**40


def check(content: SqlContent) -> Checking:
    """Every rule of saving, and what attempts and pages need of it afterwards."""
    checked = sql.check(content.spec(), engines())
    if checked.prepared is None:
        return Checking(content, checked.errors, checked.warnings, cases=_ran(checked))
    prepared = checked.prepared
    facts: dict[str, Any] = {"description": asdict(sql.describe(prepared))}
    cost = _cost(prepared, content.solution)
    if cost is not None:
        # By definition the reference costs what the reference costs.
        facts["reference"] = _ranking(sql.Cost(1.0, 0, cost.steps, cost.execution_ms), content.type)
    return Checking(content, {}, checked.warnings, prepared.to_bytes(), facts, cases=_ran(checked))


def _ran(checked: sql.Checked) -> list[dict[str, Any]]:
    """What the solution did on each case, for its author."""
    return [
        {
            "passed": not ran.error,
            "execution_ms": ran.execution_ms,
            "error": ran.error,
            "result": ran.result.as_json() if ran.result else None,
        }
        for ran in checked.ran
    ]


def grade(
    challenge: Challenge, version: ChallengeVersion, submission: Submission, tell: Tell
) -> Verdict:
    query = submission.payload["query"]
    ready = prepared(version)
    judged = sql.judge(
        ready, query, engines(), on_case=lambda result: tell(_shown(version, result))
    )
    if judged.category == "unavailable":
        return _unavailable(ready.engine, judged.error)
    if judged.error is not None:
        return Verdict.failed(judged.error, execution_ms=judged.execution_ms)
    if any(result.category == "unavailable" for result in judged.results):
        raise Lost("an engine went away in the middle of an attempt")
    cases = [_shown(version, result) for result in judged.results]
    if all(result.category == "error" for result in judged.results):
        return Verdict.failed(_first_message(judged), cases=cases, execution_ms=judged.execution_ms)
    report: dict[str, Any] = {}
    feats: tuple[str, ...] = ()
    if judged.passed:
        cost = _cost(ready, query)
        if cost is not None:
            ranking = _ranking(cost, version.content["type"])
            report["ranking"] = ranking | {"version": version.number}
            if version.content["type"] == "FE" and cost.bucket < 0:
                feats = ("challenge:faster",)
    return verdict_of(challenge, cases, report, judged.execution_ms or 0.0, feats)


def measure(version: ChallengeVersion, query: str) -> dict[str, Any] | None:
    """Where `query` would rank by `version`; None where it is not accepted, or nobody is ranked.

    Raises Lost where it cannot be told now.
    """
    ready = prepared(version)
    if ready.benchmark is None:
        return None
    judged = sql.judge(ready, query, engines())
    away = [judged.category, *(result.category for result in judged.results)]
    if "unavailable" in away:
        raise Lost(judged.error or "an engine went away")
    cost = _cost(ready, query) if judged.passed else None
    return _ranking(cost, version.content["type"]) if cost else None


def run(version: ChallengeVersion, payload: dict[str, Any]) -> dict[str, Any]:
    """The visible cases alone."""
    judged = sql.judge(prepared(version), payload["query"], engines(), cases="visible")
    return {
        "error": judged.error,
        "execution_ms": judged.execution_ms,
        "cases": [_shown(version, result) for result in judged.results],
    }


def plan(version: ChallengeVersion, query: str) -> dict[str, Any]:
    """The engine's plan of the query; the problem in words where there is none."""
    try:
        return {"error": None, "plan": asdict(sql.explain(prepared(version), query, engines()))}
    except (sql.Refusal, sql.EngineUnavailable) as error:
        return {"error": str(error), "plan": None}


def _cost(ready: sql.Prepared, query: str) -> sql.Cost | None:
    try:
        return sql.rank(ready, query, engines())
    except sql.EngineUnavailable as error:
        raise Lost(str(error)) from error


def prepared(version: ChallengeVersion) -> sql.Prepared:
    """What the saving checks made ready. Raises Lost where it is gone."""
    if version.prepared is None:
        raise Lost(f"version {version.id} was never prepared")
    return _read(version.prepared)


@lru_cache(maxsize=KEPT_PREPARED)
def _read(sha256: str) -> sql.Prepared:
    return sql.Prepared.from_bytes(storage().read(sha256))


def _shown(version: ChallengeVersion, result: sql.CaseResult) -> dict[str, Any]:
    """As api.md has it. The judge numbers cases from 1; the rows have ids."""
    row = version.cases[result.test_case_id - 1]
    return {
        "test_case_id": row.id,
        "is_visible": result.is_visible,
        "name": row.content.get("name", "") if result.is_visible else "",
        "status": result.status,
        "passed": result.passed,
        "category": result.category,
        "execution_ms": result.execution_ms,
        "score": 100.0 if result.passed else 0.0,
        "weight": row.weight,
        "expected_result": result.expected_result.as_json() if result.expected_result else None,
        "actual_result": result.actual_result.as_json() if result.actual_result else None,
        "difference": result.difference,
        "error": result.message,
    }


def _ranking(cost: sql.Cost, ranking: str) -> dict[str, Any]:
    bucket, steps = cost.rank_key()
    key = bucket * STEPS + min(steps, STEPS - 1)
    return {
        "cost": cost.ratio,
        "bucket": bucket,
        "steps": steps,
        "execution_ms": cost.execution_ms,
        "sort_key": float(-key if ranking == "LE" else key),
    }


def _unavailable(engine: str, why: str | None) -> Verdict:
    """No engine here will not be mended by trying again; one that was lost may."""
    if engines().missing(engine):
        return Verdict("error", error=why)
    raise Lost(why or "the engine is away")


def _first_message(judged: sql.Judged) -> str:
    """The words of a visible case, which say most."""
    results = sorted(judged.results, key=lambda result: not result.is_visible)
    return results[0].message or "The query fails on every case."
