"""The published quests, with their long texts: every page of the wing lists them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from mlarena.core.stamped import Stamped
from mlarena.quests.models import Dataset, Quest
from mlarena.rewards.models import Level


def _read(session: Session) -> dict[int, Quest]:
    query = (
        select(Quest)
        .join(Level)
        .where(Quest.status == "published")
        .order_by(Level.order, Quest.position, Quest.id)
    )
    return {quest.id: quest for quest in session.scalars(query)}


_catalogue = Stamped("catalogue", (Quest, Level, Dataset), _read)


def published() -> dict[int, Quest]:
    """Published quests by id, in the order of the path, with level and data set. Not to be changed."""
    return _catalogue.get()
