"""The published quests, with their long texts, and the learning levels: every page of the wing lists them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from mlarena.core.stamped import Stamped
from mlarena.quests.models import Dataset, Quest
from mlarena.rewards.models import Level
from mlarena.submissions import times
from mlarena.submissions.times import Coming


class Catalogue(NamedTuple):
    """Published quests by id, in the order of the path, and of every level (id, name, required XP)."""

    quests: dict[int, Quest]
    steps: tuple[tuple[int, str, int], ...]
    coming: list[Coming]


def _read(session: Session) -> Catalogue:
    query = (
        select(Quest)
        .join(Level)
        .where(times.found_or_coming(Quest))
        .order_by(Level.order, Quest.position, Quest.id)
    )
    steps = select(Level.id, Level.name, Level.required_xp).order_by(Level.order, Level.id)
    quests = session.scalars(query).all()
    return Catalogue(
        {quest.id: quest for quest in quests if quest.status == "published"},
        tuple((level_id, name, xp) for level_id, name, xp in session.execute(steps)),
        times.coming(quests),
    )


_catalogue = Stamped("catalogue", (Quest, Level, Dataset), _read)


def published() -> dict[int, Quest]:
    """Published quests by id, in the order of the path, with level and data set. Not to be changed."""
    return _catalogue.get().quests


def level_steps() -> tuple[tuple[int, str, int], ...]:
    """The learning levels as the boards divide themselves by them: (id, name, required XP)."""
    return _catalogue.get().steps


def coming() -> list[Coming]:
    """What the clock will publish, the next first."""
    return _catalogue.get().coming
