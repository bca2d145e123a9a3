"""One chat at the moment at which somebody has written, or pressed a button: who it is, and what we say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from mlarena.accounts.models import User
from mlarena.bot import outbox
from mlarena.bot.outbox import Buttons
from mlarena.bot.text import LONGEST, length
from mlarena.core.config import settings
from mlarena.core.security import Limit

OLD_BUTTON = "That button is of an old message."


class Told(Exception):
    """Ends the handling of a press with a word that shows for a moment."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass
class Chat:
    """`user` is None for a stranger, and in a group, where nothing personal is said."""

    id: int
    private: bool
    user: User | None
    update_id: int
    # The message that was written, or that holds the pressed button.
    message_id: int | None = None
    _said: int = field(default=0)

    @property
    def person(self) -> User:
        assert self.user is not None  # noqa: S101 – asked where somebody is there
        return self.user

    def say(
        self,
        text: str,
        buttons: Buttons = (),
        *,
        ask_reply: str = "",
        about: dict[str, Any] | None = None,
        reply: bool = False,
    ) -> None:
        """Once, however often the update is handled."""
        self._said += 1
        outbox.say(
            self.id,
            text,
            buttons=buttons if self.private else (),
            ask_reply=ask_reply,
            about=about,
            reply_to=self.message_id if reply else None,
            key=f"update:{self.update_id}:{self._said}",
            user_id=self.user.id if self.user else None,
        )

    def show(self, text: str, buttons: Buttons = (), *, instead: bool = False) -> None:
        """Say it; `instead` of the message whose button was pressed, where it fits in there."""
        if instead and self.message_id is not None and length(text) <= LONGEST:
            user_id = self.user.id if self.user else None
            outbox.edit(self.id, self.message_id, text, buttons, user_id)
        else:
            self.say(text, buttons)

    def time(self, at: datetime) -> str:
        """In the reader's own zone; in UTC, said so, where we do not know it."""
        zone = self.user.timezone if self.user else "UTC"
        shown = at.astimezone(ZoneInfo(zone)).strftime("%a %d %b, %H:%M")
        return shown if self.user else f"{shown} UTC"


def require_within(limit: Limit, user: User) -> None:
    """Raises Told. What is done on the site counts along with what is done here."""
    if not limit.allows(f"user:{user.id}"):
        raise Told("That is too fast: wait a minute, then try again.")


def address(path: str) -> str:
    """The full address of a page."""
    own = settings()
    return (own.public_url or f"http://{own.host}:{own.port}") + path


def link(path: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address(path), words)


def joined(lines: list[Markup | str]) -> Markup:
    """Lines one below the other, each escaped unless it is Markup."""
    return Markup("\n").join(lines)
