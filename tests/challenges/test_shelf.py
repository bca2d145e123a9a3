"""What many readers' lists have in common is found once: each reader's list stays what it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.challenges import catalogue
from mlarena.challenges.catalogue import STATES, Begun, Catalogue, Entry, Filter, Shelf, find
from mlarena.challenges.models import DIFFICULTIES, KINDS
from mlarena.challenges.next_up import next_up

pytestmark = pytest.mark.pure

CATEGORIES = ("joins", "metrics", None)
ENTRIES = [
    Entry(n, KINDS[n % 3], f"s{n}", f"No. {n}", "", CATEGORIES[n % 4 % 3], "", DIFFICULTIES[n % 7 % 3],
          10, ("sqlite", "postgres")[n % 2] if n % 3 == 0 else None, None, None, "published",
          "even" if n % 2 == 0 else "odd")
    for n in range(24)
]  # fmt: skip
SHELF = Shelf(ENTRIES, [])
WANTED = st.builds(
    Filter,
    kind=st.sampled_from([None, *KINDS]),
    category=st.sampled_from([None, "joins"]),
    difficulty=st.sampled_from([None, *DIFFICULTIES]),
    status=st.sampled_from([None, None, *STATES]),
    engine=st.sampled_from([None, "sqlite"]),
    search=st.sampled_from(["", "even", "no such word"]),
)
# Also of challenges that are not on the shelf: archived ones, or those of an engine that is gone.
STANDINGS = st.dictionaries(st.integers(0, 30), st.sampled_from(STATES[1:]))


@given(STANDINGS, WANTED)
def test_a_shared_list_is_the_readers_own(states: dict[int, str], wanted: Filter) -> None:
    assert SHELF.find(states, wanted) == find(ENTRIES, states, wanted)


def test_searches_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "MOST_SHARED", 3)
    shelf = Shelf(ENTRIES, [])
    for n in range(20):
        shelf.find({}, Filter(search=f"word {n}"))
    assert len(shelf._shared) <= 3


def test_a_shelf_leaves_out_what_needs_a_missing_engine() -> None:
    shown = Catalogue({entry.id: entry for entry in ENTRIES}, [])
    without = shown.shelf({"postgres"})
    assert {entry.engine for entry in without.entries} == {"sqlite", None}
    assert shown.shelf({"postgres"}) is without
    assert shown.shelf().entries == ENTRIES


AT = datetime(2026, 3, 1, tzinfo=UTC)


def begun(number: int, status: str, best: float | None = None, days: int = 0) -> Begun:
    done = AT + timedelta(days=days) if status == "completed" else None
    return Begun(number, status, 1, best, done)


@pytest.mark.parametrize(
    ("rows", "number", "reason"),
    [
        ([], 0, "A good one to begin with."),
        ([begun(5, "submitted", 40), begun(9, "submitted", 80), begun(2, "started")], 9, "Your best so"),
        ([begun(9, "submitted"), begun(5, "submitted")], 5, "You have tried it."),
        ([begun(7, "started"), begun(4, "started"), begun(1, "completed")], 4, "You have begun it."),
        ([begun(3, "completed", days=1), begun(2, "completed", days=2)], 14, "It follows “No. 2”"),
        ([begun(n, "completed") for n in range(24) if n != 13], 13, "It is new to you."),
        ([begun(n, "completed") for n in range(24) if n != 11], 11, "It follows “No. 0”"),
        ([begun(29, "submitted", 90)], 0, "A good one to begin with."),
    ],
)  # fmt: skip
def test_what_is_next(rows: list[Begun], number: int, reason: str) -> None:
    step = next_up(SHELF, {row.task_id: row for row in rows})
    assert step
    assert step.reason.startswith(reason)
    assert step.entry.id == number


def test_nothing_is_next_when_all_is_solved() -> None:
    assert next_up(SHELF, {n: begun(n, "completed") for n in range(24)}) is None
