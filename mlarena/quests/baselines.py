"""House baselines: what a guess, a plain model and a strong one get, on the board of every quest.

They walk the way of everybody's code: accepted by the spine, trained and asked in the jail, scored outside
it. On the board they are rows of the house: no rank, no XP, nobody's name.
"""

from __future__ import annotations

import hashlib

import structlog
from sqlalchemy import select

from mlarena.core.db import db
from mlarena.quests.catalogue import published
from mlarena.quests.datasets.recipes import BASELINES
from mlarena.quests.models import Quest
from mlarena.submissions import intake
from mlarena.submissions.models import Submission

log = structlog.get_logger(__name__)


def enter_missing() -> int:
    """Hand in every baseline that a published quest has not had in its present version; how many.

    Cheap when there are none, and safe to call at any time and by any number at once. Commits.
    """
    quests = published().values()
    known = {
        (task_id, version, house)
        for task_id, version, house in db.session.execute(
            select(Submission.task_id, Submission.attempt_no, Submission.house).where(
                Submission.house.is_not(None), Submission.status != "error"
            )
        )
    }
    missing = [
        (quest, house, code)
        # All the lazy ones first: they are quick, and a board with one row is better than without.
        for place in range(3)
        for quest in quests
        for house, code in list(BASELINES[quest.task_type].items())[place : place + 1]
        if (quest.id, quest.version, house) not in known
    ]
    entered = sum(_enter(quest, house, code) for quest, house, code in missing)
    if entered:
        log.info("baselines handed in", count=entered)
    return entered


def _enter(quest: Quest, house: str, code: str) -> bool:
    digest = hashlib.sha256(code.encode()).hexdigest()
    return intake.accept_house(quest, house, {"code": code}, digest)
