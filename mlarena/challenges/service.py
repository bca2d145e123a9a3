"""The verbs of the wing: find challenges, look at one, run something, hand something in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from mlarena.accounts.models import User
from mlarena.boards.names import Aim
from mlarena.challenges import desk, hints, offer
from mlarena.challenges.catalogue import Begun, Entry, Filter, Found, Shelf, catalogue, find
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.challenges.payload import read_payload
from mlarena.challenges.views import Row, View, rows
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid, NotFound
from mlarena.core.security import Limit
from mlarena.submissions import footsteps, intake
from mlarena.submissions.listing import submissions_query
from mlarena.submissions.models import Progress, Submission, Task
from mlarena.submissions.times import require_open
from mlarena.submissions.workers import require_jail

# Runs are meant to be many; a script in a loop is slowed down. A run may keep a core busy for a while.
RUN_LIMIT = "120 per minute"
SUBMIT_LIMIT = Limit("120 per minute", "challenge attempts")
HINT_LIMIT = "60 per minute"

NOT_HERE = "There is no such challenge."
NO_JAIL = {"sql": "Queries cannot be run", "coding": "Code cannot be run"}


@dataclass(frozen=True)
class Listing:
    """One page of what was found, and the counts of everything that was; where the reader stands."""

    rows: list[Row]
    total: int
    counts: dict[str, dict[str, int]]
    progress: dict[int, Begun]


# Plain rows of the table itself: of a hundred, objects would take most of the time of a list.
_BEGUN: Any = Progress.__table__
_PROGRESS = select(
    _BEGUN.c.task_id,
    _BEGUN.c.status,
    _BEGUN.c.attempts,
    _BEGUN.c.best_score,
    _BEGUN.c.completed_at,
).where(_BEGUN.c.user_id == bindparam("user_id"))


def listing(
    reader: User | None, wanted: Filter, start: int, most: int, shelf: Shelf | None = None
) -> Listing:
    """Published challenges that `wanted` takes: two queries, however many there are. `shelf` is what the
    reader is offered, where the caller knows it already."""
    shelf = shelf or offer.offered(reader)
    progress = progress_of(reader)
    return _listing(shelf.find(_states(progress), wanted), progress, start, most)


def unpublished(reader: User, state: str, wanted: Filter, start: int, most: int) -> Listing:
    """Drafts or archived ones, newest first, for those who may edit them."""
    query = select(Challenge).where(Challenge.status == state).order_by(Challenge.id.desc())
    entries = [Entry.of(challenge) for challenge in db.session.scalars(query)]
    progress = progress_of(reader)
    return _listing(find(entries, _states(progress), wanted), progress, start, most)


def _listing(found: Found, progress: dict[int, Begun], start: int, most: int) -> Listing:
    page = found.entries[start : start + most]
    return Listing(rows(page, progress), len(found.entries), found.counts, progress)


def _states(progress: dict[int, Begun]) -> dict[int, str]:
    return {number: row.status for number, row in progress.items()}


def progress_of(reader: User | None) -> dict[int, Begun]:
    """Where the reader stands with every task they have begun, by id: lists look up those they show."""
    if reader is None:
        return {}
    found = db.session.execute(_PROGRESS, {"user_id": reader.id}).all()  # one by one costs thrice
    return {row[0]: Begun._make(row) for row in found}


def find_challenge(challenge_id: int, reader: User | None) -> Challenge:
    """Raises NotFound, also for one that is not published, except to those who may edit it."""
    challenge = db.session.get(Challenge, challenge_id)
    if challenge is None or not (challenge.status == "published" or may_edit(reader)):
        raise NotFound(NOT_HERE)
    return challenge


def may_edit(reader: User | None) -> bool:
    return reader is not None and reader.is_at_least("instructor")


def view(challenge_id: int, reader: User | None) -> View:
    """One challenge as `reader` (None: anyone) sees it. Raises NotFound."""
    challenge = find_challenge(challenge_id, reader)
    version = challenge.version_row()
    if reader is None:
        return View(
            challenge,
            version,
            None,
            None,
            False,
            0,
            challenge.attempts_allowed,
            offer.why_not(challenge),
        )
    return View(
        challenge,
        version,
        db.session.get(Progress, (reader.id, challenge.id)),
        reader.id,
        may_edit(reader),
        hints.opened(reader.id, challenge.id) if challenge.hints else 0,
        attempts_left(reader, challenge),
        offer.why_not(challenge),
    )


def attempts_left(reader: User, challenge: Challenge) -> int | None:
    """None where there is no limit."""
    if challenge.attempts_allowed is None:
        return None
    return max(0, challenge.attempts_allowed - intake.attempts_used(reader.id, challenge.id))


def run(reader: User, challenge_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Visible cases only. Nothing is recorded but that the learner has begun.

    Raises NotFound, Invalid (not what the kind takes), Unavailable (no worker, or no jail).
    """
    challenge = find_challenge(challenge_id, reader)
    if challenge.kind == "knowledge":
        raise Invalid("A quiz has nothing to run. Hand your answers in.")
    payload = read_payload(challenge, fields)
    version = _checked_version(challenge)
    offer.require(challenge)
    require_jail(NO_JAIL[challenge.kind])
    start(reader, challenge)
    return desk.run(version.id, payload)


def plan(reader: User, challenge_id: int, query: str) -> dict[str, Any]:
    """How the engine would go about the query. Raises as `run` does."""
    challenge = find_challenge(challenge_id, reader)
    if challenge.kind != "sql":
        raise Invalid("Only queries have a plan.")
    payload = read_payload(challenge, {"query": query})
    version = _checked_version(challenge)
    offer.require(challenge)
    db.session.commit()
    return desk.plan(version.id, payload["query"])


def _checked_version(challenge: Challenge) -> ChallengeVersion:
    version = challenge.version_row()
    if version.checked_at is None:
        raise Conflict("This draft has not been checked yet: publish it, then it can be run.")
    return version


def submit(
    user: User, challenge_id: int, fields: dict[str, Any], since: datetime | None = None
) -> Submission:
    """Hand something in. The very same query again is the earlier attempt, with its verdict; with `since`
    so is the very same of any kind that was handed in from then on, for a caller that was interrupted.

    Raises NotFound, Invalid (not what the kind takes), Forbidden (no attempts left), Conflict (a draft, or
    the same thing is being judged), Unavailable (no jail on this machine).
    """
    challenge = find_challenge(challenge_id, user)
    if challenge.status != "published":
        raise Conflict(f"This challenge is {challenge.status}: nothing can be handed in.")
    require_open(user, challenge)
    payload = read_payload(challenge, fields)
    digest = _digest(challenge, payload)
    if challenge.kind == "sql" or since is not None:
        earlier = _earlier(user, challenge, digest, since)
        if earlier is not None:
            return earlier
    offer.require(challenge)
    if challenge.kind in NO_JAIL:
        require_jail(NO_JAIL[challenge.kind])
    return intake.accept(
        user,
        challenge,
        {name: value for name, value in payload.items() if name != "same"},
        digest=digest,
        most_attempts=challenge.attempts_allowed,
    )


def _digest(challenge: Challenge, payload: dict[str, Any]) -> str:
    """Names what was handed in: for a query, whatever means the same."""
    same = payload.get("same", payload)
    text = json.dumps([challenge.version, same], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _earlier(
    user: User, challenge: Challenge, digest: str, since: datetime | None
) -> Submission | None:
    """An attempt at this version with the same content, unless the platform failed at it."""
    query = submissions_query(user_id=user.id, task_id=challenge.id)
    if challenge.kind != "sql":
        query = query.where(Submission.queued_at >= since)
    return db.session.scalar(
        query.where(Submission.blob_sha256 == digest, Submission.status != "error").limit(1)
    )


def start(user: User, challenge: Challenge) -> Progress:
    """Note that the learner has begun, unless they are further already. Commits."""
    footsteps.start(user.id, challenge.id)
    return db.session.get_one(Progress, (user.id, challenge.id))


def reveal_hint(user: User, challenge_id: int, number: int) -> dict[str, Any]:
    """Open one more hint. Raises NotFound, Conflict (not the next one)."""
    challenge = find_challenge(challenge_id, user)
    found = hints.reveal(user, challenge, number)
    start(user, challenge)
    return found


def created_by(author_id: int, reader: User | None) -> Any:
    """The challenges that somebody has written, newest first: all to those who may edit them.

    Raises NotFound for somebody who is not here.
    """
    if db.session.get(User, author_id) is None:
        raise NotFound("There is no such user.")
    query = select(Challenge).where(Challenge.created_by == author_id)
    if not may_edit(reader):
        query = query.where(Challenge.status == "published")
    return query.order_by(Challenge.id.desc())


def board_visible(challenge_id: int, viewer: User | None) -> bool:
    """Whether `viewer` may see the board: the same as seeing the challenge."""
    status = db.session.scalar(select(Challenge.status).where(Challenge.id == challenge_id))
    return status == "published" or (status is not None and may_edit(viewer))


def board_title(challenge_id: int) -> str:
    query = select(Challenge.title).where(Challenge.id == challenge_id)
    return db.session.scalar(query) or "A challenge"


def board_aim(challenge_id: int) -> Aim:
    """Cost as a multiple of the reference's where queries compete, the score elsewhere."""
    challenge = db.session.get(Challenge, challenge_id)
    if challenge is None or challenge.kind != "sql":
        return Aim("Score", "higher", challenge.pass_mark if challenge else None)
    return Aim("Cost", "higher" if challenge.ranking == "LE" else "lower", None, by_score=False)


def board_shares_ranks(challenge_id: int) -> bool:
    """Queries within 5 % of each other are equals."""
    return db.session.scalar(select(Task.kind).where(Task.id == challenge_id)) == "sql"


def counts() -> dict[str, int]:
    """How many challenges of each kind are published."""
    found: dict[str, int] = {}
    for entry in catalogue().entries.values():
        found[entry.kind] = found.get(entry.kind, 0) + 1
    return found


def completed(user_id: int) -> int:
    """How many challenges somebody has solved."""
    query = (
        select(func.count())
        .select_from(Progress)
        .join(Challenge, Challenge.id == Progress.task_id)
        .where(Progress.user_id == user_id, Progress.status == "completed")
    )
    return db.session.scalar(query) or 0
