"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Verdict:
    """A grader's answer.

    `scored`: judged, with a finite `score`. `failed`: the learner's artifact is at fault and `error`
    says how, in words for the learner. `error`: the platform is at fault; the sweep tries again.
    """

    status: Literal["scored", "failed", "error"]
    score: float | None = None
    passed: bool = False
    perfect: bool = False
    execution_ms: float | None = None
    cases: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    @classmethod
    def failed(cls, error: str, **more: Any) -> Verdict:
        return cls("failed", error=error, **more)
