"""Reports in the console: what waits, what was said, a reply."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts.permissions import role_required
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.reports import service
from mlarena.reports.forms import ReplyForm
from mlarena.reports.pages import page_number

blueprint = Blueprint("reports_desk", __name__, url_prefix="/teach/reports")

PER_PAGE = 50


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    """Those that wait, or by `?state=closed` those that are done."""
    state = "closed" if request.args.get("state") == "closed" else "open"
    number, query = page_number(), service.all_of(state)
    total = (
        db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    )
    found = db.session.scalars(query.offset((number - 1) * PER_PAGE).limit(PER_PAGE)).all()
    meta = page_meta(number, PER_PAGE, total)
    return render_template("reports/desk.html", reports=found, state=state, meta=meta)


@blueprint.route("/<id:report_id>", methods=["GET", "POST"])
@role_required("instructor")
def show(report_id: int) -> Any:
    report = service.find(report_id, current_user)
    if request.method == "GET":
        return render_template("reports/answer.html", report=report, form=ReplyForm(formdata=None))
    form = ReplyForm()
    try:
        if not form.validate_on_submit():
            return render_template("reports/answer.html", report=report, form=form), 422
        service.reply(current_user, report, form.text.data or "", close=form.close.data)
    except Problem as problem:
        form.show(problem)
        return render_template("reports/answer.html", report=report, form=form), problem.status
    flash(f"{report.user.username} is told.")
    return redirect(url_for("reports_desk.show", report_id=report_id), 303)


@blueprint.post("/<id:report_id>/<any(close, open):report_step>")
@role_required("instructor")
def take_step(report_id: int, report_step: str) -> Any:
    report = service.find(report_id, current_user)
    if report_step == "close":
        service.close(current_user, report)
        flash("Closed.")
    else:
        service.open_again(current_user, report)
        flash("It is open again.")
    return redirect(url_for("reports_desk.show", report_id=report_id), 303)
