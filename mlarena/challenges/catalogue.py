"""The published challenges without their long texts: what lists, filters and counts are made of."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from mlarena.challenges.models import DIFFICULTIES, KINDS, Category, Challenge
from mlarena.core.clock import utcnow
from mlarena.core.stamped import Stamped
from mlarena.submissions.times import Coming, coming, found_or_coming

# Searches are as many as there are words: of the lists that are kept the last so many.
MOST_SHARED = 200
STATES = ("new", "started", "submitted", "completed")
# What a list can be narrowed by, each with the choices that are always named.
FACETS: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "category": (),
    "difficulty": DIFFICULTIES,
    "status": STATES,
}


@dataclass(frozen=True)
class Entry:
    """One challenge as lists show it. `needle` is what a search looks through."""

    id: int
    kind: str
    slug: str
    title: str
    summary: str
    category: str | None
    category_name: str
    difficulty: str
    points: int
    engine: str | None
    ranking: str | None
    created_by: int | None
    status: str
    needle: str
    closes_at: datetime | None = None

    def __hash__(self) -> int:  # fifty stand on a page, and all fields of each would be hashed
        return hash(self.id)

    @classmethod
    def of(cls, challenge: Challenge) -> Entry:
        category = challenge.category
        name = category.name if category else ""
        return cls(
            challenge.id,
            challenge.kind,
            challenge.slug,
            challenge.title,
            challenge.summary,
            category.slug if category else None,
            name,
            challenge.difficulty,
            challenge.xp_reward,
            challenge.engine,
            challenge.ranking,
            challenge.created_by,
            challenge.status,
            folded(f"{challenge.title} {challenge.summary} {challenge.slug} {name}"),
            challenge.closes_at,
        )

    @property
    def is_over(self) -> bool:
        """Whether it takes nothing in any more."""
        return self.closes_at is not None and self.closes_at <= utcnow()


class Begun(NamedTuple):
    """Where a reader stands with a challenge: of the row of `progress` what lists show."""

    task_id: int
    status: str
    attempts: int
    best_score: float | None
    completed_at: datetime | None


@dataclass(frozen=True)
class Catalogue:
    """Entries by id, in the order of the list, and the categories in theirs. `shelves` by the engines that
    are left out."""

    entries: dict[int, Entry]
    categories: list[Category]
    coming: list[Coming] = field(default_factory=list)
    shelves: dict[frozenset[str], Shelf] = field(default_factory=dict, compare=False)

    def shelf(self, without: Iterable[str] = ()) -> Shelf:
        """What can be listed where these engines are missing."""
        gone = frozenset(without)
        if gone not in self.shelves:
            entries = [entry for entry in self.entries.values() if entry.engine not in gone]
            self.shelves[gone] = Shelf(entries, self.categories)
        return self.shelves[gone]


def _read(session: Session) -> Catalogue:
    categories = list(session.scalars(select(Category).order_by(Category.position, Category.id)))
    rows = session.scalars(select(Challenge).where(found_or_coming(Challenge))).all()
    place = {category.id: number for number, category in enumerate(categories)}
    ordered = sorted(
        (row for row in rows if row.status == "published"),
        key=lambda row: (
            place.get(row.category_id or 0, len(place)),
            DIFFICULTIES.index(row.difficulty),
            row.position,
            row.id,
        ),
    )
    entries = {row.id: Entry.of(row) for row in ordered}
    return Catalogue(entries, categories, coming(rows))


_catalogue = Stamped("challenges", (Challenge, Category), _read)


def catalogue() -> Catalogue:
    """What is published, and where it belongs. Not to be changed."""
    return _catalogue.get()


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed down to; None takes everything."""

    kind: str | None = None
    category: str | None = None
    difficulty: str | None = None
    status: str | None = None
    engine: str | None = None
    search: str = ""


@dataclass(frozen=True)
class Found:
    """The entries that a filter takes, and for each facet how many each of its choices would take."""

    entries: list[Entry]
    counts: dict[str, dict[str, int]]


def find(entries: Iterable[Entry], states: Mapping[int, str], wanted: Filter) -> Found:
    """Filter `entries`; `states` says where the reader stands with those they have begun."""
    words = folded(wanted.search).split()
    asked = (wanted.kind, wanted.category, wanted.difficulty, wanted.status)
    tallies: tuple[Counter[str | None], ...] = tuple(Counter() for _ in FACETS)
    taken = []
    for entry in entries:
        if wanted.engine is not None and entry.engine != wanted.engine:
            continue
        if words and not all(word in entry.needle for word in words):
            continue
        has = (entry.kind, entry.category, entry.difficulty, states.get(entry.id, "new"))
        missed = [
            place for place, value in enumerate(asked) if value is not None and has[place] != value
        ]
        if not missed:
            taken.append(entry)
            for tally, value in zip(tallies, has, strict=True):
                tally[value] += 1
        elif len(missed) == 1:  # what another choice of that one facet would take
            tallies[missed[0]][has[missed[0]]] += 1
    counts = {
        name: dict.fromkeys(known, 0) | {str(value): n for value, n in tally.items() if value}
        for (name, known), tally in zip(FACETS.items(), tallies, strict=True)
    }
    return Found(taken, counts)


class Shelf:
    """Entries in the order of the list, and what the lists of many readers have in common of them."""

    def __init__(self, entries: list[Entry], categories: list[Category]) -> None:
        self.entries, self.categories = entries, categories
        self.place = {entry.id: number for number, entry in enumerate(self.entries)}
        self.by_ease = sorted(self.entries, key=lambda entry: DIFFICULTIES.index(entry.difficulty))
        self.timed = [entry for entry in self.entries if entry.closes_at is not None]
        self._shared: dict[Filter, tuple[Found, frozenset[int]]] = {}

    def find(self, states: Mapping[int, str], wanted: Filter) -> Found:
        """As `find`. Without a status only the counts by status are the reader's own: they take as long as
        the reader's rows of progress, not as the list."""
        if wanted.status is not None:
            return find(self.entries, states, wanted)
        found, members = self._for_everybody(wanted)
        tally = Counter(state for number, state in states.items() if number in members)
        own = dict.fromkeys(STATES, 0) | tally
        own["new"] += len(members) - tally.total()
        return replace(found, counts=found.counts | {"status": own})

    def _for_everybody(self, wanted: Filter) -> tuple[Found, frozenset[int]]:
        if wanted not in self._shared:
            if len(self._shared) >= MOST_SHARED:
                self._shared.clear()
            found = find(self.entries, {}, wanted)
            self._shared[wanted] = found, frozenset(entry.id for entry in found.entries)
        return self._shared[wanted]


def folded(text: str) -> str:
    """The form in which a search finds it: no case, no accents."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in parts if not unicodedata.combining(letter)).casefold()
