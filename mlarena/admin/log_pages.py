"""The log's pages: the list, one submission from behind, and what was handed in."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask_login import current_user
from sqlalchemy import select

from mlarena.accounts.permissions import role_required
from mlarena.admin import log
from mlarena.cohorts import access
from mlarena.cohorts.models import Cohort
from mlarena.core.db import db
from mlarena.core.downloads import send
from mlarena.core.errors import NotFound
from mlarena.core.spreadsheets import lines as csv_lines
from mlarena.submissions.listing import visible

blueprint = Blueprint("submissions_log", __name__, url_prefix="/teach/submissions")

PER_PAGE = 50
MOST_COHORTS = 200
# What is handed in as text, and the ending that a file of it gets.
TEXTS = {"code": "py", "query": "sql"}


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    wanted = log.Wanted.of(request.args)
    if wanted.cohort:
        access.led(wanted.cohort, current_user)
    found, further = log.lines(wanted, current_user.timezone, PER_PAGE)
    cohorts = db.session.execute(
        select(Cohort.id, Cohort.title)
        .where(access.led_by(current_user))
        .order_by(Cohort.title)
        .limit(MOST_COHORTS)
    ).all()
    return render_template(
        "admin/log.html",
        lines=found,
        further=further,
        wanted=wanted,
        cohorts=cohorts,
        STATES=log.STATES,
        KINDS=log.KINDS,
    )


@blueprint.get("/export.csv")
@role_required("instructor")
def export() -> Response:
    """The same as CSV, all of it, streamed."""
    wanted = log.Wanted.of(request.args)
    if wanted.cohort:
        access.led(wanted.cohort, current_user)
    found = log.rows(wanted, current_user.timezone)
    response = Response(stream_with_context(csv_lines(log.HEADER, found)), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="submissions.csv")
    return response


@blueprint.get("/<id:submission_id>")
@role_required("instructor")
def show(submission_id: int) -> str:
    """A submission from behind: its way through the arena, and all that the jail and the grader said."""
    submission = visible(submission_id, current_user)
    verdict = submission.verdict
    return render_template(
        "admin/submission.html",
        submission=submission,
        payload={key: value for key, value in submission.payload.items() if key not in TEXTS},
        text=next((submission.payload[key] for key in TEXTS if key in submission.payload), None),
        report=json.dumps(verdict.report, indent=2, ensure_ascii=False) if verdict else "",
        cases=json.dumps(verdict.cases, indent=2, ensure_ascii=False) if verdict else "",
    )


@blueprint.get("/<id:submission_id>/artifact")
@role_required("instructor")
def artifact(submission_id: int) -> Any:
    """What was handed in, as a file. It is a stranger's: a pickle runs what it likes when it is loaded."""
    submission = visible(submission_id, current_user)
    payload = submission.payload
    if "sha256" in payload:
        name = (
            payload.get("filename") or f"submission_{submission_id}.{payload.get('format', 'bin')}"
        )
        return send(payload["sha256"], payload["size"], name, "application/octet-stream")
    for key, ending in TEXTS.items():
        if key in payload:
            response = Response(payload[key], mimetype="text/plain")
            name = f"submission_{submission_id}.{ending}"
            response.headers.set("Content-Disposition", "attachment", filename=name)
            return response
    if "answers" in payload:
        response = Response(json.dumps(payload["answers"], indent=2), mimetype="application/json")
        name = f"submission_{submission_id}.json"
        response.headers.set("Content-Disposition", "attachment", filename=name)
        return response
    raise NotFound("Nothing of this submission is kept.")
