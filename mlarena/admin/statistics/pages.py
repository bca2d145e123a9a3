"""Statistics by page: of a task, for everybody or one cohort; of a cohort and its tasks."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_login import current_user
from sqlalchemy import select

from mlarena.accounts.permissions import role_required
from mlarena.admin.statistics import classes, figures
from mlarena.cohorts import access
from mlarena.cohorts.models import Assignment, AssignmentTask, Cohort
from mlarena.core.api import LARGEST_ID
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.submissions.models import Task

blueprint = Blueprint("statistics", __name__, url_prefix="/teach")


@blueprint.get("/tasks/<id:task_id>/statistics")
@role_required("instructor")
def of_task(task_id: int) -> str:
    task = db.session.get(Task, task_id)
    if task is None:
        raise NotFound("There is no such task.")
    wanted = request.args.get("cohort", type=int)
    cohort = None
    if wanted and 0 < wanted <= LARGEST_ID:
        cohort = access.led(wanted, current_user)
    assigned = db.session.execute(
        select(Cohort.id, Cohort.title)
        .join(Assignment, Assignment.cohort_id == Cohort.id)
        .join(AssignmentTask, AssignmentTask.assignment_id == Assignment.id)
        .where(AssignmentTask.task_id == task_id, access.led_by(current_user))
        .distinct()
        .order_by(Cohort.title)
        .limit(200)
    ).all()
    zone = cohort.timezone if cohort else current_user.timezone
    return render_template(
        "admin/task_statistics.html",
        task=task,
        cohort=cohort,
        cohorts=assigned,
        zone=zone,
        figures=figures.of_task(task, cohort.id if cohort else None, zone),
    )


@blueprint.get("/cohorts/<id:cohort_id>/statistics")
@role_required("instructor")
def of_cohort(cohort_id: int) -> str:
    cohort = access.led(cohort_id, current_user)
    return render_template(
        "admin/cohort_statistics.html", cohort=cohort, figures=classes.of_cohort(cohort)
    )
