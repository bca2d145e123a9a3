"""What the queue runs for notifications: thin tasks that call one verb."""

from __future__ import annotations

# A queue and a thread of their own: nobody's verdict waits for them, and they for nobody's training.
NOTICES = "notices"


def route() -> int:
    """What a word has not brought to a worker: by the clock."""
    from mlarena.notifications import routing

    return routing.route_all()


def letters() -> int:
    """Digests whose hour has come."""
    from mlarena.notifications import delivery, digest

    return delivery.deliver(digest.NAME)


def remind() -> int:
    from mlarena.notifications import reminders

    return reminders.tell_streaks()


def prune() -> int:
    from mlarena.notifications import service

    return service.prune()
