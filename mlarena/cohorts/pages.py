"""The learner's pages of a cohort: join it, see what is to do, see one's grades, leave it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from mlarena.boards import service as boards
from mlarena.cohorts import access, announcements, classroom, feed, gradebook, people, service
from mlarena.cohorts.forms import JoinForm
from mlarena.core.db import db
from mlarena.core.errors import NotFound, Problem
from mlarena.core.security import limiter

blueprint = Blueprint("cohorts", __name__, url_prefix="/cohorts")

BOARD_ROWS = 10
# A code is guessed nowhere near this fast.
JOIN_LIMIT = "10 per minute"


@blueprint.get("")
@login_required
def index() -> str:
    """The cohorts one is in, and the field for a code."""
    return _index(JoinForm(formdata=None, data={"code": request.args.get("code", "")[:16]}))


@blueprint.post("/join")
@login_required
@limiter.limit(JOIN_LIMIT)
def join() -> Any:
    form = JoinForm()
    try:
        if not form.validate_on_submit():
            return _index(form), 422
        cohort = service.join(current_user, form.code.data or "", form.nickname.data or "")
    except Problem as problem:
        db.session.rollback()
        if isinstance(problem, NotFound):
            form.code.errors = [problem.message]
        else:
            form.show(problem)
        return _index(form), 422
    flash(f"You are in “{cohort.title}”.")
    return redirect(url_for("cohorts.show", cohort_id=cohort.id), 303)


@blueprint.get("/join/<code>")
@login_required
@limiter.limit(JOIN_LIMIT)
def invited(code: str) -> Any:
    """Where a join link leads: nobody joins by looking."""
    cohort = service.by_code(code)
    if access.is_member(cohort.id, current_user):
        return redirect(url_for("cohorts.show", cohort_id=cohort.id), 303)
    form = JoinForm(formdata=None, data={"code": cohort.join_code})
    return render_template("cohorts/join.html", cohort=cohort, form=form)


@blueprint.get("/<id:cohort_id>")
@login_required
def show(cohort_id: int) -> Any:
    cohort = access.seen(cohort_id, current_user)
    return render_template(
        "cohorts/show.html",
        cohort=cohort,
        to_do=classroom.to_do(cohort, current_user.id),
        announcements=announcements.of(cohort_id),
        feed_lines=feed.latest(cohort),
        board=boards.page(f"cohort:{cohort_id}", 1, BOARD_ROWS, current_user),
        member=access.is_member(cohort_id, current_user),
        leads=access.leads(cohort_id, current_user),
        nickname=_nickname(cohort_id),
    )


@blueprint.get("/<id:cohort_id>/grades")
@login_required
def grades(cohort_id: int) -> str:
    """One's own grades, and how they were computed."""
    cohort = access.seen(cohort_id, current_user)
    learner = people.one(cohort_id, current_user.id)
    if learner is None:
        raise NotFound("You are not a learner of this cohort. Its gradebook is on its desk.")
    row = gradebook.book(cohort, [learner]).rows[0]
    return render_template("cohorts/grades.html", cohort=cohort, row=row, own=True)


@blueprint.post("/<id:cohort_id>/nickname")
@login_required
def rename(cohort_id: int) -> Any:
    access.seen(cohort_id, current_user)
    try:
        service.rename(current_user, cohort_id, request.form.get("nickname", ""))
        flash("Kept.")
    except Problem as problem:
        if isinstance(problem, NotFound):
            raise
        flash(next(iter(problem.errors.values()), [problem.message])[0], "error")
    return redirect(url_for("cohorts.show", cohort_id=cohort_id), 303)


@blueprint.post("/<id:cohort_id>/leave")
@login_required
def leave(cohort_id: int) -> Any:
    cohort = access.seen(cohort_id, current_user)
    service.leave(current_user, cohort_id)
    flash(f"You have left “{cohort.title}”. What you did stays yours.")
    return redirect(url_for("cohorts.index"), 303)


def _nickname(cohort_id: int) -> str:
    learner = people.one(cohort_id, current_user.id)
    return learner.nickname if learner else ""


def _index(form: JoinForm) -> str:
    return render_template(
        "cohorts/index.html", found=classroom.cohorts_of(current_user), form=form
    )
