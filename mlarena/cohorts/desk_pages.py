"""The desk of a cohort by page: make it, its assignments, its people, its settings."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts.clashes import Clash, Text, require_read
from mlarena.accounts.permissions import role_required
from mlarena.cohorts import access, announcements, assignments, looked_at, people, roster, service
from mlarena.cohorts.forms import (
    AssignmentForm,
    CohortForm,
    RosterForm,
    SayingForm,
    StaffForm,
    chosen_tasks,
)
from mlarena.cohorts.models import Assignment, Cohort, CohortMember
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Conflict, NotFound, Problem
from mlarena.core.uploads import takes_file

blueprint = Blueprint("cohort_desk", __name__, url_prefix="/teach/cohorts")

PER_PAGE = 50


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    """The cohorts one leads."""
    counted = (
        select(func.count())
        .select_from(CohortMember)
        .where(CohortMember.cohort_id == Cohort.id, CohortMember.left_at.is_(None))
        .scalar_subquery()
    )
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    mine = access.led_by(current_user)
    total = db.session.scalar(select(func.count()).select_from(Cohort).where(mine)) or 0
    found = db.session.execute(
        select(Cohort, counted)
        .where(mine)
        .order_by(Cohort.archived_at.is_not(None), Cohort.title, Cohort.id)
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    return render_template(
        "cohorts/desk/index.html", found=found, meta=page_meta(number, PER_PAGE, total)
    )


@blueprint.route("/new", methods=["GET", "POST"])
@role_required("instructor")
def new() -> Any:
    if request.method == "GET":
        form = CohortForm(formdata=None, data={"timezone": current_user.timezone})
        return render_template("cohorts/desk/new.html", form=form)
    form = CohortForm()
    try:
        if not form.validate_on_submit():
            return render_template("cohorts/desk/new.html", form=form), 422
        cohort = service.create(current_user, form.fields())
    except Problem as problem:
        form.show(problem)
        return render_template("cohorts/desk/new.html", form=form), problem.status
    flash("It is there. Give the code to your learners, or upload a class list.")
    return _to("list_people", cohort.id)


@blueprint.get("/<id:cohort_id>")
@role_required("instructor")
def show(cohort_id: int) -> str:
    cohort = access.led(cohort_id, current_user)
    return _assignments(cohort, SayingForm(formdata=None))


@blueprint.post("/<id:cohort_id>/announcements")
@role_required("instructor")
def announce(cohort_id: int) -> Any:
    cohort, form = access.led(cohort_id, current_user), SayingForm()
    try:
        if not form.validate_on_submit():
            return _assignments(cohort, form), 422
        announcements.announce(current_user, cohort, form.title.data or "", form.body.data or "")
    except Problem as problem:
        form.show(problem)
        return _assignments(cohort, form), problem.status
    flash("It stands on the cohort’s page.")
    return _to("show", cohort_id)


@blueprint.post("/<id:cohort_id>/announcements/<id:announcement_id>/withdraw")
@role_required("instructor")
def withdraw_announcement(cohort_id: int, announcement_id: int) -> Any:
    cohort, said = (
        access.led(cohort_id, current_user),
        announcements.find(announcement_id, current_user),
    )
    if said.cohort_id != cohort.id:
        raise NotFound("There is no such announcement.")
    announcements.withdraw(current_user, said)
    flash("It is a draft again, and nobody reads it.")
    return _to("show", cohort_id)


@blueprint.route("/<id:cohort_id>/assignments/new", methods=["GET", "POST"])
@role_required("instructor")
def assign(cohort_id: int) -> Any:
    cohort = access.led(cohort_id, current_user)
    if request.method == "GET":
        return _assignment_page(cohort, AssignmentForm(formdata=None), None)
    return _take_assignment(cohort, None)


@blueprint.route("/<id:cohort_id>/assignments/<id:assignment_id>", methods=["GET", "POST"])
@role_required("instructor")
def edit(cohort_id: int, assignment_id: int) -> Any:
    cohort = access.led(cohort_id, current_user)
    known = assignments.find(cohort, assignment_id)
    if request.method == "GET":
        form = AssignmentForm(formdata=None).show_of(known, cohort.timezone)
        return _assignment_page(cohort, form.begun(_tasks_of(_parts_of(known))), known)
    return _take_assignment(cohort, known)


@blueprint.post("/<id:cohort_id>/assignments/<id:assignment_id>/delete")
@role_required("instructor")
def delete(cohort_id: int, assignment_id: int) -> Any:
    cohort = access.led(cohort_id, current_user)
    known = assignments.find(cohort, assignment_id)
    title = known.title
    assignments.remove(current_user, cohort, known)
    flash(f"“{title}” is gone. What was handed in stays.")
    return _to("show", cohort_id)


@blueprint.post("/<id:cohort_id>/assignments/order")
@role_required("instructor")
def arrange(cohort_id: int) -> Any:
    """As they were dragged: all of them, in this order."""
    cohort = access.led(cohort_id, current_user)
    ids = request.form.getlist("ids", type=int)
    if sorted(ids) != sorted(one.id for one in assignments.of(cohort_id)):
        raise Conflict("The list has changed since. Look at it again.")
    assignments.order(current_user, cohort, ids)
    return _to("show", cohort_id)


@blueprint.post("/<id:cohort_id>/assignments/<id:assignment_id>/<any(up, down):way>")
@role_required("instructor")
def move(cohort_id: int, assignment_id: int, way: str) -> Any:
    cohort = access.led(cohort_id, current_user)
    assignments.find(cohort, assignment_id)
    ids = [one.id for one in assignments.of(cohort_id)]
    place = ids.index(assignment_id)
    other = place + (1 if way == "down" else -1)
    if 0 <= other < len(ids):
        ids[place], ids[other] = ids[other], ids[place]
        assignments.order(current_user, cohort, ids)
    return _to("show", cohort_id)


@blueprint.get("/<id:cohort_id>/people")
@role_required("instructor")
def list_people(cohort_id: int) -> str:
    return _people(access.led(cohort_id, current_user))


@blueprint.post("/<id:cohort_id>/people/<id:user_id>/<any(remove, return):member_way>")
@role_required("instructor")
def change_member(cohort_id: int, user_id: int, member_way: str) -> Any:
    cohort = access.led(cohort_id, current_user)
    act = service.remove if member_way == "remove" else service.bring_back
    act(current_user, cohort, user_id)
    return _to("list_people", cohort_id)


@blueprint.post("/<id:cohort_id>/roster")
@takes_file(most=lambda: roster.MOST_BYTES)
@role_required("instructor")
def look_at_roster(cohort_id: int) -> Any:
    """What the list would do; nothing is written."""
    cohort, form = access.led(cohort_id, current_user), RosterForm()
    try:
        if not form.validate_on_submit():
            return _people(cohort, roster_form=form), 422
        text, encoding = roster.decoded(form.roster_file.data.stream.read())
        report = roster.read(cohort, text, encoding)
    except Problem as problem:
        form.show(problem)
        return _people(cohort, roster_form=form), problem.status
    token = looked_at.keep(cohort_id, current_user.id, text, encoding)
    return render_template("cohorts/desk/roster.html", cohort=cohort, report=report, token=token)


@blueprint.post("/<id:cohort_id>/roster/import")
@role_required("instructor")
def import_roster(cohort_id: int) -> Any:
    cohort = access.led(cohort_id, current_user)
    try:
        text, encoding = looked_at.take(cohort_id, current_user.id, request.form.get("token", ""))
        report = roster.import_(current_user, cohort, text, encoding)
    except Problem as problem:
        flash(problem.message, "error")
        return _people(cohort), problem.status
    flash(f"{report.changes:,} learners are in, {report.count('new'):,} of them with new accounts.")
    return _to("list_people", cohort_id)


@blueprint.route("/<id:cohort_id>/settings", methods=["GET", "POST"])
@role_required("instructor")
def settings(cohort_id: int) -> Any:
    cohort = access.led(cohort_id, current_user)
    if request.method == "GET":
        return _settings(cohort)
    form = CohortForm()
    try:
        if not form.validate_on_submit():
            return _settings(cohort, form=form), 422
        service.update(
            current_user,
            cohort,
            form.fields(),
            still=lambda: require_read(CohortForm(formdata=None).show_of(cohort), form),
        )
    except Clash as clash:
        return _settings(cohort, form=form, clash=clash), clash.status
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        return _settings(access.led(cohort_id, current_user), form=form), problem.status
    flash("Saved.")
    return _to("settings", cohort_id)


@blueprint.post("/<id:cohort_id>/<any(open_code, close_code, archive, reopen):cohort_step>")
@role_required("instructor")
def take_step(cohort_id: int, cohort_step: str) -> Any:
    cohort, step = access.led(cohort_id, current_user), cohort_step
    if step in ("open_code", "close_code"):
        service.set_code(current_user, cohort, open_=step == "open_code")
        opened = "There is a new code; the old one ends."
        flash(opened if step == "open_code" else "Nobody joins by code now.")
        return _to("list_people", cohort_id)
    service.archive(current_user, cohort, archived=step == "archive")
    flash("It is put away. Everybody may still read it." if step == "archive" else "It is back.")
    return _to("settings", cohort_id)


@blueprint.post("/<id:cohort_id>/staff")
@role_required("instructor")
def add_staff(cohort_id: int) -> Any:
    cohort, form = access.led(cohort_id, current_user), StaffForm()
    try:
        if not form.validate_on_submit():
            return _settings(cohort, staff_form=form), 422
        person = service.add_staff(current_user, cohort, form.instructor.data or "")
    except Problem as problem:
        form.show(problem)
        return _settings(cohort, staff_form=form), problem.status
    flash(f"{person.username} leads it too.")
    return _to("settings", cohort_id)


@blueprint.post("/<id:cohort_id>/staff/<id:user_id>/remove")
@role_required("instructor")
def remove_staff(cohort_id: int, user_id: int) -> Any:
    cohort = access.led(cohort_id, current_user)
    try:
        service.remove_staff(current_user, cohort, user_id)
    except Problem as problem:
        flash(problem.message, "error")
        return _settings(cohort), problem.status
    if not access.leads(cohort_id, current_user):
        return redirect(url_for("cohort_desk.index"), 303)
    return _to("settings", cohort_id)


def _assignments(cohort: Cohort, form: SayingForm) -> str:
    return render_template(
        "cohorts/desk/show.html",
        cohort=cohort,
        assignments=assignments.of(cohort.id),
        announcements=announcements.of(cohort.id, 20, drafts=True),
        announcement_form=form,
    )


def _take_assignment(cohort: Cohort, known: Assignment | None) -> Any:
    form, cohort_id, known_id = AssignmentForm(), cohort.id, known.id if known else None
    tasks = chosen_tasks()
    try:
        if not form.validate_on_submit():
            return _assignment_page(cohort, form, known, tasks), 422
        fields = form.fields(cohort.timezone, known)
        if known is None:
            assignments.create(current_user, cohort, fields, tasks)
        else:
            assignments.update(
                current_user,
                cohort,
                known,
                fields,
                tasks,
                still=partial(_require_read, cohort, known, form, tasks),
            )
    except Clash as clash:
        return _assignment_page(cohort, form, known, tasks, clash=clash), clash.status
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        cohort = access.led(cohort_id, current_user)
        known = assignments.find(cohort, known_id) if known_id else None
        faults = problem.errors.get("tasks", [])
        return _assignment_page(cohort, form, known, tasks, faults), problem.status
    flash("Saved." if known_id else "It is assigned.")
    return _to("show", cohort_id)


def _require_read(
    cohort: Cohort, known: Assignment, form: AssignmentForm, tasks: dict[int, float]
) -> None:
    saved = AssignmentForm(formdata=None).show_of(known, cohort.timezone)
    require_read(saved, form, ([_tasks_of(_parts_of(known))], [_tasks_of(tasks)]))


def _assignment_page(
    cohort: Cohort,
    form: AssignmentForm,
    known: Assignment | None,
    chosen: dict[int, float] | None = None,
    faults: list[str] | None = None,
    clash: Clash | None = None,
) -> str:
    if chosen is None:
        chosen = _parts_of(known) if known else {}
    there = assignments.assignable(current_user)
    listed = {row.id for row in there}
    # What has been withdrawn since stays ticked until somebody takes it out.
    gone = [part.task for part in known.parts if part.task_id not in listed] if known else []
    return render_template(
        "cohorts/desk/assignment.html",
        cohort=cohort,
        form=form,
        assignment=known,
        tasks=sorted([*there, *gone], key=lambda task: task.id not in chosen),
        chosen=chosen,
        faults=faults or [],
        clash=clash,
    )


def _parts_of(assignment: Assignment) -> dict[int, float]:
    return {part.task_id: part.points for part in assignment.parts}


def _tasks_of(chosen: dict[int, float]) -> Text:
    """The chosen tasks in words, a line each, for who saves second."""
    titles = assignments.titles(chosen)
    lines = [f"{titles.get(one, one)}: {points:g}" for one, points in chosen.items()]
    return Text("tasks", "Tasks and points", "\n".join(sorted(lines)))


def _people(cohort: Cohort, **more: Any) -> str:
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    search = request.args.get("q", "")[:100].replace("\0", "")
    gone = request.args.get("gone") == "1"
    found, total = people.page(cohort.id, (number - 1) * PER_PAGE, PER_PAGE, search, gone)
    return render_template(
        "cohorts/desk/people.html",
        cohort=cohort,
        learners=found,
        meta=page_meta(number, PER_PAGE, total),
        search=search,
        gone=gone,
        roster_form=more.get("roster_form") or RosterForm(formdata=None),
    )


def _settings(cohort: Cohort, **more: Any) -> str:
    return render_template(
        "cohorts/desk/settings.html",
        cohort=cohort,
        staff=people.staff(cohort.id),
        form=more.get("form") or CohortForm(formdata=None).show_of(cohort).begun(),
        clash=more.get("clash"),
        staff_form=more.get("staff_form") or StaffForm(formdata=None),
    )


def _to(page: str, cohort_id: int) -> Any:
    return redirect(url_for(f"cohort_desk.{page}", cohort_id=cohort_id), 303)
