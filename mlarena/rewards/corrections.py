"""What was paid and turns out to be worth something else: more lines of the ledger, never a changed one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update

from mlarena.core.db import db
from mlarena.rewards import signals
from mlarena.rewards.badges import award, withdraw
from mlarena.rewards.models import KindTotals, LearnerTotals, XpEntry
from mlarena.rewards.service import enter, facts_of, lock_totals

# The end of the key of a line that takes another one back.
UNDONE = ":undone"


def top_up(user_id: int, key: str, amount: int, reason: str, at: datetime) -> int:
    """Pay what is missing to `amount` of what was paid under `key` (see reward_pass); how much that was.

    For what turns out to be worth more than was thought, or is worth something again. What turns out to be
    worth less stays as it was: nobody loses XP. In the caller's transaction, once however often it is called.
    """
    totals = lock_totals(user_id)
    paid = sum(entry.amount for entry in _paid(user_id, key))
    missing = amount - paid
    if missing <= 0:
        return 0
    # What was taken back and is paid again needs a key of its own.
    undone = sum(entry.key.endswith(UNDONE) for entry in _paid(user_id, key))
    name = f"{key}:more:{amount}" + (f":{undone}" if undone else "")
    if not enter(user_id, name, missing, reason, at):
        return 0
    totals.xp += missing
    db.session.flush()
    award(user_id, facts_of(totals), at)
    signals.xp_rose.send(
        LearnerTotals, user_id=user_id, before=totals.xp - missing, after=totals.xp
    )
    return missing


def take_back(user_id: int, key: str, reason: str, at: datetime) -> list[tuple[int, datetime]]:
    """Undo all that was paid under `key`: for each line of the ledger one that says the opposite, once
    however often it is called. The lines themselves stay.

    What was taken, and when it had been paid. In the caller's transaction.
    """
    totals = lock_totals(user_id)
    taken = [
        (entry.amount, entry.created_at)
        for entry in _paid(user_id, key)
        if entry.amount > 0 and enter(user_id, entry.key + UNDONE, -entry.amount, reason, at)
    ]
    totals.xp -= sum(amount for amount, _ in taken)
    db.session.flush()
    return taken


def revoke_pass(
    user_id: int,
    key: str,
    reason: str,
    kinds: tuple[str, ...],
    at: datetime,
) -> list[tuple[int, datetime]] | None:
    """There was no pass under `key` after all: its XP is taken back, it counts for no badge any more, feats
    included, and the badges that it brought go.

    What was taken, and when it had been paid; None if there is no pass, or none any more. A later pass is
    paid like a first one. In the caller's transaction.
    """
    totals = lock_totals(user_id)
    times = _count(user_id, f"{key}:revoked:")
    round_ = f":again:{times}" if times else ""
    if not _is_there(user_id, key + round_):
        return None
    before = facts_of(totals)
    taken = take_back(user_id, key, reason, at)
    enter(user_id, f"{key}:revoked:{times + 1}", 0, reason, at)
    totals.passed -= 1
    if _is_there(user_id, f"{key}:perfect{round_}"):
        totals.perfect -= 1
    for kind in sorted(set(kinds)) + _feats(user_id, key, round_):
        db.session.execute(
            update(KindTotals)
            .where(KindTotals.user_id == user_id, KindTotals.kind == kind, KindTotals.passed > 0)
            .values(passed=KindTotals.passed - 1)
            .execution_options(synchronize_session=False)
        )
    db.session.flush()
    # A badge is no line of the ledger; that it went is one, worth nothing.
    for badge in withdraw(user_id, before, facts_of(totals)):
        enter(user_id, f"{key}:lost:{times + 1}:{badge.id}", 0, reason, at)
    return taken


def _feats(user_id: int, key: str, round_: str) -> list[str]:
    """What the pass counted as by what was done in it (see reward_pass)."""
    counted = select(KindTotals.kind).where(KindTotals.user_id == user_id)
    names = {f"{key}:{kind}{round_}": kind for kind in db.session.scalars(counted)}
    found = select(XpEntry.key).where(XpEntry.user_id == user_id, XpEntry.key.in_(names))
    return sorted(names[name] for name in db.session.scalars(found))


def _is_there(user_id: int, key: str) -> bool:
    line = select(XpEntry.id).where(XpEntry.user_id == user_id, XpEntry.key == key)
    return db.session.scalar(line) is not None


def _count(user_id: int, beginning: str) -> int:
    lines = select(func.count()).where(
        XpEntry.user_id == user_id, XpEntry.key.startswith(beginning, autoescape=True)
    )
    return db.session.scalar(lines) or 0


def _paid(user_id: int, key: str) -> Sequence[XpEntry]:
    """The lines of XP under `key`: the payment, what was added to it, what was taken back."""
    return db.session.scalars(
        select(XpEntry)
        .where(XpEntry.user_id == user_id, XpEntry.amount != 0)
        .where(or_(XpEntry.key == key, XpEntry.key.startswith(f"{key}:", autoescape=True)))
        .order_by(XpEntry.id)
    ).all()
