"""XP that is taken back and paid again: only ever further lines, whose sum is what it should be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from mlarena.core.db import db
from mlarena.rewards import corrections, service
from mlarena.rewards.models import XpEntry

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
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
