"""The pages of submissions: the list of one's own, and one with its report."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_login import current_user, login_required
from sqlalchemy import func, select

from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.submissions.listing import submissions_query, visible
from mlarena.submissions.models import FINAL, Submission

blueprint = Blueprint("submissions", __name__, url_prefix="/submissions")

PER_PAGE = 20


@blueprint.get("")
@login_required
def index() -> str:
    page = max(1, request.args.get("page", 1, type=int))
    total = db.session.scalar(
        select(func.count()).select_from(Submission).where(Submission.user_id == current_user.id)
    )
    meta = page_meta(min(page, 100_000), PER_PAGE, total or 0)
    query = submissions_query(user_id=current_user.id)
    rows = db.session.scalars(query.offset((meta["page"] - 1) * PER_PAGE).limit(PER_PAGE))
    return render_template("submissions/index.html", submissions=list(rows), meta=meta)


@blueprint.get("/<id:submission_id>")
@login_required
def show(submission_id: int) -> str:
    submission = visible(submission_id, current_user)
    return render_template(
        f"submissions/{submission.task.kind}.html",
        submission=submission,
        task=submission.task,
        verdict=submission.verdict,
        done=submission.status in FINAL,
    )
