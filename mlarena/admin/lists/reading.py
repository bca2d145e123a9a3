"""A page of a list, in a constant number of queries, and its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.admin.lists.shelves import Column, Shelf
from mlarena.core.db import db
from mlarena.core.errors import Conflict, NotFound

PER_PAGE = 50


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for. `sort` is a column's key, with - before it for downwards."""

    q: str = ""
    state: str = ""
    sort: str = ""

    @classmethod
    def of(cls, shelf: Shelf, given: Any) -> Wanted:
        """From an address; what makes no sense there is not asked for."""
        sort = given.get("sort", "")
        keys = {column.key for column in shelf.columns if column.by is not None}
        state = given.get("state", "")
        return cls(
            given.get("q", "").replace("\0", "").strip()[:100],
            state if state in shelf.states else "",
            sort if sort.removeprefix("-") in keys else "",
        )

    def asked(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}

    def sorted_by(self, column: Column) -> str:
        """What a click on the column's head asks for."""
        return f"-{column.key}" if self.sort == column.key else column.key

    def direction(self, column: Column) -> str:
        """As `aria-sort` says it."""
        if self.sort.removeprefix("-") != column.key:
            return "none"
        return "descending" if self.sort.startswith("-") else "ascending"


def page(shelf: Shelf, wanted: Wanted, viewer: User, offset: int) -> tuple[list[Any], int]:
    """Rows, and how many there are in all: two queries."""
    query = select(shelf.model)
    if shelf.within is not None:
        query = query.where(shelf.within(viewer))
    if wanted.q:
        fits = [column.icontains(wanted.q, autoescape=True) for column in shelf.search]
        query = query.where(or_(*fits))
    if wanted.state:
        query = query.where(shelf.state == wanted.state)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    by = shelf.by
    if wanted.sort:
        key = wanted.sort.removeprefix("-")
        by = next(column.by for column in shelf.columns if column.key == key)
        by = by.desc() if wanted.sort.startswith("-") else by
    rows = db.session.scalars(query.order_by(by, shelf.model.id).offset(offset).limit(PER_PAGE))
    return list(rows.unique()), total


def one(shelf: Shelf, thing_id: int) -> Any:
    found = db.session.get(shelf.model, thing_id)
    if found is None:
        raise NotFound(f"There is no such {shelf.one}.")
    return found


def move(actor: User, shelf: Shelf, thing_id: int, way: str) -> None:
    """One place up or down. Raises NotFound. Commits."""
    ids = _ordered(shelf)
    if thing_id not in ids:
        raise NotFound(f"There is no such {shelf.one}.")
    place = ids.index(thing_id)
    other = place + (1 if way == "down" else -1)
    if 0 <= other < len(ids):
        ids[place], ids[other] = ids[other], ids[place]
        _write(actor, shelf, ids)


def arrange(actor: User, shelf: Shelf, wanted: list[int]) -> None:
    """These in this order, on the places that they hold together. Raises Conflict where they are not all
    there any more. Commits."""
    ids = _ordered(shelf)
    if len(set(wanted)) != len(wanted) or not set(wanted) <= set(ids):
        raise Conflict("The list has changed since. Look at it again.")
    places = sorted(ids.index(one_id) for one_id in wanted)
    for place, thing_id in zip(places, wanted, strict=True):
        ids[place] = thing_id
    _write(actor, shelf, ids)


def _ordered(shelf: Shelf) -> list[int]:
    if shelf.place is None:
        raise NotFound("This list has no order of its own.")
    return list(db.session.scalars(select(shelf.model.id).order_by(shelf.place, shelf.model.id)))


def _write(actor: User, shelf: Shelf, ids: list[int]) -> None:
    """Only what moves is written, and through the session: lists that are kept notice it."""
    name = shelf.place.key
    held = {row[0]: row[1] for row in db.session.execute(select(shelf.model.id, shelf.place))}
    first = min(held.values(), default=0)
    moved = {
        thing_id: first + place
        for place, thing_id in enumerate(ids)
        if held.get(thing_id) != first + place
    }
    rows = db.session.scalars(select(shelf.model).where(shelf.model.id.in_(moved))).unique().all()
    db.session.commit()
    for row in rows:
        setattr(row, name, moved[row.id])
    audit.note(actor, f"{shelf.name}.order", "", moved=len(moved))
    db.session.commit()
