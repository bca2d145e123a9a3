"""What accounts tell the wing: who wants to be seen, and who leaves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select, update

from mlarena.accounts import signals
from mlarena.accounts.models import User
from mlarena.competitions import notices, rating
from mlarena.competitions.kaggle import links
from mlarena.competitions.models import Competition, Entrant, Member, RatingChange
from mlarena.core.db import db


def connect() -> None:
    notices.connect()
    signals.user_changing.connect(_follow, User)
    signals.user_deleting.connect(_leave, User)


def _follow(_sender: Any, user: User, fields: set[str]) -> None:
    """Who stands alone goes from the boards, or comes back; a team stays, under its own name. Another name
    at Kaggle is another claim."""
    if "kaggle_username" in fields:
        links.claim(user)
    if "listed" not in fields:
        return
    own = select(Member.entrant_id).where(Member.user_id == user.id)
    db.session.execute(
        update(Entrant)
        .where(Entrant.id.in_(own), Entrant.name.is_(None))
        .values(hidden=not user.listed)
        .execution_options(synchronize_session=False)
    )


def _leave(_sender: Any, user: User) -> None:
    """What was theirs alone goes with them; their team stays. Ratings are made again from their first
    competition on, as if they had not been there: a computation from the start knows them no more."""
    first = db.session.scalar(
        select(Competition)
        .join(RatingChange, RatingChange.competition_id == Competition.id)
        .where(RatingChange.user_id == user.id)
        .order_by(Competition.ends_at, Competition.id)
        .limit(1)
    )
    if first is not None:
        rating.ask(first)
    own = select(Member.entrant_id).where(Member.user_id == user.id)
    alone = (
        select(Member.entrant_id)
        .where(Member.entrant_id.in_(own))
        .group_by(Member.entrant_id)
        .having(func.count() == 1)
    )
    db.session.execute(
        delete(Entrant)
        .where(Entrant.id.in_(alone), Entrant.kaggle_team.is_(None))
        .execution_options(synchronize_session=False)
    )
