"""The clock's part: fingerprint what is new, and keep the pairs that are alike. It judges nothing.

Of every learner one submission to a task is compared: the one that passed first, or else their latest.
A fingerprint that many learners have is how the task is solved, and tells of nobody (MOSS's -m).
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import structlog
from sqlalchemy import and_, case, delete, func, select

from mlarena.admin.integrity import given
from mlarena.admin.integrity.models import AlikePair, Fingerprint, LookedThrough
from mlarena.competitions.models import Member
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.scoring.similarity import alike, fingerprints
from mlarena.submissions.behind import Behind
from mlarena.submissions.models import FINAL, Submission, Task

log = structlog.get_logger(__name__)

SECONDS = 20.0
BATCH = 100
# Shared by more learners than this, or than this part of them, a fingerprint is everybody's way.
COMMON, COMMON_PART, COMMON_MOST = 10, 0.02, 40
# Worth a look: this part of the rarer fingerprints and of the tokens of one of them, and so many tokens.
LEAST_PRINTS, LEAST_SHARE, LEAST_TOKENS = 0.3, 0.6, 20
MOST_PAIRS = 200
# Of one file that very many have handed in, so many pairs are kept.
MOST_OF_ONE = 50


@dataclass(frozen=True)
class Likeness:
    """A pair as it was found; the ids in the order in which they were handed in."""

    earlier: int
    later: int
    kind: str
    share: float = 1.0
    shared: int = 0


def go_on(seconds: float = SECONDS) -> int:
    """Compare the tasks with something new, for about so long; how many. Idempotent. Commits."""
    until, done = time.monotonic() + seconds, 0
    for task_id, upto, version in due():
        if time.monotonic() > until:
            break
        try:
            compare(task_id, upto, version)
        except Exception:  # one task's fault must not keep the others from being looked at
            db.session.rollback()
            log.exception("a task's submissions were not compared", task_id=task_id)
            continue
        done += 1
    return done


def due() -> list[tuple[int, int, int]]:
    """Tasks with something new: (id, the last submission before any that is still open, version)."""
    tasks = Task.__table__.c
    mine = Submission.task_id == tasks.id
    last = select(func.max(Submission.id)).where(mine).scalar_subquery()
    opened = (
        select(func.min(Submission.id))
        .where(mine, Submission.status.in_(("queued", "running")))
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(tasks.id, tasks.version, last, opened, LookedThrough.upto_id, LookedThrough.version)
        .outerjoin(LookedThrough, LookedThrough.task_id == tasks.id)
        .where(tasks.kind.in_((*given.TEXTS, *given.FILES)))
        .order_by(LookedThrough.at.is_not(None), LookedThrough.at)
    ).all()
    found = []
    for task_id, version, newest, open_from, done, done_version in rows:
        upto = (open_from - 1 if open_from else newest) or 0
        if upto > (done or 0) or (done is not None and done_version != version):
            found.append((task_id, upto, version))
    return found


def compare(task_id: int, upto: int, version: int) -> None:
    """Everything handed in to the task so far, anew; only what is new is fingerprinted."""
    task = db.session.get_one(Task, task_id)
    chosen = _chosen(task_id)
    found = _copies(task)
    if task.kind in given.TEXTS:
        found += _alike(task, chosen)
    db.session.commit()
    _keep(task_id, found)
    stamp = {"upto_id": upto, "version": version, "learners": len(chosen), "at": utcnow()}
    noted = insert(LookedThrough).values(task_id=task_id, **stamp)
    db.session.execute(
        noted.on_conflict_do_update(index_elements=[LookedThrough.task_id], set_=stamp)
    )
    db.session.commit()


def _chosen(task_id: int) -> dict[int, int]:
    """By learner the submission that is compared."""
    passed = func.min(case((Submission.passed.is_(True), Submission.id)))
    rows = db.session.execute(
        select(Submission.user_id, func.coalesce(passed, func.max(Submission.id)))
        .where(Submission.task_id == task_id, Submission.user_id.is_not(None))
        .where(Submission.status.in_(FINAL))
        .group_by(Submission.user_id)
    )
    return {row[0]: row[1] for row in rows}


def _alike(task: Task, chosen: dict[int, int]) -> list[Likeness]:
    given_out, task_kind = given.discounted(task), task.kind
    turns = Behind()
    prints = _fingerprinted(task, sorted(chosen.values()), given_out, turns)
    found = []
    for one, other in _candidates(prints):
        with turns.one():
            texts = _texts([one, other], task_kind)
            if len(texts) < 2:  # somebody has left meanwhile, and taken theirs along
                continue
            likeness = alike(texts[one], texts[other], given.language_of(task_kind), given_out)
        if likeness.share >= LEAST_SHARE and likeness.shared >= LEAST_TOKENS:
            found.append(Likeness(one, other, "alike", likeness.share, likeness.shared))
    return found


def _fingerprinted(
    task: Task, wanted: list[int], given_out: frozenset[int], turns: Behind
) -> dict[int, frozenset[int]]:
    """The fingerprints of these submissions: as they are kept, or made now. Commits."""
    task_id, kind = task.id, task.kind
    language = given.language_of(kind)
    basis = given.basis(given_out, language)
    kept = db.session.execute(
        select(Fingerprint.submission_id, Fingerprint.hashes).where(
            Fingerprint.task_id == task_id, Fingerprint.basis == basis
        )
    )
    prints = {submission_id: _unpacked(hashes) for submission_id, hashes in kept}
    db.session.commit()
    gone = sorted(prints.keys() - set(wanted))
    outdated = and_(Fingerprint.task_id == task_id, Fingerprint.basis != basis)
    db.session.execute(delete(Fingerprint).where(outdated))
    for start in range(0, len(gone), BATCH):
        some = gone[start : start + BATCH]
        db.session.execute(delete(Fingerprint).where(Fingerprint.submission_id.in_(some)))
    db.session.commit()
    missing = [submission_id for submission_id in wanted if submission_id not in prints]
    for start in range(0, len(missing), BATCH):
        with turns.one():
            fresh = {
                submission_id: fingerprints(text, language, given_out)
                for submission_id, text in _texts(missing[start : start + BATCH], kind).items()
            }
        if fresh:
            rows = [
                {
                    "submission_id": number,
                    "task_id": task_id,
                    "basis": basis,
                    "hashes": _packed(one),
                }
                for number, one in fresh.items()
            ]
            db.session.execute(insert(Fingerprint).on_conflict_do_nothing(), rows)
            db.session.commit()
        prints |= fresh
    return {
        submission_id: prints[submission_id] for submission_id in wanted if submission_id in prints
    }


def _texts(submission_ids: list[int], kind: str) -> dict[int, str]:
    """What was handed in, by submission. The reading is over when it returns."""
    rows = db.session.execute(
        select(Submission.id, Submission.payload).where(Submission.id.in_(submission_ids))
    ).all()
    db.session.commit()
    return {number: given.text_of(payload, kind) or "" for number, payload in rows}


def _candidates(prints: dict[int, frozenset[int]]) -> list[tuple[int, int]]:
    """Pairs that share much of what few have, most of it first."""
    owners: dict[int, list[int]] = {}
    for submission_id, hashes in sorted(prints.items()):
        for one in hashes:
            owners.setdefault(one, []).append(submission_id)
    most = min(COMMON_MOST, max(COMMON, round(COMMON_PART * len(prints))))
    shared: Counter[tuple[int, int]] = Counter()
    rare: Counter[int] = Counter()
    for having in owners.values():
        if len(having) <= most:
            rare.update(having)
            shared.update(combinations(having, 2))
    parts = {
        pair: count / min(rare[pair[0]], rare[pair[1]])
        for pair, count in shared.items()
        if count >= LEAST_PRINTS * min(rare[pair[0]], rare[pair[1]])
    }
    return sorted(parts, key=lambda pair: (-parts[pair], -shared[pair], pair))[:MOST_PAIRS]


def _copies(task: Task) -> list[Likeness]:
    """The very same file of several learners who are no team, each beside whoever had it first."""
    if task.kind not in given.FILES:
        return []
    mine = Submission.task_id == task.id, Submission.user_id.is_not(None)
    several = (
        select(Submission.blob_sha256)
        .where(*mine, Submission.blob_sha256.is_not(None))
        .group_by(Submission.blob_sha256)
        .having(func.count(Submission.user_id.distinct()) > 1)
    )
    rows = db.session.execute(
        select(
            Submission.blob_sha256, Submission.user_id, Member.entrant_id, func.min(Submission.id)
        )
        .outerjoin(
            Member,
            and_(Member.competition_id == Submission.task_id, Member.user_id == Submission.user_id),
        )
        .where(*mine, Submission.blob_sha256.in_(several))
        .group_by(Submission.blob_sha256, Submission.user_id, Member.entrant_id)
        .order_by(func.min(Submission.id))
    ).all()
    everybodys = given.given_files(task)
    first: dict[str | None, tuple[int | None, int | None, int]] = {}
    seen: set[tuple[str | None, str, int | None]] = set()
    kept: Counter[str | None] = Counter()
    found = []
    for digest, user_id, team, submission_id in rows:
        whose = ("team", team) if team is not None else ("user", user_id)
        if digest in everybodys or (digest, *whose) in seen:
            continue
        seen.add((digest, *whose))
        if digest not in first:
            first[digest] = (user_id, team, submission_id)
            continue
        one_user, one_team, one_id = first[digest]
        together = user_id == one_user or (team is not None and team == one_team)
        if not together and kept[digest] < MOST_OF_ONE:
            kept[digest] += 1
            found.append(Likeness(one_id, submission_id, "identical"))
    return found


def _keep(task_id: int, found: list[Likeness]) -> None:
    """These are the task's pairs now. What an instructor has set aside stays as it is. Commits."""
    now = utcnow()
    wanted = {(one.earlier, one.later): one for one in found}
    known = db.session.execute(
        select(AlikePair.id, AlikePair.earlier_id, AlikePair.later_id).where(
            AlikePair.task_id == task_id, AlikePair.aside_at.is_(None)
        )
    ).all()
    db.session.commit()  # the reading is over
    gone = [pair_id for pair_id, *pair in known if tuple(pair) not in wanted]
    for start in range(0, len(gone), BATCH):
        some = AlikePair.id.in_(gone[start : start + BATCH])
        db.session.execute(delete(AlikePair).where(some, AlikePair.aside_at.is_(None)))
    for one in wanted.values():
        values = {"kind": one.kind, "share": one.share, "shared": one.shared}
        added = insert(AlikePair).values(
            task_id=task_id, earlier_id=one.earlier, later_id=one.later, found_at=now, **values
        )
        db.session.execute(
            added.on_conflict_do_update(
                index_elements=[AlikePair.earlier_id, AlikePair.later_id], set_=values
            )
        )
    db.session.commit()


def _packed(hashes: frozenset[int]) -> bytes:
    return struct.pack(f"<{len(hashes)}q", *sorted(hashes))


def _unpacked(hashes: bytes) -> frozenset[int]:
    return frozenset(struct.unpack(f"<{len(hashes) // 8}q", hashes))
