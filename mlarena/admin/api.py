"""The console's JSON door: judging again, what is alike, and the audit log."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from flask_login import current_user
from pydantic import Field
from sqlalchemy import select

from mlarena.accounts.audit import AuditEntry
from mlarena.accounts.permissions import role_required
from mlarena.admin import rejudges
from mlarena.admin.integrity import reading
from mlarena.admin.pages import readable
from mlarena.core.api import LARGEST_ID, Body, PageQuery, api_blueprint, ok, page_meta, paged
from mlarena.submissions.rejudging import asking
from mlarena.submissions.rejudging.models import Rejudge

blueprint = api_blueprint("admin", "Console")
Answer = tuple[Response, int]


class RejudgeIn(Body):
    scope: Literal["submission", "task", "cohort"]
    id: int = Field(ge=1, le=LARGEST_ID)
    reason: str = Field(min_length=3, max_length=300)


class AlikeQuery(PageQuery):
    task: int | None = Field(None, ge=1, le=LARGEST_ID)
    cohort: int | None = Field(None, ge=1, le=LARGEST_ID, description="Both learners are in it")
    kind: Literal["alike", "identical"] | None = None
    set_aside: bool = Field(False, description="Those that an instructor has set aside")


class AuditQuery(PageQuery):
    action: str = Field("", max_length=64, description="How the action begins: `cohort.`")


@blueprint.post("/rejudges")
@role_required("instructor")
@blueprint.input(RejudgeIn, location="json")
@blueprint.doc(responses={202: "The rejudge"})
def ask(json_data: RejudgeIn) -> Answer:
    """Have a submission, a task or a cohort's work judged again, behind all live work. Nothing changes until
    it is applied."""
    made = rejudges.ask(current_user, json_data.scope, json_data.id, json_data.reason)
    return ok(_shown(made), 202)


@blueprint.get("/rejudges/<id:rejudge_id>")
@role_required("instructor")
def show(rejudge_id: int) -> Answer:
    """How far it is: `counts` by state."""
    return ok(_shown(rejudges.find(rejudge_id, current_user)))


@blueprint.post("/rejudges/<id:rejudge_id>/apply")
@role_required("instructor")
def apply(rejudge_id: int) -> Answer:
    """Let the new verdicts stand; XP and boards follow as if they had been the first."""
    asking.decide(current_user, rejudges.find(rejudge_id, current_user), apply=True)
    return ok(_shown(asking.find(rejudge_id)))


@blueprint.post("/rejudges/<id:rejudge_id>/discard")
@role_required("instructor")
def discard(rejudge_id: int) -> Answer:
    """Leave everything as it is."""
    asking.decide(current_user, rejudges.find(rejudge_id, current_user), apply=False)
    return ok(_shown(asking.find(rejudge_id)))


@blueprint.get("/audit")
@role_required("instructor")
@blueprint.input(AuditQuery, location="query")
def audit_log(query_data: AuditQuery) -> Answer:
    """Who did what, the latest first: everything for admins, else one's own and one's cohorts'."""
    query = select(AuditEntry).where(readable(current_user))
    if query_data.action:
        query = query.where(AuditEntry.action.startswith(query_data.action, autoescape=True))
    return paged(query.order_by(AuditEntry.id.desc()), query_data, lambda entry: entry.shown())


@blueprint.get("/alike")
@role_required("instructor")
@blueprint.input(AlikeQuery, location="query")
def list_alike(query_data: AlikeQuery) -> Answer:
    """Pairs of submissions that are alike, or the same file; the most alike first. What it means, people
    decide."""
    wanted = reading.Wanted(
        task=str(query_data.task or ""),
        kind=query_data.kind or "",
        cohort=query_data.cohort,
        aside=query_data.set_aside,
    )
    rows, total = reading.pairs(wanted, current_user, query_data.offset, query_data.per_page)
    meta = page_meta(query_data.page, query_data.per_page, total)
    return ok([reading.shown(row) for row in rows], **meta)


def _shown(rejudge: Rejudge) -> dict[str, Any]:
    return rejudge.shown() | {"counts": asking.counts([rejudge.id])[rejudge.id]}
