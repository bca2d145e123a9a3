"""What a finished competition pays: XP for everybody on its board, more for those at the top; badges.

A withdrawn one pays nothing: what it had paid is taken back, line by line, and paid again if it comes back.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, update

from mlarena.accounts.models import User
from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.boards.service import Change
from mlarena.competitions.models import Competition, Entrant, Member
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.db import insert as upsert
from mlarena.core.installation import Note
from mlarena.live import publish
from mlarena.rewards import corrections
from mlarena.rewards import service as rewards
from mlarena.rewards.models import XpEntry
from mlarena.submissions.models import Progress

# The podium, and whoever else is among the first tenth: so many times the competition's XP on top of it.
PODIUM = {1: 2.0, 2: 1.5, 3: 1.0}
FIRST_TENTH = 0.5
NOTE = "prizes due "
# A podium of three among three is no podium.
LEAST_FIELD = 4


def award(competition: Competition, at: datetime) -> list[Change]:
    """Pay everybody who stands on the final board, once. Called again after a correction, whoever stands
    higher now is paid the rest, and nobody loses anything. Inside the caller's transaction; the boards'
    index is told by `board_index.apply` of what is returned."""
    if competition.status != "published":
        return []
    rows: list[tuple[User, int]] = db.session.execute(  # type: ignore[assignment]
        select(User, Entrant.final_rank)
        .join(Member, Member.user_id == User.id)
        .join(Entrant, Entrant.id == Member.entrant_id)
        .where(Entrant.competition_id == competition.id, Entrant.final_rank.is_not(None))
        .order_by(User.id)
    ).all()
    # Of a mirrored competition only few may be people of ours.
    field = (
        db.session.scalar(
            select(func.max(Entrant.final_rank)).where(Entrant.competition_id == competition.id)
        )
        or 0
    )
    changes: list[Change] = []
    for user, rank in rows:
        amount, kinds = prize(competition.xp_reward, rank, field)
        key, reason = _key(competition.id), f"Number {rank} of {field} in {competition.title}"
        reward = rewards.reward_pass(
            user,
            key=key,
            amount=amount,
            reason=reason,
            kinds=competition.badge_kinds(),
            perfect=False,
            at=at,
            feats=kinds,
        )
        xp = reward.xp or corrections.top_up(user.id, key, amount, reason, at)
        if xp:
            changes.append(boards.add("global", user.id, xp, at))
            changes.append(boards.add("weekly", user.id, xp, at))
    db.session.execute(
        update(Progress)
        .where(Progress.task_id == competition.id, Progress.best_score.is_not(None))
        .where(Progress.status != "completed")
        .values(status="completed", completed_at=at)
        .execution_options(synchronize_session=False)
    )
    return changes


def ask(competition: Competition) -> None:
    """Have its prizes follow what has become of it: a worker does that, there may be thousands. Inside the
    transaction that gives the reason, so that it is not forgotten whatever is killed."""
    note = upsert(Note).values(name=f"{NOTE}{competition.id}", value="")
    db.session.execute(note.on_conflict_do_nothing())


def catch_up() -> int:
    """Do what was asked for; for how many competitions. Commits. Idempotent."""
    due = db.session.scalars(select(Note.name).where(Note.name.startswith(NOTE))).all()
    db.session.commit()
    for name in due:
        # A write first, and of two that come here the second has nothing to do.
        db.session.execute(delete(Note).where(Note.name == name))
        competition = db.session.get(
            Competition, int(name.removeprefix(NOTE)), populate_existing=True
        )
        changes: list[Change] = []
        if competition is not None and competition.finished_at is not None:
            withdrawn = competition.status != "published"
            # As of its end: XP of last week does not count for this week's board.
            changes = (
                _take_back(competition, utcnow())
                if withdrawn
                else award(competition, competition.finished_at)
            )
        db.session.commit()
        tell(changes)
        for board in {change.board for change in changes}:
            publish.board_changed(board)
    return len(due)


def _take_back(competition: Competition, at: datetime) -> list[Change]:
    """Undo what everybody was paid. Inside the caller's transaction."""
    paid = (
        select(XpEntry.user_id)
        .join(Member, Member.user_id == XpEntry.user_id)
        .where(Member.competition_id == competition.id, XpEntry.key == _key(competition.id))
        .order_by(XpEntry.user_id)
    )
    changes: list[Change] = []
    for user_id in db.session.scalars(paid).all():
        changes += take_back_from(competition, user_id, f"{competition.title} was withdrawn", at)
    return changes


def take_back_from(
    competition: Competition, user_id: int, reason: str, at: datetime
) -> list[Change]:
    """Undo what one user was paid: XP by lines of the ledger that say the opposite, and what it brought of
    badges. Inside the caller's transaction."""
    changes: list[Change] = []
    taken = corrections.revoke_pass(
        user_id, _key(competition.id), reason, competition.badge_kinds(), at
    )
    for amount, when in taken or ():
        changes.append(boards.add("weekly", user_id, -amount, when))
        changes.append(boards.add("global", user_id, -amount, at))
    if not rewards.xp_of(user_id):
        left = boards.remove("global", user_id)
        changes += [left] if left else []
    return changes


def _key(competition_id: int) -> str:
    return f"task:{competition_id}"


def prize(xp: int, rank: int, field: int) -> tuple[int, tuple[str, ...]]:
    """XP, and what the place counts as for badges."""
    if field < LEAST_FIELD:
        return xp, ()
    if rank in PODIUM:
        won = ("podium", "competition_won") if rank == 1 else ("podium",)
        return round(xp * (1 + PODIUM[rank])), won
    return (round(xp * (1 + FIRST_TENTH)) if rank <= field / 10 else xp), ()


def tell(changes: list[Change]) -> None:
    """After the commit: the index of the boards."""
    if changes:
        board_index.apply(changes)
