"""Which of Kaggle's users are ours. A name that somebody gives as theirs counts once it is verified."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from mlarena.accounts.models import User
from mlarena.competitions import rating
from mlarena.competitions.kaggle.models import KaggleCompetition, KaggleLink, KagglePerson
from mlarena.competitions.kaggle.reading import Row
from mlarena.competitions.models import Competition, Member
from mlarena.competitions.prizes import award, take_back_from, tell
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, NotFound
from mlarena.live import publish

# No letters that look alike: it is typed into a display name by hand.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 8


def claim(user: User) -> None:
    """Note that the user gives another Kaggle name as theirs, or none. In the transaction of that change.

    What is over stays as it was; boards that still move forget them until the new name is verified.
    """
    ongoing = select(Competition.id).where(
        Competition.kind == "kaggle", Competition.finished_at.is_(None)
    )
    _leave(user.id, ongoing)
    db.session.execute(delete(KaggleLink).where(KaggleLink.user_id == user.id))
    if user.kaggle_username:
        name = user.kaggle_username.lower()
        code = "mla-" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        db.session.execute(
            insert(KaggleLink).values(
                user_id=user.id, username=name, code=code, claimed_at=utcnow()
            )
        )


def link_of(user_id: int) -> KaggleLink | None:
    return db.session.get(KaggleLink, user_id, populate_existing=True)


def links_query(verified: bool) -> Select[Any]:
    """Who is verified, or who waits for it, the longest waiting first."""
    known = KaggleLink.verified_at.is_not(None) if verified else KaggleLink.verified_at.is_(None)
    return (
        select(KaggleLink)
        .where(known)
        .options(joinedload(KaggleLink.user))
        .order_by(KaggleLink.claimed_at, KaggleLink.user_id)
    )


def shown(link: KaggleLink) -> dict[str, Any]:
    """As instructors see it. The code is the user's own business."""
    return {
        "user_id": link.user_id,
        "username": link.user.username,
        "kaggle_username": link.user.kaggle_username,
        "claimed_at": rfc3339(link.claimed_at),
        "verified_at": rfc3339(link.verified_at),
        "verified_by": link.verified_by,
    }


def verify(user_id: int, by: User) -> KaggleLink:
    """An instructor knows whose name it is. Their rows are theirs from now on, also where it is over:
    ratings and XP follow. Commits. Raises NotFound, Conflict (it is somebody else's)."""
    by_id = by.id
    if link_of(user_id) is None:
        raise NotFound("This user has not given a Kaggle name.")
    db.session.commit()
    try:
        db.session.execute(
            update(KaggleLink)
            .where(KaggleLink.user_id == user_id, KaggleLink.verified_at.is_(None))
            .values(verified_at=utcnow(), verified_by=by_id)
            .execution_options(synchronize_session=False)
        )
    except IntegrityError:
        db.session.rollback()
        raise Conflict("This Kaggle name is verified as another user's.") from None
    joined = _join(user_id)
    _commit_and_tell(joined)
    found = link_of(user_id)
    assert found is not None  # noqa: S101 – it was there, and only its user takes it away
    return found


def undo(user_id: int) -> None:
    """It was somebody else after all: they leave every mirrored board, what that had brought them of XP and
    badges is taken back, and ratings are made again. Commits. Raises NotFound."""
    if link_of(user_id) is None:
        raise NotFound("This user has not given a Kaggle name.")
    db.session.commit()
    db.session.execute(
        update(KaggleLink)
        .where(KaggleLink.user_id == user_id)
        .values(verified_at=None, verified_by=None)
        .execution_options(synchronize_session=False)
    )
    left = _leave(user_id, select(Competition.id).where(Competition.kind == "kaggle"))
    now, changes = utcnow(), []
    for competition in _finished(left):
        reason = f"Another person's place in {competition.title}"
        changes += take_back_from(competition, user_id, reason, now)
        rating.ask(competition)
    db.session.commit()
    tell(changes)
    for board in {change.board for change in changes}:
        publish.board_changed(board)
    for competition_id in left:
        publish.board_changed(f"competition:{competition_id}")


def believe_codes(rows: Sequence[Row], now: datetime) -> list[int]:
    """Verify whoever carries their code in the name of a team that is theirs alone, which at Kaggle is the
    display name. Of a team of several, the name may be anybody's idea. Inside the caller's transaction."""
    alone = {row.people[0]: row.name.lower() for row in rows if row.people and len(row.people) == 1}
    waiting = db.session.execute(
        select(KaggleLink.user_id, KaggleLink.username, KaggleLink.code).where(
            KaggleLink.verified_at.is_(None)
        )
    ).all()
    believed: list[int] = []
    for user_id, username, code in waiting:
        if code not in alone.get(username, ""):
            continue
        taken = select(KaggleLink.user_id).where(
            KaggleLink.username == username, KaggleLink.verified_at.is_not(None)
        )
        if db.session.scalar(taken) is not None:
            continue
        db.session.execute(
            update(KaggleLink)
            .where(KaggleLink.user_id == user_id)
            .values(verified_at=now, verified_by=None)
            .execution_options(synchronize_session=False)
        )
        believed.append(user_id)
    return believed


def enter(competition_id: int) -> bool:
    """Make the members of a mirrored board those of our users that are verified to be on it; whether that
    changed anything. Inside the caller's transaction."""
    wanted = _wanted(KagglePerson.competition_id == competition_id)
    rows = db.session.execute(
        select(Member.user_id, Member.entrant_id).where(Member.competition_id == competition_id)
    )
    known: dict[int, int] = {row[0]: row[1] for row in rows}
    now_in = {user_id: entrant_id for _, user_id, entrant_id in wanted}
    if known == now_in:
        return False
    for user_id, entrant_id in known.items():
        if now_in.get(user_id) != entrant_id:
            db.session.execute(
                delete(Member)
                .where(Member.competition_id == competition_id, Member.user_id == user_id)
                .execution_options(synchronize_session=False)
            )
    _add([row for row in wanted if known.get(row[1]) != row[2]])
    return True


def catch_up_with(user_ids: Sequence[int]) -> None:
    """Who was verified by a code on one board has rows on others, too. Commits."""
    for user_id in user_ids:
        _commit_and_tell(_join(user_id))


def _join(user_id: int) -> list[int]:
    """Enter a verified user wherever Kaggle names them; the competitions where that is new."""
    rows = _wanted(KaggleLink.user_id == user_id)
    known = set(
        db.session.scalars(select(Member.competition_id).where(Member.user_id == user_id)).all()
    )
    fresh = [row for row in rows if row[0] not in known]
    _add(fresh)
    return [competition_id for competition_id, _, _ in fresh]


def _wanted(*which: Any) -> list[tuple[int, int, int]]:
    """(competition, user, entrant) of verified users on boards."""
    rows = db.session.execute(
        select(KagglePerson.competition_id, KaggleLink.user_id, KagglePerson.entrant_id)
        .join(KaggleLink, KaggleLink.username == KagglePerson.username)
        .where(KaggleLink.verified_at.is_not(None), *which)
        .order_by(KagglePerson.competition_id, KaggleLink.user_id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _add(rows: list[tuple[int, int, int]]) -> None:
    now = utcnow()
    for competition_id, user_id, entrant_id in rows:
        values = {"competition_id": competition_id, "user_id": user_id, "entrant_id": entrant_id}
        fresh = insert(Member).values(joined_at=now, **values)
        db.session.execute(fresh.on_conflict_do_nothing())


def _leave(user_id: int, competitions: Select[Any]) -> list[int]:
    gone = db.session.scalars(
        delete(Member)
        .where(Member.user_id == user_id, Member.competition_id.in_(competitions))
        .returning(Member.competition_id)
        .execution_options(synchronize_session=False)
    )
    return list(gone)


def _finished(competition_ids: Sequence[int]) -> Sequence[KaggleCompetition]:
    return db.session.scalars(
        select(KaggleCompetition).where(
            KaggleCompetition.id.in_(competition_ids), KaggleCompetition.finished_at.is_not(None)
        )
    ).all()


def _commit_and_tell(competition_ids: list[int]) -> None:
    changes = []
    for competition in _finished(competition_ids):
        changes += award(competition, utcnow())
        rating.ask(competition)
    db.session.commit()
    tell(changes)
    for board in {change.board for change in changes}:
        publish.board_changed(board)
    for competition_id in competition_ids:
        publish.board_changed(f"competition:{competition_id}")
