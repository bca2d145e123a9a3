"""The names of boards, as pages, scripts and sockets write them, and who may see which.

`global`, `weekly`, `rating`, or a kind and an id: `quest:7`. The wings tell which ids there are: boards
stand below them and cannot look. The weekly board is stored once per ISO week: `weekly:2026-W47`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

from mlarena.accounts.models import User
from mlarena.core.api import LARGEST_ID
from mlarena.core.clock import utcnow
from mlarena.core.errors import NotFound

WHOLE = {"global": "All-time XP", "weekly": "XP this week", "rating": "Rating"}
OF_XP = ("global", "weekly")
NO_BOARD = "There is no board by that name."
_NAME = re.compile(r"([a-z]{1,32}):([1-9][0-9]{0,9})")
_WEEK = re.compile(r"weekly:([0-9]{4}-W[0-9]{2})")


@dataclass(frozen=True)
class Aim:
    """What the scores of a board are, which are better ("higher" or "lower"), and what passes.

    Not `by_score`: other things count, too, such as ties within a few percent; who is equal by them shares
    a rank.
    """

    label: str = "Score"
    direction: str = "higher"
    threshold: float | None = None
    by_score: bool = True


class Source(Protocol):
    """A wing that keeps the rows of its boards itself, because they are more than one user's best score.

    Rows are `BoardRow`s of boards/service.py. Positions count from 0.
    """

    def stretch(
        self, target_id: int, start: int, count: int, user_id: int | None
    ) -> tuple[Sequence[Any], int, Any]:
        """`count` rows from position `start`, how many there are in all, and the user's own row or None."""
        ...

    def around(self, target_id: int, user_id: int, n: int) -> Sequence[Any]:
        """The user's row with up to `n` rows on either side; empty if they are not on the board."""
        ...


@dataclass(frozen=True)
class Kind:
    """What a wing tells of its boards: who may see one, what it is called, what it measures, and the
    address of what it is the board of."""

    visible: Callable[[int, User | None], bool]
    title: Callable[[int], str]
    aim: Callable[[int], Aim | None] = lambda _: None
    address: Callable[[int], str] = lambda _: ""
    shares_ranks: Callable[[int], bool] | None = None
    source: Source | None = None
    whole_numbers: bool = False


_kinds: dict[str, Kind] = {}
_wings: dict[str, str] = {}  # of kinds of task whose boards are called otherwise


def register_board(
    kind: str,
    visible: Callable[[int, User | None], bool],
    title: Callable[[int], str],
    aim: Callable[[int], Aim | None] = lambda _: None,
    address: Callable[[int], str] = lambda _: "",
    shares_ranks: Callable[[int], bool] | None = None,
    source: Source | None = None,
    task_kinds: tuple[str, ...] = (),
    whole_numbers: bool = False,
) -> None:
    """Boards `kind:ID` exist from now on. Each function takes the id; `visible` also the viewer, or
    None. Their rows are in the boards' own table, or `source` has them."""
    _kinds[kind] = Kind(visible, title, aim, address, shares_ranks, source, whole_numbers)
    _wings.update(dict.fromkeys(task_kinds, kind))


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

    @cached_property
    def aim(self) -> Aim | None:
        """What its scores are; None for a board that other things put in order."""
        if self.target_id is None:
            return Aim("XP" if self.counts_xp else "Rating")
        return _kinds[self.kind].aim(self.target_id)

    @cached_property
    def shares_ranks(self) -> bool:
        """Whether equals share a rank. Else it is one each, by who was first."""
        kind = _kinds.get(self.kind)
        if self.target_id is None or kind is None or kind.shares_ranks is None:
            return False
        return kind.shares_ranks(self.target_id)

    @property
    def address(self) -> str:
        """Where the task, competition or cohort has its page; "" if there is none."""
        return self.task_address(self.kind, self.target_id) if self.target_id else ""

    @staticmethod
    def task_address(kind: str, target_id: int) -> str:
        """The page of a task of that kind, or of what else the board is of; "" if there is none."""
        wing = _wings.get(kind, kind)
        return _kinds[wing].address(target_id) if wing in _kinds else ""

    @property
    def counts_xp(self) -> bool:
        return self.kind in OF_XP

    @property
    def whole_numbers(self) -> bool:
        """Whether its scores are shown without a fraction: XP and ratings are."""
        kind = _kinds.get(self.kind)
        return self.target_id is None or (kind is not None and kind.whole_numbers)

    @property
    def source(self) -> Source | None:
        """Whoever keeps the rows, if it is not the boards' own table."""
        kind = _kinds.get(self.kind)
        return kind.source if kind else None


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
