"""What a task said, save by save; what changed between two of them; an old one brought back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import defer

from mlarena.accounts.permissions import role_required
from mlarena.admin import restoring
from mlarena.challenges.models import Challenge
from mlarena.competitions.models import Competition
from mlarena.core.api import LARGEST_ID, page_meta
from mlarena.core.db import db
from mlarena.core.errors import NotFound, Problem
from mlarena.core.security import limiter
from mlarena.submissions import revisions
from mlarena.submissions.models import Task
from mlarena.submissions.revisions import TaskRevision

blueprint = Blueprint("versions", __name__, url_prefix="/teach")

PER_PAGE = 30
# Finding the differences of two long texts keeps a core busy for a moment.
COMPARE_LIMIT = "60 per minute"
# Each may have a worker run everything on every case.
RESTORE_LIMIT = "60 per minute"


@dataclass(frozen=True)
class Line:
    """A version in the list, and why it cannot be restored, if so."""

    kept: TaskRevision
    why_not: str


@blueprint.get("/tasks/<id:task_id>/versions")
@role_required("instructor")
@limiter.limit(COMPARE_LIMIT)
def of_task(task_id: int) -> str:
    """?one=ID&other=ID compares two; else the last two."""
    return _page(_find(task_id))


@blueprint.post("/tasks/<id:task_id>/versions/<id:revision_id>/restore")
@role_required("instructor")
@limiter.limit(RESTORE_LIMIT)
def restore(task_id: int, revision_id: int) -> Any:
    """It becomes the newest version, as if its author had typed all of it again."""
    task = _find(task_id)
    kept = revisions.find(task, revision_id)
    try:
        changed = restoring.restore(current_user, task, kept, request.form.get("read", ""))
    except Problem as problem:
        db.session.rollback()
        flash(problem.message, "error")
        for name, lines in problem.errors.items():
            flash(f"{name}: {' '.join(lines)}", "error")
        return _page(_find(task_id)), problem.status
    flash("It is back, as the newest version." if changed else "It says just that already.")
    return redirect(url_for("versions.of_task", task_id=task_id), 303)


def _find(task_id: int) -> Task:
    task = db.session.get(Task, task_id, populate_existing=True)
    if task is None:
        raise NotFound("There is no such task.")
    return task


def _page(task: Task) -> str:
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    rows, total = _lines(task, number)
    asked = [request.args.get(name, type=int) for name in ("one", "other")]
    if asked == [None, None] and len(rows) > 1:
        asked = [rows[1].kept.id, rows[0].kept.id]
    compared = None
    one, other = asked
    if one and other and one != other and 0 < min(one, other) <= max(one, other) <= LARGEST_ID:
        compared = revisions.compare(task, one, other)
    return render_template(
        "admin/versions.html",
        task=task,
        edit=_edit(task),
        rows=rows,
        newest=rows[0].kept.id if rows and number == 1 else None,
        compared=compared,
        stamp=restoring.stamp(task),
        stays=restoring.STAYS[restoring.word_for(task)],
        meta=page_meta(number, PER_PAGE, total),
    )


def _lines(task: Task, number: int) -> tuple[list[Line], int]:
    """A page of them, without what they say, and how many there are."""
    kept = revisions.of(task.id)
    total = db.session.scalar(select(func.count()).select_from(kept.order_by(None).subquery()))
    shown = (
        kept.add_columns(TaskRevision.whole.is_not(None), TaskRevision.said["data"].as_string())
        .options(defer(TaskRevision.said), defer(TaskRevision.whole))
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    found = db.session.execute(shown)
    rows = [Line(one, restoring.why_not(task, whole, data)) for one, whole, data in found]
    return rows, total or 0


def _edit(task: Task) -> tuple[str, dict[str, int]]:
    """The endpoint of its form, and what that takes."""
    if isinstance(task, Challenge):
        return "writing.edit", {"challenge_id": task.id}
    if isinstance(task, Competition):
        return "organise.show", {"competition_id": task.id}
    return "quest_desk.edit", {"quest_id": task.id}
