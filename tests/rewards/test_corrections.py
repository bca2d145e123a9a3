"""XP that is taken back and paid again: only ever further lines, whose sum is what it should be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from mlarena.core.db import db
from mlarena.rewards import badges, corrections, service
from mlarena.rewards.models import Badge, KindTotals, UserBadge, XpEntry

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def lines(user_id: int) -> list[tuple[str, int]]:
    rows = db.session.execute(
        select(XpEntry.key, XpEntry.amount)
        .where(XpEntry.user_id == user_id, XpEntry.amount != 0)
        .order_by(XpEntry.id)
    )
    return [(key, amount) for key, amount in rows]


def test_taking_back_adds_a_line_and_changes_none(app: Any, user: Any) -> None:
    for task in ("task:1", "task:11"):  # one key is the other's beginning
        service.reward_pass(user, task, 100, "Passed", ("competition",), False, AT)
    assert corrections.take_back(user.id, "task:1", "Withdrawn", AT) == [(100, AT)]
    assert corrections.take_back(user.id, "task:1", "Withdrawn", AT) == []
    assert service.xp_of(user.id) == 100
    assert lines(user.id) == [("task:1", 100), ("task:11", 100), ("task:1:undone", -100)]
    assert [line["amount"] for line in service.ledger(user.id)] == [-100, 100, 100]
    with pytest.raises(ValueError, match="does not cost"):
        service.reward_pass(user, "task:2", -1, "No", (), False, AT)


@given(
    steps=st.lists(st.one_of(st.none(), st.integers(1, 300)), max_size=12),
    task=st.integers(1, 10**6),
)
@settings(max_examples=25)
def test_the_sum_is_the_most_that_was_due_since_it_was_last_taken_back(
    app: Any, user: Any, steps: list[int | None], task: int
) -> None:
    """Each step is what it is worth from now on; None takes it back."""
    key, due, before = f"task:{task}", 0, service.xp_of(user.id)
    known: list[tuple[str, int]] = []
    for worth in steps:
        if worth is None:
            taken = corrections.take_back(user.id, key, "Withdrawn", AT)
            assert sum(amount for amount, _ in taken) == due
            due = 0
        else:
            paid = service.reward_pass(user, key, worth, "Passed", (), False, AT).xp
            paid += corrections.top_up(user.id, key, worth, "Passed", AT)
            assert paid == max(0, worth - due)
            due = max(due, worth)
        assert service.xp_of(user.id) - before == due
        now = lines(user.id)
        assert now[: len(known)] == known, "a line was changed"
        known = now
    total = select(func.coalesce(func.sum(XpEntry.amount), 0)).where(XpEntry.user_id == user.id)
    assert db.session.scalar(total) == service.xp_of(user.id)
    db.session.rollback()


# (what a task counts as, what may be done in it): tasks 0 to 3 of the histories below.
TASKS = (
    (("quest", "quest:regression"), ()),
    (("quest", "quest:clustering", "first_try"), ()),
    (("competition",), ("podium", "competition_won")),
    (("challenge", "challenge:sql"), ("challenge:faster",)),
)
BADGES = [
    ("xp", 1), ("xp", 150), ("xp", 400), ("quests_completed", 1), ("quests_completed", 2),
    ("task_types", 2), ("podiums", 1), ("competitions_won", 1), ("competitions_completed", 1),
    ("tasks_completed", 3), ("perfect_score", 1), ("perfect_score", 2), ("first_try", 1),
    ("faster_than_reference", 1), ("challenge_kinds", 1), ("streak_days", 1),
]  # fmt: skip


@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, len(TASKS) - 1), st.one_of(st.none(), st.integers(0, 300)), st.booleans(),
            st.booleans(),
        ),
        max_size=14,
    )
)  # fmt: skip
@settings(max_examples=25)
def test_after_any_passes_and_revocations_only_what_stands_has_brought_something(
    app: Any, user: Any, steps: list[tuple[int, int | None, bool, bool]]
) -> None:
    """Each step passes a task (so much XP, perfectly, with its feats) or revokes it (None). XP, counts and
    badges are those of the passes that stand, as if no others had been; no line of the ledger is changed."""
    for number, (kind, value) in enumerate(BADGES):
        made = Badge(
            slug=f"b{number}", name=f"B{number}", condition_type=kind, condition_value=value
        )
        db.session.add(made)
    db.session.flush()
    stands: dict[int, tuple[int, bool, bool]] = {}
    known: list[tuple[str, int]] = []
    for number, worth, perfect, done in steps:
        kinds, feats = TASKS[number]
        key = f"task:{number}"
        if worth is None:
            taken = corrections.revoke_pass(user.id, key, "It was none", kinds, AT)
            assert (taken is None) == (number not in stands)
            gone = stands.pop(number, (0, False, False))
            assert sum(amount for amount, _ in taken or ()) == gone[0]
        else:
            service.reward_pass(
                user, key, worth, "Passed", kinds, perfect, AT, feats=feats if done else ()
            )
            first, *more = stands.get(number, (worth, False, False))
            stands[number] = (first, more[0] or perfect, more[1] or done)
        every = select(XpEntry.key, XpEntry.amount).where(XpEntry.user_id == user.id)
        now = [(row[0], row[1]) for row in db.session.execute(every.order_by(XpEntry.id))]
        assert now[: len(known)] == known, "a line was changed"
        known = now
    totals = service.lock_totals(user.id)
    assert totals.xp == sum(one[0] for one in stands.values()) == sum(line[1] for line in known)
    assert totals.passed == len(stands)
    assert totals.perfect == sum(one[1] for one in stands.values())
    counted: dict[str, int] = {}
    for number, (_, _, done) in stands.items():
        for kind in (*TASKS[number][0], *(TASKS[number][1] if done else ())):
            counted[kind] = counted.get(kind, 0) + 1
    kept = select(KindTotals.kind, KindTotals.passed).where(KindTotals.user_id == user.id)
    assert {kind: many for kind, many in db.session.execute(kept) if many} == counted
    facts = service.facts_of(totals)
    held = set(db.session.scalars(select(UserBadge.badge_id).where(UserBadge.user_id == user.id)))
    # As somebody has them who has done only what stands.
    for badge in db.session.scalars(select(Badge)):
        figure = badges.locked(badge, facts).figure
        assert figure is not None
        assert (badge.id in held) == (figure >= badge.condition_value), badge.condition_type
    db.session.rollback()


def test_what_was_given_when_less_was_asked_for_stays(app: Any, user: Any) -> None:
    badge = Badge(slug="old", name="Old", condition_type="podiums", condition_value=1)
    db.session.add(badge)
    db.session.commit()
    for task in ("task:1", "task:2"):
        service.reward_pass(
            user, task, 10, "Passed", ("competition",), False, AT, feats=("podium",)
        )
    badge.condition_value = 5
    db.session.flush()
    corrections.revoke_pass(user.id, "task:1", "Withdrawn", ("competition",), AT)
    assert db.session.scalar(select(func.count()).select_from(UserBadge)) == 1
    db.session.rollback()
