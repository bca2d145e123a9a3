"""What the spine and accounts tell: somebody's XP or wish to be seen has moved their cohorts' boards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from mlarena.accounts import signals as accounts
from mlarena.accounts.models import User
from mlarena.activity.models import PublicEvent
from mlarena.activity.service import told
from mlarena.cohorts import feed, notices
from mlarena.cohorts.models import CohortMember
from mlarena.core.db import db
from mlarena.live import publish
from mlarena.submissions import signals
from mlarena.submissions.models import Submission


def connect() -> None:
    notices.connect()
    told.connect(feed.tell, PublicEvent)
    signals.xp_changed.connect(_boards_of, Submission)
    accounts.user_changed.connect(_boards_of, User)


def _boards_of(_sender: Any, user_id: int, **_more: Any) -> None:
    cohorts = db.session.scalars(
        select(CohortMember.cohort_id).where(
            CohortMember.user_id == user_id, CohortMember.left_at.is_(None)
        )
    ).all()
    for cohort_id in cohorts:
        publish.board_changed(f"cohort:{cohort_id}")
