"""The bodies of the JSON doors, and what they show."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mlarena.core.api import LARGEST_ID, Body, PageQuery
from mlarena.notifications.channels import PAGE, channels
from mlarena.notifications.choices import Wishes
from mlarena.notifications.forms import clock
from mlarena.notifications.kinds import Kind

CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class NotificationsQuery(PageQuery):
    unread: bool = Field(False, description="Only what has not been read")


class ReadIn(Body):
    up_to: int | None = Field(
        None, ge=1, le=LARGEST_ID, description="The newest one that you have seen; all without it"
    )


class PreferencesIn(Body):
    kinds: dict[str, dict[str, bool]] | None = Field(
        None, description="By kind and channel; what is not named stays as it is"
    )
    quiet_from: str | None = Field(None, pattern=CLOCK, description="HH:MM on your own clock")
    quiet_to: str | None = Field(None, pattern=CLOCK, description="HH:MM; null for no quiet hours")
    digest: Literal["daily", "weekly"] | None = None
    digest_hour: int | None = Field(None, ge=0, le=23)


def shown_preferences(wishes: Wishes, kinds: list[Kind]) -> dict[str, Any]:
    habits = wishes.habits
    return {
        "kinds": {
            kind.name: {
                PAGE: wishes.in_page(kind.name),
                **{name: wishes.by(channel, kind.name) for name, channel in channels().items()},
            }
            for kind in kinds
        },
        "quiet_from": clock(habits.quiet_from) or None,
        "quiet_to": clock(habits.quiet_to) or None,
        "digest": habits.digest,
        "digest_hour": habits.digest_hour,
        "email_confirmed": habits.confirmed_email is not None,
    }
