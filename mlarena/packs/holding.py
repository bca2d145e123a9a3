"""From a pack's competitions to rows. What learners have done in one stays, and so do its dates."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from mlarena.competitions import authoring
from mlarena.competitions.datasets import SOURCES, Made
from mlarena.competitions.models import Competition, HostedCompetition
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Problem as Refused
from mlarena.core.installation import Note, installation_secret
from mlarena.packs.contests import Contest
from mlarena.packs.folder import PackError
from mlarena.submissions.models import Submission, Task

DATES = ("starts_at", "ends_at")


def hold(contest: Contest, say: Callable[[str], None]) -> None:
    """Create the competition, or bring it up to date by its slug. Commits. Raises PackError with the words
    of what refuses it: answers that cannot be scored, a metric that is fixed since it opened."""
    try:
        _hold(contest, say)
    except Refused as refused:
        db.session.rollback()
        fields = [*refused.errors, "slug"]
        raise PackError([contest.problem(refused.message, fields[0])]) from None


def _hold(contest: Contest, say: Callable[[str], None]) -> None:
    task = db.session.scalar(select(Task).where(Task.slug == contest.slug))
    if task is not None and not isinstance(task, HostedCompetition):
        raise Refused(f"slug: there is a {task.kind} by this name already")
    fields = fields_of(contest)
    if task is None:
        competition: Competition = authoring.create(None, {**fields, **_dates(contest)})
    else:
        fields.pop("slug")
        changed = {name: value for name, value in fields.items() if getattr(task, name) != value}
        competition = authoring.update(task, changed) if changed else task
    if is_new(competition, contest):
        say(f"making the competition {contest.slug}")
        _fill(competition, _made(contest))
        db.session.merge(Note(name=_note(contest), value=_stamp(contest)))
        db.session.commit()
    if contest.model.status == "published" and competition.status == "draft":
        authoring.open_(competition)
    elif contest.model.status == "archived" and task is None:
        authoring.close(competition)


def fields_of(contest: Contest) -> dict[str, Any]:
    about = contest.model.model_dump(
        exclude={"days", *DATES, "generated", "files", "answers", "sample", "baselines", "status"}
    )
    return {**about, **contest.pages}


def _dates(contest: Contest) -> dict[str, Any]:
    """Of a new one. With `days` it begins with the import, so that a fresh arena has something going on."""
    model, now = contest.model, utcnow()
    if model.days is not None:
        return {"starts_at": now, "ends_at": now + timedelta(days=model.days)}
    return {"starts_at": model.starts_at, "ends_at": model.ends_at}


def _note(contest: Contest) -> str:
    return f"competition:{contest.slug}"


def _stamp(contest: Contest) -> str:
    """What its files are made of. Generated ones are made once: another numpy may draw other numbers."""
    if contest.model.generated:
        return f"generated {contest.model.generated}"
    digest = hashlib.sha256(repr(sorted(contest.files.items())).encode())
    return digest.hexdigest()


def is_new(competition: Competition, contest: Contest) -> bool:
    if contest.model.generated is None and contest.model.answers is None:
        return False  # a draft that has no answers yet
    known = db.session.get(Note, _note(contest))
    if competition.answers_blob and known is not None and known.value == _stamp(contest):
        return False
    return not _holds(competition, contest)


def _holds(competition: Competition, contest: Contest) -> bool:
    """Whether it has the very files of the pack, as after an export."""
    model, given = contest.model, contest.files
    if model.generated or competition.answers_blob != _sha(given.get(model.answers or "")):
        return False
    if model.sample and competition.sample_blob != _sha(given[model.sample]):
        return False
    there = {file.name: (file.blob, file.note) for file in competition.files}
    wanted = {one.name: (_sha(given[one.name]), one.note) for one in model.files}
    houses = db.session.execute(
        select(Submission.house, Submission.blob_sha256).where(
            Submission.task_id == competition.id, Submission.house.is_not(None)
        )
    )
    known = {(row[0], row[1]) for row in houses}
    return there == wanted and all(
        (one.name, _sha(given[one.file])) in known for one in model.baselines
    )


def _sha(content: bytes | None) -> str | None:
    return hashlib.sha256(content).hexdigest() if content is not None else None


def _made(contest: Contest) -> Made:
    model, given = contest.model, contest.files
    if model.generated:
        return SOURCES[model.generated](installation_secret("datasets"))
    return Made(
        files={one.name: (given[one.name], one.note) for one in model.files},
        answers=given[model.answers or ""],
        baselines={one.name: given[one.file] for one in model.baselines},
        sample=given[model.sample] if model.sample else None,
    )


def _fill(competition: Competition, made: Made) -> None:
    for name, (content, note) in made.files.items():
        authoring.add_file(competition, name, io.BytesIO(content), note)
    sample = io.BytesIO(made.sample) if made.sample else None
    authoring.set_answers(competition, io.BytesIO(made.answers), sample)
    for name, content in made.baselines.items():
        authoring.add_baseline(competition, name, io.BytesIO(content))
