"""The kinds of challenge: how each is checked when saved, run, and judged. For the worker.

A module per kind, with the same four names; adding a kind is one module, one shape in `contents` and one
subclass in `models.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

from mlarena.challenges.contents import Content
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict

# Hears of each case as soon as it is judged: a dict as api.md writes it.
Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Checking:
    """What the saving checks found. With errors (field → messages) the challenge may not be published.

    `content` is the content with what the checks have filled in, `prepared` what judging needs besides,
    and `facts` what pages show of it. `cases` is what the solution did on each case, in their order, as far
    as it was run: {"passed", "execution_ms", "error", …}, the rest being the kind's own.
    """

    content: Content
    errors: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    prepared: bytes | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    cases: list[dict[str, Any]] = field(default_factory=list)


class Kind(Protocol):
    def check(self, content: Any) -> Checking: ...

    def grade(
        self,
        challenge: Challenge,
        version: ChallengeVersion,
        submission: Submission,
        tell: Tell,
    ) -> Verdict: ...

    def run(self, version: ChallengeVersion, payload: dict[str, Any]) -> dict[str, Any]: ...


class Lost(Exception):
    """The platform, not the attempt, failed: it is tried again."""


def kind_of(name: str) -> Kind:
    """The module of that kind. Imported when first used: the web process judges nothing."""
    return cast(Kind, import_module(f"mlarena.challenges.kinds.{name}"))


def score_of(cases: list[dict[str, Any]]) -> float:
    """0 to 100: the cases' own scores by their weights."""
    total = sum(case["weight"] for case in cases)
    earned = sum(case["weight"] * case["score"] for case in cases)
    return round(earned / total, 4) if total else 0.0


def verdict_of(
    challenge: Challenge,
    cases: list[dict[str, Any]],
    report: dict[str, Any],
    execution_ms: float,
    feats: tuple[str, ...] = (),
) -> Verdict:
    """A judged attempt: its score, and whether that passes."""
    score = score_of(cases)
    passed = score >= challenge.pass_mark
    return Verdict(
        "scored",
        score=score,
        passed=passed,
        feats=feats,
        execution_ms=round(execution_ms, 3),
        cases=cases,
        report=report,
    )
