"""The pages of submissions: the list of one's own, and one with its report."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from sqlalchemy import func, select

from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Conflict
from mlarena.submissions import comparison, notices, output
from mlarena.submissions.cancel import cancel
from mlarena.submissions.listing import lines, visible
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
    rows = lines(current_user.id, PER_PAGE, offset=(meta["page"] - 1) * PER_PAGE)
    return render_template("submissions/index.html", submissions=rows, meta=meta)


@blueprint.get("/<id:submission_id>")
@login_required
def show(submission_id: int) -> str:
    submission = visible(submission_id, current_user)
    done = submission.status in FINAL
    if submission.user_id == current_user.id:
        notices.looked_at(submission)
    attempts = comparison.attempts(submission)
    return render_template(
        f"submissions/{submission.task.kind}.html",
        submission=submission,
        task=submission.task,
        verdict=submission.verdict,
        done=done,
        attempts=attempts,
        field=comparison.field(submission),
        previous=comparison.previous(submission, attempts),
        ahead=0 if done else comparison.ahead(submission),
        printed=None if done else output.read(submission),
    )


def to_page_of(submission: Submission) -> Any:
    """Off to the page that waits for the verdict; it counts as open from now on."""
    notices.looked_at(submission)
    return redirect(url_for("submissions.show", submission_id=submission.id), 303)


@blueprint.post("/<id:submission_id>/cancel")
@login_required
def end(submission_id: int) -> Any:
    try:
        cancel(submission_id, current_user)
    except Conflict as late:
        flash(late.message, "warning")
    return redirect(url_for("submissions.show", submission_id=submission_id), 303)
