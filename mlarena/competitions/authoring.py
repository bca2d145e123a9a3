"""The organiser's verbs: write a competition, give it its answers, open it, correct it, close it."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from mlarena.accounts.models import User
from mlarena.competitions import prizes, rating
from mlarena.competitions.jobs import check_answers
from mlarena.competitions.models import Competition, CompetitionFile, Entrant, HostedCompetition
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.config import settings
from mlarena.core.db import db, hold
from mlarena.core.errors import Conflict, Invalid, Problem
from mlarena.core.storage import storage
from mlarena.scoring.metrics import METRICS
from mlarena.submissions import intake, revisions
from mlarena.submissions.asking import ask
from mlarena.submissions.models import Submission, Task
from mlarena.submissions.queues import CHECKS

CHECK_SECONDS = 110
MOST_FILES = 50
# What decides about scores and places: fixed once somebody may have handed in.
FIXED_WHEN_OPEN = ("metric", "public_share")
# What is ours to say of a competition that is held at Kaggle.
OF_MIRRORS = {
    *("title", "summary", "description", "data_page", "evaluation_page", "rules_page"),
    *("xp_reward", "rated"),
}
TIMES = ("starts_at", "ends_at", "teams_until")
# What an organiser writes of a competition that is held here, besides its times.
WRITTEN = (
    *("title", "summary", "metric", "description", "data_page", "evaluation_page", "rules_page"),
    *("public_share", "ladder_step", "daily_limit", "failed_limit", "team_size", "upload_mb"),
    *("xp_reward", "rated"),
)
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,119}")


def create(author: User | None, fields: dict[str, Any]) -> HostedCompetition:
    """A draft. Raises Invalid for dates and metrics that cannot be. Commits."""
    _check(fields, None)
    slug = fields.pop("slug", None) or free_slug(fields["title"])
    made = HostedCompetition(
        slug=slug, created_by=author.id if author else None, status="draft", **fields
    )
    db.session.add(made)
    try:
        db.session.flush()  # what was not said has its usual value from here on
        revisions.note(author, made, written(made))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(f"There is a task with the address “{slug}” already.") from None
    return made


def written(competition: Competition) -> dict[str, Any]:
    """What its organiser has written, for who compares two saves."""
    names = OF_MIRRORS if not competition.hosted else (*WRITTEN, *TIMES)
    found = {name: getattr(competition, name) for name in names if name not in TIMES}
    if competition.hosted:
        found |= {name: rfc3339(getattr(competition, name)) for name in TIMES}
    return found


def stamp(competition: Competition) -> str:
    """Names the state that an organiser has read: whatever anybody saves of it is another one."""
    state = [written(competition), competition.version, competition.status]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


def duplicate(editor: User, competition: Competition) -> HostedCompetition:
    """A draft like it, with its answers and files. Raises Conflict for one that Kaggle holds. Commits."""
    _require_hosted(competition)
    fields = {name: getattr(competition, name) for name in (*WRITTEN, *TIMES)}
    copy = create(editor, fields | {"title": f"{competition.title[:120]} (copy)"})
    kept = ("answers_blob", "sample_blob", "facts")
    for name in kept:
        setattr(copy, name, getattr(competition, name))
    for file in competition.files:
        about = {name: getattr(file, name) for name in ("name", "blob", "size", "note", "position")}
        db.session.add(CompetitionFile(competition_id=copy.id, **about))
    db.session.commit()
    return copy


def update(
    competition: Competition,
    fields: dict[str, Any],
    editor: User | None = None,
    still: Callable[[], object] | None = None,
) -> Competition:
    """Change what may be changed, as long as it is `still` what its editor has read (see `hold`). Raises
    Invalid, and Conflict for what decides about places that are taken, and for what Kaggle decides.
    Commits."""
    hold(competition, still)
    was = written(competition)
    try:
        write = _update_hosted if competition.hosted else _update_mirror
        write(competition, fields)
    except Problem:
        db.session.rollback()
        raise
    revisions.note(editor, competition, written(competition), was)
    db.session.commit()
    return competition


def _update_hosted(competition: Competition, fields: dict[str, Any]) -> None:
    _check(fields, competition)
    changed = [
        name
        for name in FIXED_WHEN_OPEN
        if name in fields and fields[name] != getattr(competition, name)
    ]
    if competition.status == "published" and changed:
        raise Conflict(
            "The competition is open: its metric and its split stay as they are, or what has been handed "
            "in would be worth something else."
        )
    if competition.revealed and fields.get("ends_at", competition.ends_at) != competition.ends_at:
        raise Conflict("The competition is over and its private board is known; its end stays.")
    for name, value in fields.items():
        setattr(competition, name, value)
    if competition.status == "draft" and changed:
        competition.facts, competition.answers_blob = {}, None  # they were checked for another rule


def set_answers(
    competition: Competition, answers: BinaryIO, sample: BinaryIO | None = None
) -> dict[str, Any]:
    """Check and keep an answer file; the sample submission is made from it where none is given. Commits.

    An open competition gets a new version of its answers, and a worker scores every entry again. Raises
    Invalid with the first places of every fault, TooLarge, Unavailable (no worker).
    """
    _require_hosted(competition)
    most = settings().max_data_bytes
    raw = storage().put(answers, most).sha256
    kept = competition.sample_blob if competition.status == "published" else None
    raw_sample = storage().put(sample, most).sha256 if sample else kept
    competition_id = competition.id
    db.session.commit()
    found = ask(CHECKS, CHECK_SECONDS, check_answers, competition_id, raw, raw_sample)
    if "errors" in found:
        errors: dict[str, list[str]] = found["errors"]
        raise Invalid(" ".join(line for lines in errors.values() for line in lines), errors)
    competition = db.session.get_one(Competition, competition_id, populate_existing=True)
    if competition.status == "published":
        competition.version += 1
    competition.sample_blob = found["sample"]
    competition.answers_blob, competition.facts = found["answers"], found["facts"]
    db.session.commit()
    return competition.facts


def missing(competition: Competition) -> dict[str, list[str]]:
    """What keeps a competition from opening, by field; nothing if it can."""
    found: dict[str, list[str]] = {}
    if competition.hosted and not competition.answers_blob:
        found["answers_file"] = [
            "Upload the answers first; they are what submissions are scored on."
        ]
    if not competition.description.strip():
        found["description"] = ["Write an overview: what is to be predicted, and why."]
    if competition.ends_at <= utcnow():
        found["ends_at"] = ["The end lies in the past."]
    return found


def open_(competition: Competition) -> Competition:
    """Publish. Raises Invalid naming all that is missing. Commits."""
    errors = missing(competition)
    if errors:
        raise Invalid(" ".join(line for lines in errors.values() for line in lines), errors)
    competition.status = "published"
    db.session.commit()
    return competition


def end(competition: Competition) -> Competition:
    """Bring its end forward to now. Commits. Raises Conflict for one that does not go on."""
    now = utcnow()
    if competition.status != "published" or competition.phase(now) != "ongoing":
        raise Conflict("Only what goes on can be ended.")
    fields: dict[str, Any] = {"ends_at": now}
    if competition.teams_until and competition.teams_until > now:
        fields["teams_until"] = now
    return update(competition, fields)


def close(competition: Competition) -> Competition:
    """Withdraw: nobody sees it any more, its XP is taken back, and ratings are made again as if it had not
    been. Commits."""
    competition.status = "archived"
    prizes.ask(competition)
    rating.ask(competition)
    db.session.commit()
    return competition


def reopen(competition: Competition) -> Competition:
    """Undo a withdrawal. Commits."""
    if competition.status == "archived":
        competition.status = "published"
        prizes.ask(competition)
        rating.ask(competition)
        db.session.commit()
    return competition


def remove(competition: Competition) -> None:
    """Delete a draft for good. Raises Conflict for anything else. Commits."""
    handed_in = db.session.scalar(
        select(func.count()).select_from(Submission).where(Submission.task_id == competition.id)
    )
    if competition.status == "published" or handed_in:
        raise Conflict("People have seen this competition. Withdraw it instead.")
    db.session.execute(delete(Task).where(Task.id == competition.id))
    db.session.commit()


def add_file(
    competition: Competition, name: str, file: BinaryIO, note: str = ""
) -> CompetitionFile:
    """Put a file on the data page, in place of one of the same name. Raises Invalid, TooLarge. Commits."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    if not _FILE_NAME.fullmatch(name):
        raise Invalid.field(
            "data_file", "A file's name has letters, digits, dots, dashes and blanks, 120 at most."
        )
    if (
        not any(kept.name == name for kept in competition.files)
        and len(competition.files) >= MOST_FILES
    ):
        raise Invalid.field("data_file", f"A competition has {MOST_FILES} files at most.")
    blob = storage().put(file, settings().max_data_bytes)
    kept = db.session.scalar(
        select(CompetitionFile).where(
            CompetitionFile.competition_id == competition.id, CompetitionFile.name == name
        )
    )
    if kept is None:
        kept = CompetitionFile(
            competition_id=competition.id, name=name, position=len(competition.files)
        )
        db.session.add(kept)
    kept.blob, kept.size, kept.note = blob.sha256, blob.size, note[:300]
    db.session.commit()
    db.session.refresh(competition, ["files"])
    return kept


def remove_file(competition: Competition, file_id: int) -> None:
    """Take a file off the data page, if it is there. Commits."""
    db.session.execute(
        delete(CompetitionFile).where(
            CompetitionFile.competition_id == competition.id, CompetitionFile.id == file_id
        )
    )
    db.session.commit()
    db.session.refresh(competition, ["files"])


def add_baseline(competition: Competition, name: str, file: BinaryIO) -> bool:
    """Hand in predictions in the name of the house; they are scored like any, and stand on the board as
    marked rows. False if there is one of that name for these answers already. Raises Invalid, TooLarge."""
    _require_hosted(competition)
    name = " ".join(name.split())
    if not 2 <= len(name) <= 40:
        raise Invalid.field("name", "A baseline's name has 2 to 40 characters.")
    taken = db.session.scalar(
        select(Entrant.id).where(
            Entrant.competition_id == competition.id,
            Entrant.name == name,
            Entrant.house.is_(False),
        )
    )
    if taken is not None:
        raise Conflict(f"There is a team “{name}” here. Choose another name.")
    blob = storage().put(file, settings().max_upload_bytes)
    payload = {"sha256": blob.sha256, "size": blob.size, "filename": f"{name}.csv"}
    return intake.accept_house(competition, name, payload, blob.sha256)


def _require_hosted(competition: Competition) -> None:
    if not competition.hosted:
        raise Conflict("This competition is held and scored at Kaggle.")


def _update_mirror(competition: Competition, fields: dict[str, Any]) -> None:
    changed = {name for name, value in fields.items() if getattr(competition, name) != value}
    theirs = sorted(changed - OF_MIRRORS)
    if theirs:
        raise Conflict(f"This is decided at Kaggle: {', '.join(theirs)}.")
    for name in changed:
        setattr(competition, name, fields[name])
    if "rated" in changed and competition.revealed:
        rating.ask(competition)


def _check(fields: dict[str, Any], competition: Competition | None) -> None:
    def value(name: str) -> Any:
        return fields.get(name, getattr(competition, name, None))

    starts: datetime | None = value("starts_at")
    ends: datetime | None = value("ends_at")
    if starts and ends and starts >= ends:
        raise Invalid.field("ends_at", "The end comes after the start.")
    until = value("teams_until")
    if until and ends and until > ends:
        raise Invalid.field("teams_until", "Teams form before the end, not after it.")
    metric = METRICS.get(value("metric") or "")
    if metric is None or metric.takes is None:
        known = ", ".join(name for name, one in METRICS.items() if one.takes)
        raise Invalid.field("metric", f"Choose one of these: {known}.")
    step = value("ladder_step")
    if step is not None and not step > 0:
        raise Invalid.field("ladder_step", "The Ladder's step is more than 0, such as 0.01.")


def free_slug(title: str) -> str:
    """An address made of the title, and a number if it is taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or "competition"
    taken = set(db.session.scalars(select(Task.slug).where(Task.slug.startswith(base))))
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
