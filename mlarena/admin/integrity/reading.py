"""The pairs as an instructor reads them, in a constant number of queries, and one pair side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased, selectinload

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.admin.integrity import given
from mlarena.admin.integrity.models import AlikePair, LookedThrough
from mlarena.cohorts import access
from mlarena.cohorts.models import CohortMember
from mlarena.core.api import LARGEST_ID
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db
from mlarena.core.errors import Invalid, NotFound
from mlarena.scoring.similarity import Alike, Piece, alike, marked
from mlarena.submissions.models import Submission, Task

KINDS = {"alike": "Alike", "identical": "The same file"}


@dataclass(frozen=True)
class Wanted:
    """Which pairs. `task` is an id or words of a title; a cohort: both learners are in it."""

    task: str = ""
    kind: str = ""
    cohort: int | None = None
    aside: bool = False

    @classmethod
    def of(cls, given_: Any) -> Wanted:
        """From an address; what makes no sense there is not asked for."""
        cohort = given_.get("cohort", type=int)
        kind = given_.get("kind", "")
        return cls(
            task=given_.get("task", "").replace("\0", "").strip()[:128],
            kind=kind if kind in KINDS else "",
            cohort=cohort if cohort and 0 < cohort <= LARGEST_ID else None,
            aside=given_.get("aside") == "1",
        )

    def asked(self) -> dict[str, Any]:
        found = {name: value for name, value in vars(self).items() if value}
        return found | {"aside": 1} if self.aside else found


@dataclass(frozen=True)
class Side:
    """One of the two, for the page."""

    submission: Submission
    lines: list[list[Piece]]
    share: float


@dataclass(frozen=True)
class Beside:
    """Two submissions and what they share; `regions` is how many stretches. Files have no text."""

    pair: AlikePair
    earlier: Side
    later: Side
    regions: int
    as_text: bool


def pairs(wanted: Wanted, viewer: User, offset: int, limit: int) -> tuple[list[Any], int]:
    """A page of pairs, the most alike first, and how many there are: rows of (pair, task's title, kind,
    both submissions' user ids, names and times). Raises NotFound for a cohort that is not the viewer's."""
    if wanted.cohort:
        access.led(wanted.cohort, viewer)
    earlier, later, one, other = (
        aliased(Submission),
        aliased(Submission),
        aliased(User),
        aliased(User),
    )
    tasks = Task.__table__.c
    query = (
        select(AlikePair)
        .join(earlier, earlier.id == AlikePair.earlier_id)
        .join(later, later.id == AlikePair.later_id)
        .join(Task.__table__, tasks.id == AlikePair.task_id)
        .where(AlikePair.aside_at.is_not(None) if wanted.aside else AlikePair.aside_at.is_(None))
    )
    if wanted.kind:
        query = query.where(AlikePair.kind == wanted.kind)
    if wanted.task.isdecimal() and int(wanted.task) <= LARGEST_ID:
        query = query.where(AlikePair.task_id == int(wanted.task))
    elif wanted.task:
        query = query.where(tasks.title.icontains(wanted.task, autoescape=True))
    if wanted.cohort:
        for side in (earlier, later):
            query = query.where(
                exists().where(
                    CohortMember.cohort_id == wanted.cohort,
                    CohortMember.user_id == side.user_id,
                    CohortMember.left_at.is_(None),
                )
            )
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = db.session.execute(
        query.join(one, one.id == earlier.user_id)
        .join(other, other.id == later.user_id)
        .add_columns(
            tasks.title,
            tasks.kind.label("task_kind"),
            one.id.label("one_id"),
            one.username.label("one"),
            earlier.queued_at.label("one_at"),
            other.id.label("other_id"),
            other.username.label("other"),
            later.queued_at.label("other_at"),
        )
        .order_by(AlikePair.share.desc(), AlikePair.shared.desc(), AlikePair.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    return list(rows), total


def looked_through() -> tuple[int, Any]:
    """How many tasks have been compared so far, and when the last one was."""
    row = db.session.execute(select(func.count(), func.max(LookedThrough.at))).one()
    return row[0], row[1]


def find(pair_id: int) -> AlikePair:
    found = db.session.scalar(
        select(AlikePair)
        .where(AlikePair.id == pair_id)
        .options(
            *[
                option
                for side in (AlikePair.earlier, AlikePair.later)
                for option in (
                    selectinload(side).joinedload(Submission.user),
                    selectinload(side).selectinload(Submission.task),
                )
            ]
        )
    )
    if found is None:
        raise NotFound("There is no such pair. It may have been compared anew since.")
    return found


def beside(pair: AlikePair) -> Beside:
    """Both texts with what they share marked."""
    task = pair.earlier.task
    one, other = (given.text_of(side.payload, task.kind) for side in (pair.earlier, pair.later))
    if one is None or other is None:
        return Beside(pair, Side(pair.earlier, [], 1.0), Side(pair.later, [], 1.0), 0, False)
    found = alike(one, other, given.language_of(task.kind), given.discounted(task))
    return Beside(
        pair,
        Side(pair.earlier, _lines(one, found.one_tokens, found, "one"), found.one_share),
        Side(pair.later, _lines(other, found.other_tokens, found, "other"), found.other_share),
        len(found.regions),
        True,
    )


def _lines(text: str, found: Any, likeness: Alike, side: str) -> list[list[Piece]]:
    spans = [
        (getattr(region, side), region.length, number)
        for number, region in enumerate(likeness.regions, 1)
    ]
    return marked(text, found, spans)


def set_aside(actor: User, pair: AlikePair, why: str) -> None:
    """An instructor has looked, and it is nothing, or is dealt with. Raises Invalid without a reason.
    Commits."""
    why = " ".join(why.replace("\0", " ").split())
    if not 3 <= len(why) <= 300:
        raise Invalid.field("why", "Say why, in 3 to 300 characters: others will read it.")
    pair.aside_at, pair.aside_by, pair.aside_why = utcnow(), actor.username, why
    audit.note(actor, "pair.aside", f"task:{pair.task_id}", pair=pair.id, why=why)
    db.session.commit()


def take_up(actor: User, pair: AlikePair) -> None:
    """It belongs to the list again. Commits."""
    pair.aside_at = pair.aside_by = None
    pair.aside_why = ""
    audit.note(actor, "pair.take_up", f"task:{pair.task_id}", pair=pair.id)
    db.session.commit()


def shown(row: Any) -> dict[str, Any]:
    """A row of `pairs` as the API writes it."""
    pair = row.AlikePair
    return {
        "id": pair.id,
        "task_id": pair.task_id,
        "task": row.title,
        "kind": pair.kind,
        "share": round(pair.share, 4),
        "shared_tokens": pair.shared,
        "earlier": {
            "submission_id": pair.earlier_id,
            "user_id": row.one_id,
            "username": row.one,
            "at": rfc3339(row.one_at),
        },
        "later": {
            "submission_id": pair.later_id,
            "user_id": row.other_id,
            "username": row.other,
            "at": rfc3339(row.other_at),
        },
        "set_aside": pair.aside_why or None,
    }
