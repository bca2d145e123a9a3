"""What tasks of every kind said, save by save: who changed what, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import Base, Json, UtcDateTime, db
from mlarena.core.errors import Conflict, NotFound
from mlarena.scoring.texts import TextChange, text_change
from mlarena.submissions.models import Task

UNKEPT = "It was saved before whole versions were kept: it can be compared, but not restored."


class TaskRevision(Base):
    """What a task said after a save: `said` has a text for each of its author's fields, to be compared;
    `whole` is the fields as the editing verbs take them, as JSON, to be restored: None for what was saved
    before that was kept. `version` is the one that submissions were judged by then."""

    __tablename__ = "task_revisions"
    __table_args__ = (Index(None, "task_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    version: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    said: Mapped[dict[str, str]] = mapped_column(Json)
    # Text, for the order of names within it: PostgreSQL's JSONB keeps none.
    whole: Mapped[str | None] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    by_name: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    def fields(self) -> dict[str, Any]:
        """As the editing verbs take them. Raises Conflict where they were not kept."""
        if self.whole is None:
            raise Conflict(UNKEPT)
        found: dict[str, Any] = json.loads(self.whole)
        return found


@dataclass(frozen=True)
class Field:
    """A field that two revisions differ in."""

    name: str
    change: TextChange


@dataclass(frozen=True)
class Compared:
    before: TaskRevision
    after: TaskRevision
    fields: list[Field]


def note(
    editor: User | None,
    task: Task,
    fields: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
) -> None:
    """Keep what `task` says now, unless that is what it said. `before`: what it said until now, for one that
    was there before anything was kept. `editor` None: the house (a pack). No commit."""
    db.session.flush()
    last = db.session.scalars(of(task.id).limit(1)).first()
    if last is None and before is not None:
        last = _keep(None, task, before)
    if last is None or last.status != task.status or not _is_same(last, fields):
        _keep(editor, task, fields)


def _is_same(last: TaskRevision, fields: Mapping[str, Any]) -> bool:
    return last.whole is not None and json.loads(last.whole) == json.loads(json.dumps(fields))


def _keep(editor: User | None, task: Task, fields: Mapping[str, Any]) -> TaskRevision:
    made = TaskRevision(
        task_id=task.id,
        version=task.version,
        status=task.status,
        said={name: _text(value) for name, value in fields.items()},
        whole=json.dumps(fields),
        by_id=editor.id if editor else None,
        by_name=editor.username if editor else "",
    )
    db.session.add(made)
    db.session.flush()
    return made


def of(task_id: int) -> Any:
    """The latest first."""
    kept = select(TaskRevision).where(TaskRevision.task_id == task_id)
    return kept.order_by(TaskRevision.id.desc())


def find(task: Task, revision_id: int) -> TaskRevision:
    """Raises NotFound for another task's."""
    found = db.session.get(TaskRevision, revision_id)
    if found is None or found.task_id != task.id:
        raise NotFound("There is no such version of this task.")
    return found


def latest_id(task: Task) -> int:
    """0 where none is kept."""
    return db.session.scalar(of(task.id).with_only_columns(TaskRevision.id).limit(1)) or 0


def compare(task: Task, one_id: int, other_id: int) -> Compared:
    """The fields that differ, from the earlier to the later one. Raises NotFound."""
    wanted = of(task.id).where(TaskRevision.id.in_((one_id, other_id)))
    found = list(db.session.scalars(wanted))
    if len(found) != 2:
        raise NotFound("There are no two such versions of this task.")
    after, before = found
    names = [*after.said, *(name for name in before.said if name not in after.said)]
    pairs = [(name, before.said.get(name, ""), after.said.get(name, "")) for name in names]
    changed = [Field(name, text_change(old, new)) for name, old, new in pairs if old != new]
    return Compared(before, after, changed)


def _text(value: Any) -> str:
    """A value of an author's as lines, so that a change in it is a change of few of them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "\n".join(_under(f"{name}:", _text(one)) for name, one in value.items())
    if isinstance(value, list):
        return "\n".join(_under("-", _text(one)) for one in value)
    return str(value).replace("\r\n", "\n")


def _under(head: str, text: str) -> str:
    """On one line, or as a block that is moved in."""
    if "\n" not in text:
        return f"{head} {text}".rstrip()
    return "\n".join([head, *(f"  {line}" for line in text.split("\n"))])
