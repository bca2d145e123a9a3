"""Where attempts at a task fail most: its cases and questions, or the parts of a quest's hidden rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, select, true

from mlarena.challenges.models import Case, ChallengeVersion
from mlarena.core.db import db
from mlarena.submissions.models import Submission, Task, VerdictRow

# So many of the latest verdicts tell what is hard.
LATEST = 500
SHOWN = 20
WITH_CASES = ("sql", "coding", "knowledge")


@dataclass(frozen=True)
class Hard:
    """A case, a question or a part of the data, and how many of the latest attempts at this version got
    over it."""

    name: str
    passed: int
    of: int

    @property
    def missed(self) -> float:
        return 1 - self.passed / self.of


def of_task(task: Task, whose: ColumnElement[bool]) -> list[Hard]:
    """The hardest first; nothing for a competition, whose answers are one whole."""
    if task.kind == "quest":
        return _parts(task, whose)
    return _cases(task, whose) if task.kind in WITH_CASES else []


def _latest(task: Task, whose: ColumnElement[bool]) -> Any:
    """The latest attempts at what is asked now."""
    return (
        select(Submission.id)
        .where(Submission.task_id == task.id, Submission.user_id.is_not(None))
        .where(Submission.status == "scored", Submission.task_version == task.version)
        .where(whose)
        .order_by(Submission.id.desc())
        .limit(LATEST)
        .subquery()
    )


def _parts(quest: Task, whose: ColumnElement[bool]) -> list[Hard]:
    """Parts of the hidden rows, by how many of the models did clearly worst there, as their reports say."""
    latest = _latest(quest, whose)
    found = VerdictRow.report[("findings", "slices")]
    told = select(found).join(latest, latest.c.id == VerdictRow.submission_id)
    reports = [parts for parts in db.session.scalars(told) if parts is not None]
    counted = Counter(f"{part['feature']}: {part['values']}" for parts in reports for part in parts)
    worst = [Hard(name, len(reports) - count, len(reports)) for name, count in counted.items()]
    return _hardest(worst)


def _cases(task: Task, whose: ColumnElement[bool]) -> list[Hard]:
    """The cases or questions of what is asked now."""
    latest = _latest(task, whose)
    told = select(VerdictRow.cases).join(latest, latest.c.id == VerdictRow.submission_id).subquery()
    each: Any
    if db.engine.dialect.name == "sqlite":
        each = func.json_each(told.c.cases).table_valued("value", name="one")
        number = cast(func.json_extract(each.c.value, "$.test_case_id"), Integer)
        passed = func.json_extract(each.c.value, "$.passed") == 1
    else:
        each = func.jsonb_array_elements(told.c.cases).table_valued("value", name="one")
        number = cast(func.jsonb_extract_path_text(each.c.value, "test_case_id"), Integer)
        passed = func.jsonb_extract_path_text(each.c.value, "passed") == "true"
    rows = db.session.execute(
        select(number, func.count().filter(passed), func.count())
        .select_from(told.join(each, true()))
        .group_by(number)
    ).all()
    names = _names(task)
    found = [Hard(names[row[0]], row[1], row[2]) for row in rows if row[0] in names]
    return _hardest(found)


def _hardest(found: list[Hard]) -> list[Hard]:
    return sorted(found, key=lambda each: (-each.missed, each.name))[:SHOWN]


def _names(task: Task) -> dict[int, str]:
    """What the cases are called, by their ids: hidden ones too, for this is an instructor's page."""
    rows = db.session.execute(
        select(Case.id, Case.position, Case.content, Case.is_visible)
        .join(ChallengeVersion, ChallengeVersion.id == Case.version_id)
        .where(ChallengeVersion.challenge_id == task.id, ChallengeVersion.number == task.version)
        .order_by(Case.position)
    ).all()
    word = "Question" if task.kind == "knowledge" else "Case"
    first = min((row.position for row in rows), default=1)
    return {
        row.id: f"{word} {row.position - first + 1}"
        + (
            f": {said}"
            if (said := row.content.get("name") or row.content.get("prompt", ""))
            else ""
        )
        for row in rows
    }
