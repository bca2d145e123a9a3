"""Who stands where in a competition. A row is an entrant: a person, a team, a baseline, a team at Kaggle.

Before the end the board is made of public scores, after it of the private ones of what was chosen. Nothing
here reads a private score of a competition that is not finished: `final_*` is empty until then.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import selectinload

from mlarena.accounts.models import User
from mlarena.boards.service import Aim, BoardRow
from mlarena.competitions.models import Competition, Entrant, Member
from mlarena.core.db import db

NOBODY = "somebody who has left"
# Of a search by name; whoever finds more than these types another letter.
MOST_FOUND = 20


@dataclass(frozen=True)
class EntrantRow(BoardRow):
    """A board's row with what a competition knows more of it."""

    entrant_id: int = 0
    is_house: bool = False
    team: bool = False
    members: tuple[tuple[int, str], ...] = ()
    entries: int = 0
    # Where it stood over time, oldest first, and on the public board at the end.
    track: tuple[tuple[int, int], ...] = field(default=())
    public_rank: int | None = None
    public_score: float | None = None

    @property
    def house(self) -> bool:
        return self.is_house

    def shown(self) -> dict[str, Any]:
        return super().shown() | {
            "entrant_id": self.entrant_id,
            "team": self.team,
            "members": [{"user_id": id_, "username": name} for id_, name in self.members],
            "entries": self.entries,
            "public_rank": self.public_rank,
            "public_score": self.public_score,
            "track": [rank for _, rank in self.track],
        }


@dataclass(frozen=True)
class Order:
    """Which scores a board is made of, as columns."""

    key: Any
    score: Any
    at: Any

    @property
    def columns(self) -> tuple[Any, ...]:
        return self.key, self.at, Entrant.id

    def on(self, competition_id: int) -> tuple[ColumnElement[bool], ...]:
        return (
            Entrant.competition_id == competition_id,
            Entrant.hidden.is_(False),
            self.key.is_not(None),
        )


PUBLIC = Order(Entrant.sort_key, Entrant.score, Entrant.reached_at)
FINAL = Order(Entrant.final_key, Entrant.final_score, Entrant.final_at)


class CompetitionBoards:
    """The source of boards `competition:ID`, see boards/names.py."""

    def stretch(
        self, target_id: int, start: int, count: int, user_id: int | None
    ) -> tuple[list[EntrantRow], int, EntrantRow | None]:
        order = order_of(target_id)
        size = db.session.scalar(
            select(func.count()).select_from(Entrant).where(*order.on(target_id))
        )
        rows = _rows(target_id, order, start, count) if count else []
        return rows, size or 0, self._own(target_id, order, user_id, rows)

    def around(self, target_id: int, user_id: int, n: int) -> list[EntrantRow]:
        order = order_of(target_id)
        place = _place(target_id, order, user_id)
        if place is None:
            return []
        first = max(0, place - n)
        return _rows(target_id, order, first, place + n + 1 - first)

    @staticmethod
    def _own(
        target_id: int, order: Order, user_id: int | None, rows: list[EntrantRow]
    ) -> EntrantRow | None:
        if user_id is None:
            return None
        here = [row for row in rows if any(user_id == member for member, _ in row.members)]
        if here:
            return here[0]
        place = _place(target_id, order, user_id)
        return None if place is None else next(iter(_rows(target_id, order, place, 1)), None)


def found_by_name(competition_id: int, asked: str) -> list[EntrantRow]:
    """The rows whose name, or a member's, has `asked` in it; the best first, with their ranks. Who does not
    want to be listed is found by nobody."""
    order = order_of(competition_id)
    places = (
        ordered(competition_id, order, Entrant.id)
        .order_by(None)
        .add_columns(
            (func.row_number().over(order_by=order.columns) - 1).label("place"),
        )
        .subquery()
    )
    members = (
        select(Member.entrant_id)
        .join(User, User.id == Member.user_id)
        .where(Member.competition_id == competition_id, User.listed)
        .where(User.username.icontains(asked, autoescape=True))
    )
    found = db.session.execute(
        select(Entrant, places.c.place)
        .join(places, places.c.id == Entrant.id)
        .where(or_(Entrant.name.icontains(asked, autoescape=True), Entrant.id.in_(members)))
        .options(selectinload(Entrant.members).joinedload(Member.user))
        .order_by(places.c.place)
        .limit(MOST_FOUND)
    ).all()
    houses = _houses(competition_id, order)
    return [_row(entrant, order, place, houses) for entrant, place in found]


def order_of(competition_id: int) -> Order:
    finished = db.session.scalar(
        select(Competition.finished_at).where(Competition.id == competition_id)
    )
    return FINAL if finished else PUBLIC


def ordered(competition_id: int, order: Order, *columns: Any) -> Select[Any]:
    """The entrants that stand on the board, best first."""
    return select(*columns).where(*order.on(competition_id)).order_by(*order.columns)


def _rows(competition_id: int, order: Order, start: int, count: int) -> list[EntrantRow]:
    """`count` rows from position `start`, in four queries however many there are."""
    found = db.session.scalars(
        ordered(competition_id, order, Entrant)
        .options(selectinload(Entrant.members).joinedload(Member.user))
        .offset(start)
        .limit(count)
    ).all()
    houses = _houses(competition_id, order)
    return [_row(entrant, order, position, houses) for position, entrant in enumerate(found, start)]


def _row(
    entrant: Entrant, order: Order, position: int, houses: list[tuple[Any, ...]]
) -> EntrantRow:
    key, score, at = (getattr(entrant, column.key) for column in (order.key, order.score, order.at))
    above = bisect_left(houses, (key, at, entrant.id))
    members = tuple((m.user_id, m.user.username) for m in entrant.members if m.user.listed)
    alone = entrant.name is None and bool(members)
    # What was rated and paid, which knows also those who do not want to be seen here.
    final = entrant.final_rank if order is FINAL else None
    return EntrantRow(
        rank=None if entrant.house else final or position + 1 - above,
        user_id=members[0][0] if alone else None,
        username=entrant.name or (members[0][1] if members else NOBODY),
        score=score,
        submitted_at=at,
        entrant_id=entrant.id,
        is_house=entrant.house,
        # A team at Kaggle is one where people of ours are in it; else it is a name.
        team=entrant.name is not None
        and not entrant.house
        and (entrant.kaggle_team is None or bool(members)),
        members=members,
        entries=entrant.entries,
        track=tuple((minute, rank) for minute, rank in entrant.track),
        public_rank=entrant.public_rank if order is FINAL else None,
        public_score=entrant.score if order is FINAL else None,
    )


def _houses(competition_id: int, order: Order) -> list[tuple[float, datetime, int]]:
    """Where the baselines stand: ranks skip them. There are a handful."""
    rows = db.session.execute(
        ordered(competition_id, order, *order.columns).where(Entrant.house.is_(True))
    )
    return [(key, at, id_) for key, at, id_ in rows]


def _place(competition_id: int, order: Order, user_id: int) -> int | None:
    """The position of the user's row, counted along the index; None if they have none."""
    own = db.session.execute(
        ordered(competition_id, order, *order.columns)
        .join(Member, Member.entrant_id == Entrant.id)
        .where(Member.user_id == user_id)
    ).first()
    if own is None:
        return None
    before = tuple_(*order.columns) < tuple_(*own)
    return db.session.scalar(
        select(func.count()).select_from(Entrant).where(*order.on(competition_id), before)
    )


def visible(competition_id: int, viewer: User | None) -> bool:
    """Whether `viewer` may see the board: the same as seeing the competition."""
    status = db.session.scalar(select(Competition.status).where(Competition.id == competition_id))
    may_edit = viewer is not None and viewer.is_at_least("instructor")
    return status == "published" or (status is not None and may_edit)


def title(competition_id: int) -> str:
    found = db.session.scalar(select(Competition.title).where(Competition.id == competition_id))
    return found or "A competition"


def aim(competition_id: int) -> Aim | None:
    """What the board's scores are."""
    found = db.session.get(Competition, competition_id)
    return Aim(found.rule().label, found.rule().direction) if found else None
