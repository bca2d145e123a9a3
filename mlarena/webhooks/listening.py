"""What the spine tells: events have their places, so webhooks may be owed some of them."""

from __future__ import annotations

from typing import Any

from mlarena.submissions import signals
from mlarena.submissions.models import JobEvent
from mlarena.webhooks import dispatch


def connect() -> None:
    signals.events_published.connect(_tell, JobEvent)


def _tell(_sender: Any) -> None:
    dispatch.enqueue_owed()
