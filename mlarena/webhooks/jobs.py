"""What the queue runs. The verbs are imported when a job runs: the clock only names these."""

from __future__ import annotations


def deliver(webhook_id: int) -> int:
    from mlarena.webhooks import sending

    return sending.deliver(webhook_id)


def clean() -> int:
    from mlarena.webhooks import service

    return service.clean()


def sweep() -> int:
    from mlarena.webhooks import dispatch

    return dispatch.enqueue_owed()
