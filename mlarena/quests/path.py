"""The map: levels as stretches of one path, quests as its stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from mlarena.quests.service import QuestView
from mlarena.rewards.models import Level

# A level of more stations is shown in part, around the next one; the rest has a page of its own.
MOST_STATIONS = 24
# How many passed ones stand before the next, so that the path is seen to come from somewhere.
BEHIND = 3


@dataclass(frozen=True)
class Stretch:
    """A level with the quests of it that are shown. `total` counts all of them, `passed` the passed ones."""

    level: Level
    views: tuple[QuestView, ...]
    total: int
    passed: int
    locked: bool

    @property
    def left_out(self) -> int:
        return self.total - len(self.views)


def stretches(views: Sequence[QuestView], most: int = MOST_STATIONS) -> list[Stretch]:
    """`views`, in the order of the path, by level."""
    levels = groupby(views, key=lambda view: view.quest.level_id)
    return [_stretch(list(of_level), most) for _, of_level in levels]


def _stretch(views: list[QuestView], most: int) -> Stretch:
    ahead = [place for place, view in enumerate(views) if view.state != "completed"]
    first = max(0, min((ahead[0] if ahead else len(views)) - BEHIND, len(views) - most))
    return Stretch(
        level=views[0].quest.level,
        views=tuple(views[first : first + most]),
        total=len(views),
        passed=len(views) - len(ahead),
        locked=views[0].locked,
    )
