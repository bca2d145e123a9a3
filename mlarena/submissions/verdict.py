"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Standing:
    """What a verdict enters on the board: the figure that is shown, and which is the better one.

    `sort_key` (smaller first) orders a board that is not ordered by that figure alone.
    """

    score: float
    direction: str
    sort_key: float | None = None


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
    feats: tuple[str, ...] = ()  # what else it did that counts for badges, once per task
    execution_ms: float | None = None
    cases: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    # What the task keeps for itself (`Task.conclude`): it is stored nowhere else, and nobody is shown it.
    kept: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def failed(cls, error: str, **more: Any) -> Verdict:
        return cls("failed", error=error, **more)


@dataclass(frozen=True)
class Conclusion:
    """What becomes of a verdict: what is written and shown, and whether the task's board has moved."""

    verdict: Verdict
    board_moved: bool = False
