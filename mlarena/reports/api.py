"""The reports' JSON door."""

from __future__ import annotations

from typing import Literal

from flask import Response
from flask_login import current_user
from pydantic import Field

from mlarena.accounts.permissions import api_login_required, role_required
from mlarena.core.api import LARGEST_ID, Body, PageQuery, api_blueprint, ok, paged
from mlarena.reports import service
from mlarena.reports.limits import limit_reports

blueprint = api_blueprint("reports", "Reports")
Answer = tuple[Response, int]


class ReportsQuery(PageQuery):
    status: Literal["open", "closed"] | None = Field(
        None, description="Everybody's that wait, or that are done: for instructors"
    )


class ReportIn(Body):
    task_id: int = Field(ge=1, le=LARGEST_ID)
    text: str = Field(min_length=1, max_length=service.LONGEST)


class ReplyIn(Body):
    text: str = Field(min_length=1, max_length=service.LONGEST)
    close: bool = True


class ReportChange(Body):
    status: Literal["open", "closed"]


@blueprint.get("/reports")
@api_login_required
@blueprint.input(ReportsQuery, location="query")
def list_reports(query_data: ReportsQuery) -> Answer:
    """Your own reports, newest first; with `status`, and for instructors, everybody's."""
    everybody = query_data.status is not None and current_user.is_at_least("instructor")
    if everybody and query_data.status:
        query = service.all_of(query_data.status)
    else:
        query = service.own(current_user)
        if query_data.status:
            query = query.where(service.Report.status == query_data.status)
    return paged(query, query_data, lambda report: report.shown())


@blueprint.post("/reports")
@limit_reports
@api_login_required
@blueprint.input(ReportIn, location="json")
def create(json_data: ReportIn) -> Answer:
    """Say what is wrong with a task (a quest, a challenge, a competition). You are told of replies."""
    task = service.find_task(json_data.task_id, current_user)
    return ok(service.report(current_user, task, json_data.text).shown(), 201)


@blueprint.get("/reports/<id:report_id>")
@api_login_required
def show(report_id: int) -> Answer:
    """Your own, or any for an instructor, with what was replied."""
    return ok(service.find(report_id, current_user).shown())


@blueprint.patch("/reports/<id:report_id>")
@role_required("instructor")
@blueprint.input(ReportChange, location="json")
def change(report_id: int, json_data: ReportChange) -> Answer:
    """Close it without a word more, or open it again."""
    report = service.find(report_id, current_user)
    if json_data.status == "closed":
        service.close(current_user, report)
    else:
        service.open_again(current_user, report)
    return ok(report.shown())


@blueprint.post("/reports/<id:report_id>/replies")
@role_required("instructor")
@blueprint.input(ReplyIn, location="json")
def reply(report_id: int, json_data: ReplyIn) -> Answer:
    """Reply to whoever has reported it. Closes it, unless you say otherwise."""
    report = service.find(report_id, current_user)
    service.reply(current_user, report, json_data.text, close=json_data.close)
    return ok(service.find(report_id, current_user).shown(), 201)
