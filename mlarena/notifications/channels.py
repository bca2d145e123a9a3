"""The ways by which notifications go out, besides the page. A new one is given to `register_channel`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol, runtime_checkable

from flask import current_app
from sqlalchemy import Select

from mlarena.accounts.models import User
from mlarena.notifications.kinds import Kind
from mlarena.notifications.models import Notification

# The page is always there; what is chosen for it is kept under this name.
PAGE = "page"


class Later(Exception):
    """The channel cannot take it now: again in so many seconds; with `everyone`, nothing more until then."""

    def __init__(self, seconds: float, everyone: bool = False) -> None:
        super().__init__(f"again in {seconds:g} s")
        self.seconds = seconds
        self.everyone = everyone


class Unreachable(Exception):
    """This user cannot be reached by this channel any more. What waits for them is dropped."""


class Channel(Protocol):
    """`name` is what choices and deliveries are kept under, `word` what the settings call it.

    A channel that is a `digest` gathers until its user's digest is due; any other sends at once, except in
    quiet hours. It is a Store, which is given what is due at once with its routing, or a Sender, for which
    the clock calls `delivery.deliver`.
    """

    name: str
    word: str
    digest: bool

    def wants(self, kind: Kind) -> bool:
        """Whether a kind goes out by it where its user has said nothing."""
        ...

    def reaches(self, user_ids: Collection[int]) -> set[int]:
        """Who of these can be reached at all: one query, however many they are."""
        ...


@runtime_checkable
class Sender(Channel, Protocol):
    """A channel that talks to somebody else's server."""

    def send(self, user: User, notices: Sequence[Notification]) -> None:
        """Tell them all of it in one message, oldest first. Raises Later or Unreachable; whatever else it
        raises counts as a try that failed."""
        ...


Letter = tuple[User, Sequence[Notification]]


@runtime_checkable
class Store(Channel, Protocol):
    """A channel with a queue of its own in our database: many users' letters are one transaction, which
    says that they went out, too."""

    def put(self, letters: Sequence[Letter]) -> None:
        """Put them on their way; never commits. Whatever it raises has each tried by itself, which counts."""
        ...

    def wake(self) -> None:
        """What was put is committed."""
        ...

    def withdraw(self, notification_ids: Select[Any]) -> None:
        """These were taken back: of what was put, and has not gone out, nobody hears. Never commits."""
        ...


def register_channel(channel: Channel) -> None:
    """Called by a room's `init_app`, with the app's context pushed or inside `app.app_context()`."""
    channels()[channel.name] = channel


def channels() -> dict[str, Channel]:
    known: dict[str, Channel] = current_app.extensions.setdefault("notification channels", {})
    return known
