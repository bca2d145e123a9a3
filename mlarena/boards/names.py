"""The names of boards, as pages, scripts and sockets write them, and who may see which.

`global`, `weekly`, `rating`, or a kind and an id: `quest:7`. The wings tell which ids there are: boards
stand below them and cannot look. The weekly board is stored once per ISO week: `weekly:2026-W47`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from mlarena.accounts.models import User
from mlarena.core.api import LARGEST_ID
from mlarena.core.clock import utcnow
from mlarena.core.errors import NotFound

WHOLE = {"global": "All-time XP", "weekly": "XP this week"}
NO_BOARD = "There is no board by that name."
_NAME = re.compile(r"([a-z]{1,32}):([1-9][0-9]{0,9})")
_WEEK = re.compile(r"weekly:([0-9]{4}-W[0-9]{2})")


@dataclass(frozen=True)
class Kind:
    """What a wing tells of its boards: who may see one, and what it is called."""

    visible: Callable[[int, User | None], bool]
    title: Callable[[int], str]


_kinds: dict[str, Kind] = {}


def register_board(
    kind: str, visible: Callable[[int, User | None], bool], title: Callable[[int], str]
) -> None:
    """Boards `kind:ID` exist from now on: `visible(id, viewer or None)`, `title(id)`."""
    _kinds[kind] = Kind(visible, title)


@dataclass(frozen=True)
class BoardName:
    """A board's name, taken apart. `str()` gives the public name back."""

    kind: str
    target_id: int | None = None
    week: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.target_id}" if self.target_id else self.kind

    @classmethod
    def parse(cls, name: str) -> BoardName:
        """Raises NotFound for anything that is no board's name."""
        if name in WHOLE:
            return cls(name)
        if week := _WEEK.fullmatch(name):
            return cls("weekly", week=week[1])
        matched = _NAME.fullmatch(name)
        if matched is None or matched[1] in WHOLE or int(matched[2]) > LARGEST_ID:
            raise NotFound(NO_BOARD)
        return cls(matched[1], int(matched[2]))

    def stored(self, at: datetime | None = None) -> str:
        """The name in the table: the weekly board is another one every week."""
        if self.kind == "weekly":
            return f"weekly:{self.week or iso_week(at or utcnow())}"
        return str(self)

    def may_see(self, viewer: User | None) -> bool:
        if self.target_id is None:
            return True
        kind = _kinds.get(self.kind)
        return kind is not None and kind.visible(self.target_id, viewer)

    @cached_property
    def title(self) -> str:
        """What the board is called on its page."""
        if self.target_id is None:
            return WHOLE[self.kind]
        return _kinds[self.kind].title(self.target_id)

    @property
    def counts_xp(self) -> bool:
        return self.kind in WHOLE


def iso_week(at: datetime) -> str:
    """The ISO week in UTC, which starts on Monday: `2026-W47`."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02d}"


def check_visible(name: str, viewer: User | None) -> BoardName:
    """The board, if there is one by that name that the viewer may see; else raises NotFound."""
    board = BoardName.parse(name)
    if not board.may_see(viewer):
        raise NotFound(NO_BOARD)
    return board
