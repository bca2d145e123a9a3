"""Teams: made by one, joined by code, left before the first submission. What is handed in is the team's."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from mlarena.accounts.models import User
from mlarena.competitions.limits import NOT_IN, midnight
from mlarena.competitions.models import Competition, Entrant, Entry, Member
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Forbidden, Invalid
from mlarena.submissions.models import Submission

# 32⁸ codes, and a door with a rate limit: nobody guesses into a team. No letters that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 10


def entrant_of(competition_id: int, user_id: int) -> Entrant | None:
    """As whom the user takes part; None if they do not."""
    return db.session.scalar(
        select(Entrant)
        .join(Member, Member.entrant_id == Entrant.id)
        .where(Member.competition_id == competition_id, Member.user_id == user_id)
    )


def are_together(competition_id: int, one_id: int | None, other_id: int) -> bool:
    """Whether two users are in the same team."""
    one, other = aliased(Member), aliased(Member)
    found = (
        select(one.user_id)
        .join(other, other.entrant_id == one.entrant_id)
        .where(one.competition_id == competition_id)
        .where(one.user_id == one_id, other.user_id == other_id)
    )
    return db.session.scalar(found) is not None


def create(user: User, competition: Competition, name: str) -> Entrant:
    """Make the user's entrant a team, which others may join by its code. Commits.

    Raises Forbidden (not in, no teams here, too late), Invalid (the name), Conflict (it is taken, or they
    are in a team already).
    """
    _require_teams(competition)
    name = " ".join(name.split())
    if not 2 <= len(name) <= 40:
        raise Invalid.field("name", "A team's name has 2 to 40 characters.")
    user_id, competition_id = user.id, competition.id
    own = _lock_own(competition_id, user_id)
    if own.name is not None:
        raise Conflict(f"You are in the team “{own.name}” already.")
    try:
        own.name, own.invite, own.hidden = name, _code(), False
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(f"There is a team “{name}” here already. Choose another name.") from None
    return own


def join(user: User, competition: Competition, code: str) -> Entrant:
    """Bring the user, and whoever is in their team, into the team of that code. Commits.

    Their submissions come along and count for the team, so together they may not have handed in more than a
    team could have by now. Raises Invalid (no such code), Forbidden (no teams, too late, too many people
    or submissions), Conflict (they are in it already).
    """
    _require_teams(competition)
    user_id, competition_id = user.id, competition.id
    target_id = db.session.scalar(
        select(Entrant.id).where(
            Entrant.competition_id == competition_id, Entrant.invite == code.strip().lower()
        )
    )
    own_id = _own_id(competition_id, user_id)
    db.session.commit()
    if target_id is None:
        raise Invalid.field(
            "code", "No team has this code. Ask for it once more, letter by letter."
        )
    if own_id == target_id:
        raise Conflict("You are in this team already.")
    lock([own_id, target_id])
    target = db.session.get_one(Entrant, target_id, populate_existing=True)
    own = db.session.get_one(Entrant, own_id, populate_existing=True)
    if _own_id(competition_id, user_id) != own_id:
        db.session.rollback()
        raise Conflict("Your team has changed this very moment. Look again.")
    people = _members(own_id) + _members(target_id)
    if len(people) > competition.team_size:
        db.session.rollback()
        raise Forbidden(
            f"Together you would be {len(people)}; a team has {competition.team_size} at most."
        )
    _require_fair(competition, people)
    _merge(own, target)
    db.session.commit()
    return target


def leave(user: User, competition: Competition) -> Entrant:
    """Stand alone again; only before the team has handed anything in. Commits.

    Raises Conflict (they are in no team, or it has submissions).
    """
    _require_hosted(competition)
    user_id, competition_id = user.id, competition.id
    team = _lock_own(competition_id, user_id)
    if team.name is None:
        db.session.rollback()
        raise Conflict("You are in no team.")
    if _submissions(competition_id, _members(team.id)):
        db.session.rollback()
        raise Conflict("Your team has handed something in; from then on it stays together.")
    if len(_members(team.id)) == 1:
        team.name = team.invite = None
        team.hidden = not user.listed
        db.session.commit()
        return team
    alone = Entrant(competition_id=competition_id, hidden=not user.listed)
    db.session.add(alone)
    db.session.flush()
    db.session.execute(
        update(Member)
        .where(Member.competition_id == competition_id, Member.user_id == user_id)
        .values(entrant_id=alone.id)
    )
    db.session.commit()
    return alone


def lock(entrant_ids: Iterable[int]) -> None:
    """Make these entrants ours until the transaction ends, in the order everybody takes."""
    for entrant_id in sorted(entrant_ids):
        db.session.execute(
            update(Entrant)
            .where(Entrant.id == entrant_id)
            .values(entries=Entrant.entries)
            .execution_options(synchronize_session=False)
        )


def _lock_own(competition_id: int, user_id: int) -> Entrant:
    own_id = _own_id(competition_id, user_id)
    db.session.commit()
    lock([own_id])
    return db.session.get_one(Entrant, own_id, populate_existing=True)


def _own_id(competition_id: int, user_id: int) -> int:
    own = db.session.scalar(
        select(Member.entrant_id).where(
            Member.competition_id == competition_id, Member.user_id == user_id
        )
    )
    if own is None:
        raise Forbidden(NOT_IN)
    return own


def forming_until(competition: Competition) -> datetime:
    """Until when teams may form and merge."""
    return min(competition.teams_until or competition.ends_at, competition.ends_at)


def may_form(competition: Competition) -> bool:
    return competition.team_size > 1 and utcnow() < forming_until(competition)


def _require_hosted(competition: Competition) -> None:
    if not competition.hosted:
        raise Forbidden("This competition is held at Kaggle: teams form there.")


def _require_teams(competition: Competition) -> None:
    _require_hosted(competition)
    if competition.team_size < 2:
        raise Forbidden("In this competition everybody stands alone.")
    until = forming_until(competition)
    if not may_form(competition):
        raise Forbidden(f"Teams could form until {until:%d %b %Y, %H:%M} UTC.")


def _require_fair(competition: Competition, people: list[int]) -> None:
    """A merged team may not have used more submissions than it could have had from the start."""
    begun = midnight(competition.starts_at)
    days = max(0, (midnight(utcnow()) - begun).days) + 1
    most, used = competition.daily_limit * days, _submissions(competition.id, people)
    if used > most:
        db.session.rollback()
        raise Forbidden(
            f"Together you have handed in {used}; a team could have handed in {most} by now. "
            "Wait a day, then try again."
        )


def _submissions(competition_id: int, people: list[int]) -> int:
    counted = select(func.count()).select_from(Submission)
    theirs = Submission.task_id == competition_id, Submission.user_id.in_(people)
    return (
        db.session.scalar(counted.where(*theirs, Submission.status.not_in(("failed", "error"))))
        or 0
    )


def _members(entrant_id: int) -> list[int]:
    return list(db.session.scalars(select(Member.user_id).where(Member.entrant_id == entrant_id)))


def _merge(own: Entrant, target: Entrant) -> None:
    # What the joining side had chosen is chosen anew: a team has two final submissions, not four.
    moves: list[tuple[type[Member | Entry], dict[str, Any]]] = [
        (Member, {}),
        (Entry, {"selected": False}),
    ]
    for table, more in moves:
        db.session.execute(
            update(table)
            .where(table.entrant_id == own.id)
            .values(entrant_id=target.id, **more)
            .execution_options(synchronize_session=False)
        )
    target.entries += own.entries
    if own.sort_key is not None and own.reached_at is not None:
        mine = (own.sort_key, own.reached_at)
        if (
            target.sort_key is None
            or target.reached_at is None
            or mine < (target.sort_key, target.reached_at)
        ):
            target.score, target.sort_key, target.reached_at = (
                own.score,
                own.sort_key,
                own.reached_at,
            )
    db.session.flush()
    db.session.execute(delete(Entrant).where(Entrant.id == own.id))


def _code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
