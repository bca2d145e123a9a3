"""What the queue runs for cohorts."""

from __future__ import annotations


def tell_due() -> int:
    from mlarena.cohorts import notices

    return notices.tell_due()
