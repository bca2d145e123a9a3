"""What the queue runs: thin tasks that take ids and call one verb.

The verbs are imported when a job runs: the clock names these jobs and has no use for the rest.
"""

from __future__ import annotations


def evaluate(submission_id: int) -> str:
    from mlarena.submissions import evaluate as evaluation

    return evaluation.evaluate(submission_id)


def rejudge() -> int:
    from mlarena.submissions.rejudging import work

    return work.go_on()


def publish_due() -> int:
    """Scheduled tasks whose moment has come."""
    from mlarena.submissions import times

    return times.publish_due()


def sweep() -> dict[str, int]:
    from mlarena.submissions import sweep as sweeping

    return sweeping.sweep()


def clean_events() -> int:
    from mlarena.submissions import outbox

    return outbox.clean()
