"""What the queue runs: thin tasks that take ids and call one verb."""

from __future__ import annotations

from mlarena.submissions import evaluate as evaluation
from mlarena.submissions import sweep as sweeping


def evaluate(submission_id: int) -> str:
    return evaluation.evaluate(submission_id)


def sweep() -> dict[str, int]:
    return sweeping.sweep()
