"""The verbs of the wing: see competitions, take part, hand in, choose what counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import joinedload, selectinload

from mlarena.accounts.models import User
from mlarena.competitions import limits, teams
from mlarena.competitions.models import Competition, Entrant, Entry, Member
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.config import settings
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, Forbidden, Invalid, NotFound, WrongType
from mlarena.submissions import intake
from mlarena.submissions.models import Submission

SUBMIT_LIMIT = "30 per minute"
# Somebody who guesses at invitation codes does it often.
JOIN_LIMIT = "10 per minute"
MOST_SELECTED = 2
# What there is to say of a submission that was not scored.
NO_ENTRY: dict[str, Any] = {
    "selected": False,
    "late": False,
    "public_score": None,
    "private_score": None,
}


@dataclass(frozen=True)
class CompetitionView:
    """A competition as one person sees it."""

    competition: Competition
    entrants: int
    entrant: Entrant | None
    now: datetime

    @property
    def phase(self) -> str:
        return self.competition.phase(self.now)

    def shown(self) -> dict[str, Any]:
        found, rule = self.competition, self.competition.rule()
        return {
            "id": found.id,
            "slug": found.slug,
            "title": found.title,
            "summary": found.summary,
            "source": "hosted" if found.hosted else "kaggle",
            "kaggle_url": found.kaggle_url,
            "status": self.phase,
            "published": found.status == "published",
            "starts_at": rfc3339(found.starts_at),
            "ends_at": rfc3339(found.ends_at),
            "finished_at": rfc3339(found.finished_at),
            "metric": found.metric,
            "metric_label": rule.label,
            "direction": rule.direction,
            "daily_limit": found.daily_limit,
            "failed_limit": found.failed_limit,
            "team_size": found.team_size,
            "teams_until": rfc3339(found.teams_until),
            "public_share": found.public_share,
            "ladder": found.ladder_step is not None,
            "rated": found.rated,
            "xp_reward": found.xp_reward,
            "entrants": self.entrants,
            "registered": self.entrant is not None,
        }

    def whole(self) -> dict[str, Any]:
        """With its pages and files, and where the asker stands."""
        found, facts = self.competition, self.competition.facts
        files = [
            {
                "id": file.id,
                "name": file.name,
                "note": file.note,
                "size": file.size,
                "sha256": file.blob,
                "url": f"/api/v1/competitions/{found.id}/files/{file.id}",
            }
            for file in found.files
        ]
        return self.shown() | {
            "description": found.description,
            "pages": {
                "data": found.data_page,
                "rules": found.rules_page,
                "evaluation": found.evaluation_page,
            },
            "files": files,
            "rows": facts.get("rows"),
            "columns": [facts["id"], *facts["columns"]] if facts else [],
            "me": self._me(),
        }

    def _me(self) -> dict[str, Any] | None:
        own = self.entrant
        if own is None:
            return None
        left = limits.remaining(self.competition, own.id)
        return {
            "entrant_id": own.id,
            "team": own.name,
            "invite": own.invite,
            "members": [
                {"user_id": one.user_id, "username": one.user.username} for one in own.members
            ],
            "score": own.score,
            "entries": own.entries,
            "remaining": left.today,
            "remaining_failed": left.failed,
        }


def competitions_query(phase: str | None, editor: bool = False) -> Select[Any]:
    """Published competitions (for editors drafts too): what ends or begins next comes first, of those that
    are over the latest."""
    now = utcnow()
    query = select(Competition).options(selectinload(Competition.files))
    if not editor:
        query = query.where(Competition.status == "published")
    if phase == "upcoming":
        return query.where(Competition.starts_at > now).order_by(
            Competition.starts_at, Competition.id
        )
    if phase == "ongoing":
        query = query.where(Competition.starts_at <= now, Competition.ends_at > now)
        return query.order_by(Competition.ends_at, Competition.id)
    if phase == "completed":
        query = query.where(Competition.ends_at <= now)
    return query.order_by(Competition.ends_at.desc(), Competition.id.desc())


def views(found: Iterable[Competition], viewer: User | None) -> list[CompetitionView]:
    """Each as `viewer` (None: anyone) sees it, in two queries however many there are."""
    found, now = list(found), utcnow()
    if not found:
        return []
    ids = [one.id for one in found]
    counted = db.session.execute(
        select(Entrant.competition_id, func.count())
        .where(Entrant.competition_id.in_(ids), Entrant.house.is_(False))
        # Who is no longer at Kaggle is remembered, and not counted.
        .where(or_(Entrant.kaggle_team.is_(None), Entrant.sort_key.is_not(None)))
        .group_by(Entrant.competition_id)
    )
    sizes = {row[0]: row[1] for row in counted}
    own: dict[int, Entrant] = {}
    if viewer is not None:
        rows = db.session.scalars(
            select(Member)
            .where(Member.user_id == viewer.id, Member.competition_id.in_(ids))
            .options(
                joinedload(Member.entrant).selectinload(Entrant.members).joinedload(Member.user)
            )
        )
        own = {row.competition_id: row.entrant for row in rows}
    return [CompetitionView(one, sizes.get(one.id, 0), own.get(one.id), now) for one in found]


def going_on(viewer: User | None, most: int) -> list[CompetitionView]:
    """What goes on now, what ends next first."""
    return views(db.session.scalars(competitions_query("ongoing").limit(most)), viewer)


def find(competition_id: int, viewer: User | None) -> Competition:
    """Raises NotFound, also for a draft, except to those who may edit it."""
    found = db.session.get(Competition, competition_id)
    editor = viewer is not None and viewer.is_at_least("instructor")
    if found is None or not (found.status == "published" or editor):
        raise NotFound("There is no such competition.")
    return found


def view(competition_id: int, viewer: User | None) -> CompetitionView:
    return views([find(competition_id, viewer)], viewer)[0]


def register(user: User, competition: Competition) -> Entrant:
    """Take part, alone to begin with. Asking again changes nothing. Commits. Raises Forbidden."""
    if not competition.hosted:
        raise Forbidden("This competition is held at Kaggle: take part there.")
    if competition.status != "published":
        raise NotFound("There is no such competition.")
    if competition.revealed:
        raise Forbidden("This competition is over.")
    user_id, competition_id, hidden = user.id, competition.id, not user.listed
    db.session.commit()
    fresh = Entrant(competition_id=competition_id, hidden=hidden)
    db.session.add(fresh)
    db.session.flush()
    joined = db.session.scalar(
        insert(Member)
        .values(
            competition_id=competition_id,
            user_id=user_id,
            entrant_id=fresh.id,
            joined_at=utcnow(),
        )
        .on_conflict_do_nothing()
        .returning(Member.user_id)
    )
    if joined is None:  # they are in already: the row that was made for nothing goes
        db.session.rollback()
    else:
        db.session.commit()
    found = teams.entrant_of(competition_id, user_id)
    assert found is not None  # noqa: S101 – they are in, one way or the other
    return found


def submit(user: User, competition: Competition, filename: str, file: BinaryIO) -> Submission:
    """Hand predictions in to be scored. After the end they are scored all the same, and change nothing.

    Raises Forbidden (not in, not open yet, nothing left today), WrongType, Invalid (empty), TooLarge,
    Conflict (the same file is being scored).
    """
    if not competition.hosted:
        raise Forbidden("This competition is held at Kaggle: hand in there.")
    if not filename.lower().endswith((".csv", ".txt")):
        raise WrongType(
            "Predictions come as a CSV file.",
            {"predictions_file": ["The name must end in .csv."]},
        )
    if not file.read(1):
        raise Invalid.field("predictions_file", "The file is empty.")
    file.seek(0)
    payload = {"filename": filename[-120:]}
    return intake.accept(user, competition, payload, file, largest=upload_bytes(competition))


def upload_bytes(competition: Competition) -> int:
    """The largest file this competition takes: its own limit, or the installation's."""
    most = settings().max_upload_bytes
    return min(most, competition.upload_mb << 20) if competition.upload_mb else most


def entries(competition: Competition, entrant_id: int) -> Select[Any]:
    """What the entrant's people have handed in, the newest first, whatever became of it."""
    return (
        select(Submission)
        .join(Member, Member.user_id == Submission.user_id)
        .where(Member.entrant_id == entrant_id, Submission.task_id == competition.id)
        .options(
            joinedload(Submission.user), joinedload(Submission.verdict), joinedload(Submission.task)
        )
        .order_by(Submission.id.desc())
    )


def scores_of(competition: Competition, submission_ids: list[int]) -> dict[int, dict[str, Any]]:
    """What is to be known of these submissions beside their public score: chosen, late, and after the end
    both exact scores."""
    rows = db.session.scalars(select(Entry).where(Entry.submission_id.in_(submission_ids)))
    return {
        row.submission_id: {
            "selected": row.selected,
            "late": row.late,
            "public_score": row.public_score if competition.revealed else None,
            "private_score": row.private_score if competition.revealed else None,
        }
        for row in rows
    }


def selected(entrant_id: int) -> list[int]:
    """The submissions that the entrant has chosen to count at the end."""
    chosen = select(Entry.submission_id).where(Entry.entrant_id == entrant_id, Entry.selected)
    return list(db.session.scalars(chosen.order_by(Entry.submission_id)))


def select_final(user: User, competition: Competition, submission_ids: list[int]) -> None:
    """Choose what counts at the end, up to two; none at all is the best public one. Commits.

    Raises Forbidden (not in, over), Invalid (too many, or one that is not theirs or cannot count).
    """
    wanted = set(submission_ids)
    if len(wanted) > MOST_SELECTED:
        raise Invalid.field("submission_ids", f"Choose {MOST_SELECTED} at most.")
    competition_id, user_id = competition.id, user.id
    db.session.commit()
    entrant_id = limits.lock_entrant_of(competition_id, user_id)
    if entrant_id is None:
        raise Forbidden(limits.NOT_IN)
    if utcnow() >= competition.ends_at:
        db.session.rollback()
        raise Forbidden("The competition is over; what was chosen by then is what counts.")
    theirs = select(Entry.submission_id).where(
        Entry.entrant_id == entrant_id, Entry.late.is_(False)
    )
    known = set(db.session.scalars(theirs))
    if wanted - known:
        db.session.rollback()
        raise Invalid.field(
            "submission_ids",
            f"Submission {min(wanted - known)} is not a scored one of yours in this competition.",
        )
    db.session.execute(
        update(Entry)
        .where(Entry.entrant_id == entrant_id)
        .values(selected=Entry.submission_id.in_(wanted))
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def withdraw(user: User, competition: Competition) -> None:
    """Not take part after all, while nothing is handed in. Commits. Raises Conflict, Forbidden."""
    if not competition.hosted:
        raise Forbidden("This competition is held at Kaggle: who takes part there stands here.")
    own = teams.entrant_of(competition.id, user.id)
    if own is None:
        return
    if own.name is not None:
        own = teams.leave(user, competition)
    handed_in = db.session.scalar(
        select(func.count())
        .select_from(Submission)
        .where(Submission.task_id == competition.id, Submission.user_id == user.id)
    )
    if handed_in:
        raise Conflict("You have handed something in, so you stay on the board.")
    db.session.delete(own)
    db.session.commit()
