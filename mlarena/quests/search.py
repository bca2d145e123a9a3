"""Quests that the command palette finds: the published ones, from what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import url_for

from mlarena.core.search import Hit, rank
from mlarena.quests.catalogue import published


def find(asked: str, _viewer: Any) -> Iterator[Hit]:
    for quest in published().values():
        place = rank(asked, quest.title, f"quest {quest.task_type} {quest.dataset.title}")
        if place is not None:
            detail = f"Quest · {quest.level.name} · {quest.xp_reward} XP"
            yield Hit(quest.title, detail, url_for("quests.show", quest_id=quest.id), place)
