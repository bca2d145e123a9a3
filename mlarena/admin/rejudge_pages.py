"""Judging again by page: ask for it, see how far it is, see what would change, apply or drop it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts.models import User
from mlarena.accounts.permissions import role_required
from mlarena.admin import rejudges
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid
from mlarena.submissions.models import Submission, Task
from mlarena.submissions.rejudging import asking
from mlarena.submissions.rejudging.models import Rejudge, RejudgeItem

blueprint = Blueprint("rejudges", __name__, url_prefix="/teach/rejudges")

PER_PAGE = 50


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    mine = rejudges.listed(current_user)
    total = db.session.scalar(select(func.count()).select_from(Rejudge).where(mine)) or 0
    found = db.session.scalars(
        select(Rejudge)
        .where(mine)
        .order_by(Rejudge.id.desc())
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    return render_template(
        "admin/rejudges.html",
        rejudges=found,
        counts=asking.counts([one.id for one in found]),
        meta=page_meta(number, PER_PAGE, total),
    )


@blueprint.post("")
@role_required("instructor")
def ask() -> Any:
    scope, target = request.form.get("scope", ""), request.form.get("target", 0, type=int)
    if scope == "task" and "task" in request.form:  # from the page of a submission to it
        target = request.form.get("task", 0, type=int)
    try:
        made = rejudges.ask(current_user, scope, target, request.form.get("reason", ""))
    except (Invalid, Conflict) as problem:
        db.session.rollback()
        words = next(iter(problem.errors.values()), [problem.message])[0]
        flash(words, "error")
        return redirect(_back(scope, target), 303)
    return redirect(url_for("rejudges.show", rejudge_id=made.id), 303)


def _back(scope: str, target: int) -> str:
    """The page that the form stands on."""
    if scope == "submission" and target:
        return url_for("submissions_log.show", submission_id=target)
    if scope == "cohort" and target:
        return url_for("cohort_grades.progress", cohort_id=target)
    return url_for("rejudges.index")


@blueprint.get("/<id:rejudge_id>")
@role_required("instructor")
def show(rejudge_id: int) -> str:
    """How far it is, and what would change, learner by learner."""
    rejudge = rejudges.find(rejudge_id, current_user)
    counts = asking.counts([rejudge_id])[rejudge_id]
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    states = ("changed", "applied", "error")
    items = db.session.execute(
        select(RejudgeItem, User.username, Task.__table__.c.title)
        .join(Submission, Submission.id == RejudgeItem.submission_id)
        .join(User, User.id == Submission.user_id)
        .join(Task.__table__, Task.__table__.c.id == Submission.task_id)
        .where(RejudgeItem.rejudge_id == rejudge_id, RejudgeItem.state.in_(states))
        .order_by(RejudgeItem.submission_id)
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    return render_template(
        "admin/rejudge.html",
        rejudge=rejudge,
        counts=counts,
        items=items,
        meta=page_meta(number, PER_PAGE, sum(counts[state] for state in states)),
    )


@blueprint.post("/<id:rejudge_id>/<any(apply, discard):decision>")
@role_required("instructor")
def decide(rejudge_id: int, decision: str) -> Any:
    rejudge = rejudges.find(rejudge_id, current_user)
    try:
        asking.decide(current_user, rejudge, apply=decision == "apply")
    except Conflict as problem:
        flash(problem.message, "error")
    return redirect(url_for("rejudges.show", rejudge_id=rejudge_id), 303)
