"""The desk's progress and grades: the matrix, the gradebook, one learner, an extension, an override."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_login import current_user

from mlarena.accounts.moments import moment
from mlarena.accounts.permissions import role_required
from mlarena.cohorts import access, assignments, exports, gradebook, matrix, people, service
from mlarena.cohorts.forms import ExtensionForm, OverrideForm
from mlarena.cohorts.gradebook import Plan
from mlarena.cohorts.models import Assignment, Cohort, Extension
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Invalid, NotFound, Problem
from mlarena.scoring.deadlines import wall

blueprint = Blueprint("cohort_grades", __name__, url_prefix="/teach/cohorts")

PER_PAGE = 50


@blueprint.get("/<id:cohort_id>/progress")
@role_required("instructor")
def progress(cohort_id: int) -> str:
    cohort = access.led(cohort_id, current_user)
    found, meta, search = _page(cohort)
    columns = matrix.columns(cohort_id)
    return render_template(
        "cohorts/desk/progress.html",
        cohort=cohort,
        columns=columns,
        lines=matrix.lines(found, columns),
        meta=meta,
        search=search,
    )


@blueprint.get("/<id:cohort_id>/grades")
@role_required("instructor")
def grades(cohort_id: int) -> Any:
    """The gradebook. With weights or a number to drop in the address: what would be if they were so."""
    cohort = access.led(cohort_id, current_user)
    found, meta, search = _page(cohort)
    book = gradebook.book(cohort, found)
    faults: list[str] = []
    try:
        plan = _tried_out(cohort, book.assignments)
    except Invalid as wrong:
        plan, faults = None, [wrong.message]
    return render_template(
        "cohorts/desk/grades.html",
        cohort=cohort,
        book=book,
        plan=plan,
        what_if={row.learner.user_id: gradebook.total(row.cells, plan) for row in book.rows}
        if plan
        else {},
        faults=faults,
        meta=meta,
        search=search,
    )


@blueprint.post("/<id:cohort_id>/grades/plan")
@role_required("instructor")
def keep_plan(cohort_id: int) -> Any:
    """Make what was tried out the cohort's own way."""
    cohort = access.led(cohort_id, current_user)
    given = assignments.of(cohort_id)
    try:
        plan = _tried_out(cohort, given)
    except Invalid as wrong:
        flash(wrong.message, "error")
        plan = None
    if plan is not None:
        service.update(current_user, cohort, {"drop_lowest": plan.drop})
        for one in given:
            if one.weight != plan.weights[one.id]:
                assignments.update(current_user, cohort, one, {"weight": plan.weights[one.id]})
        flash("Totals are made so from now on.")
    return redirect(url_for("cohort_grades.grades", cohort_id=cohort_id), 303)


@blueprint.get("/<id:cohort_id>/grades/export.<any(csv, json):ending>")
@role_required("instructor")
def export(cohort_id: int, ending: str) -> Response:
    cohort = access.led(cohort_id, current_user)
    return exports.as_csv(cohort) if ending == "csv" else exports.as_json(cohort)


@blueprint.get("/<id:cohort_id>/learners/<id:user_id>")
@role_required("instructor")
def learner(cohort_id: int, user_id: int) -> str:
    """One learner's grades, as they see them."""
    cohort = access.led(cohort_id, current_user)
    return render_template(
        "cohorts/grades.html",
        cohort=cohort,
        row=gradebook.book(cohort, [_learner(cohort, user_id)]).rows[0],
        own=False,
    )


@blueprint.get("/<id:cohort_id>/assignments/<id:assignment_id>/learners/<id:user_id>")
@role_required("instructor")
def grade(cohort_id: int, assignment_id: int, user_id: int) -> str:
    """One grade: how it was computed, what was said of it, and the two forms that change it."""
    cohort = access.led(cohort_id, current_user)
    return _grade(cohort, assignments.find(cohort, assignment_id), user_id)


@blueprint.post("/<id:cohort_id>/assignments/<id:assignment_id>/learners/<id:user_id>/override")
@role_required("instructor")
def override(cohort_id: int, assignment_id: int, user_id: int) -> Any:
    cohort = access.led(cohort_id, current_user)
    assignment, form = assignments.find(cohort, assignment_id), OverrideForm()
    try:
        if not form.validate_on_submit():
            return _grade(cohort, assignment, user_id, override_form=form), 422
        percent = None if request.form.get("lift") else form.percent.data
        if percent is None and not request.form.get("lift"):
            raise Invalid.field("percent", "A grade is from 0 to 100 percent.")
        reason = form.reason.data or ""
        gradebook.override(current_user, cohort, assignment, user_id, percent, reason)
    except NotFound:
        raise
    except Problem as problem:
        form.show(problem)
        return _grade(cohort, assignment, user_id, override_form=form), problem.status
    flash("The grade is what you said." if percent is not None else "The grade is computed again.")
    return _to_grade(cohort_id, assignment_id, user_id)


@blueprint.post("/<id:cohort_id>/assignments/<id:assignment_id>/learners/<id:user_id>/extension")
@role_required("instructor")
def extend(cohort_id: int, assignment_id: int, user_id: int) -> Any:
    cohort = access.led(cohort_id, current_user)
    assignment, form = assignments.find(cohort, assignment_id), ExtensionForm()
    try:
        if request.form.get("end"):
            assignments.end_extension(current_user, cohort, assignment, user_id)
            flash("The deadline of all holds again.")
            return _to_grade(cohort_id, assignment_id, user_id)
        if not form.validate_on_submit():
            return _grade(cohort, assignment, user_id, extension_form=form), 422
        due_at = moment(form.due_at, cohort.timezone)
        assert due_at is not None  # noqa: S101 – the form needs it
        reason = form.why.data or ""
        assignments.extend(current_user, cohort, assignment, user_id, due_at, reason)
    except NotFound:
        raise
    except Problem as problem:
        form.show(problem)
        return _grade(cohort, assignment, user_id, extension_form=form), problem.status
    flash("This learner has more time now.")
    return _to_grade(cohort_id, assignment_id, user_id)


def _grade(cohort: Cohort, assignment: Assignment, user_id: int, **forms: Any) -> str:
    row = gradebook.book(cohort, [_learner(cohort, user_id)]).rows[0]
    cell = next(cell for cell in row.cells if cell.assignment.id == assignment.id)
    extension = db.session.get(Extension, (assignment.id, user_id))
    due = extension.due_at if extension else assignment.due_at
    fresh = ExtensionForm(
        formdata=None,
        data={
            "due_at": wall(due, cohort.timezone) if due else None,
            "why": extension.reason if extension else "",
        },
    )
    return render_template(
        "cohorts/desk/grade.html",
        cohort=cohort,
        row=row,
        cell=cell,
        extension=extension,
        trace=gradebook.trace(assignment.id, user_id),
        extension_form=forms.get("extension_form") or fresh,
        override_form=forms.get("override_form") or OverrideForm(formdata=None),
    )


def _learner(cohort: Cohort, user_id: int) -> people.Learner:
    found = people.one(cohort.id, user_id)
    if found is None:
        raise NotFound("There is no such learner in this cohort.")
    return found


def _page(cohort: Cohort) -> tuple[list[people.Learner], dict[str, int], str]:
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    search = request.args.get("q", "")[:100].replace("\0", "")
    found, total = people.page(cohort.id, (number - 1) * PER_PAGE, PER_PAGE, search)
    return found, page_meta(number, PER_PAGE, total), search


def _tried_out(cohort: Cohort, given: list[Assignment]) -> Plan | None:
    """The weights and the number to drop of the address or the form; None where there are none."""
    said = request.values
    if "drop" not in said:
        return None
    plan = Plan.of(cohort, given)
    try:
        drop = int(said["drop"] or 0)
        weights = {
            one.id: float((said.get(f"w{one.id}") or str(one.weight)).replace(",", "."))
            for one in given
        }
    except ValueError:
        raise Invalid("Weights are numbers, and so is how many are dropped.") from None
    if not 0 <= drop <= service.MOST_DROPPED or any(
        not math.isfinite(weight) or not 0 <= weight <= 1000 for weight in weights.values()
    ):
        raise Invalid(
            f"Weights are from 0 to 1,000, and at most {service.MOST_DROPPED} are dropped."
        )
    plan.weights.update(weights)
    return Plan(plan.weights, drop)


def _to_grade(cohort_id: int, assignment_id: int, user_id: int) -> Any:
    address = url_for(
        "cohort_grades.grade", cohort_id=cohort_id, assignment_id=assignment_id, user_id=user_id
    )
    return redirect(address, 303)
