"""What the queue runs. The verbs are imported when a job runs: the clock only names these."""

from __future__ import annotations


def keep() -> int:
    """See what grades have moved, and have them sent."""
    from mlarena.lti import dispatch, scores

    if not dispatch.any_wanted():
        return 0
    scores.follow()
    scores.compute()
    return dispatch.enqueue_owed()


def keep_all() -> int:
    from mlarena.lti import scores

    scores.ask_all()
    return keep()


def send(platform_id: int) -> int:
    from mlarena.lti import passback

    return passback.deliver(platform_id)
