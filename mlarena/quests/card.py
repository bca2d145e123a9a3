"""The report card's facts that every verdict has, whatever came of it."""

from __future__ import annotations

from typing import Any

from mlarena.quests.models import Quest
from mlarena.sandbox import Outcome
from mlarena.scoring.metrics import Metric


def card_of(
    quest: Quest,
    rule: Metric,
    outcome: Outcome,
    payload: dict[str, Any],
    trained: Outcome | None = None,
) -> dict[str, Any]:
    """`outcome` is the model's, or the training's own where it gave no model."""
    error = outcome.error
    return {
        "metric": rule.name,
        "direction": rule.direction,
        "threshold": quest.threshold,
        "model": outcome.about,
        "warnings": outcome.about.get("warnings", []),
        "output": outcome.output,
        "file": {key: payload.get(key) for key in ("filename", "format", "size")},
        "training": _training(trained) if trained else None,
        "wall_ms": outcome.wall_ms,
        "cpu_ms": outcome.cpu_ms,
        "max_rss": outcome.max_rss,
        "problem": (
            {"category": error.category, "detail": error.detail, "line": error.line}
            if error
            else None
        ),
    }


def _training(trained: Outcome) -> dict[str, Any]:
    """What the report card says about the training. All of it is the learner's own doing."""
    return {
        "output": trained.output,
        "wall_ms": trained.wall_ms,
        "cpu_ms": trained.cpu_ms,
        "max_rss": trained.max_rss,
    }
