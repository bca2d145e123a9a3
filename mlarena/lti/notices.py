"""What the owner of an LMS is told of grades that do not get through."""

from __future__ import annotations

from mlarena.core.clock import utcnow
from mlarena.lti.models import Platform
from mlarena.notifications.service import About, notify

KIND = "lms_dead"


def score_died(platform: Platform) -> None:
    """Once a day, however many there are. In the caller's transaction."""
    if platform.owner_id is None:
        return
    notify(
        platform.owner_id,
        KIND,
        About(
            f"lms:{platform.id}:{utcnow():%Y-%m-%d}",
            f"Grades do not reach “{platform.name}”",
            "Nothing is lost: its page says what the LMS answers, and sends them again.",
            f"/teach/lti/{platform.id}",
        ),
    )
