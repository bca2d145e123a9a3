"""What a learner sees: the form, their own reports, what came of each."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from sqlalchemy import func, select

from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.reports import service
from mlarena.reports.forms import ReportForm
from mlarena.reports.limits import limit_reports

blueprint = Blueprint("reports", __name__)

PER_PAGE = 20


@blueprint.route("/tasks/<id:task_id>/report", methods=["GET", "POST"])
@limit_reports
@login_required
def new(task_id: int) -> Any:
    task = service.find_task(task_id, current_user)
    if request.method == "GET":
        return render_template("reports/new.html", task=task, form=ReportForm(formdata=None))
    form = ReportForm()
    try:
        if not form.validate_on_submit():
            return render_template("reports/new.html", task=task, form=form), 422
        made = service.report(current_user, task, form.text.data or "")
    except Problem as problem:
        form.show(problem)
        return render_template("reports/new.html", task=task, form=form), problem.status
    flash("Thank you. You will be told when somebody has replied.")
    return redirect(url_for("reports.show", report_id=made.id), 303)


@blueprint.get("/reports")
@login_required
def index() -> str:
    number, mine = page_number(), service.own(current_user)
    total = db.session.scalar(select(func.count()).select_from(mine.order_by(None).subquery())) or 0
    found = db.session.scalars(mine.offset((number - 1) * PER_PAGE).limit(PER_PAGE)).all()
    meta = page_meta(number, PER_PAGE, total)
    return render_template("reports/index.html", reports=found, meta=meta)


@blueprint.get("/reports/<id:report_id>")
@login_required
def show(report_id: int) -> str:
    report = service.find(report_id, current_user)
    service.looked_at(report, current_user)
    return render_template("reports/show.html", report=report)


def page_number() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), 10_000)
