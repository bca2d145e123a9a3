"""The console's home and the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask_login import current_user
from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select, true

from mlarena.accounts.audit import AuditEntry
from mlarena.accounts.models import User
from mlarena.accounts.permissions import role_required
from mlarena.admin import attention
from mlarena.cohorts import access
from mlarena.cohorts.models import Cohort, CohortMember, CohortStaff
from mlarena.core.api import LARGEST_ID
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.core.spreadsheets import lines

blueprint = Blueprint("admin", __name__, url_prefix="/teach")

PER_PAGE = 50
BATCH = 500
COHORTS = 6
HEADER = ("id", "at", "actor", "action", "about", "details")


@blueprint.get("")
@role_required("instructor")
def home() -> str:
    """What needs attention, what is due, one's cohorts, and the ways to everything that can be written."""
    members = (
        select(func.count())
        .select_from(CohortMember)
        .where(CohortMember.cohort_id == Cohort.id, CohortMember.left_at.is_(None))
        .correlate(Cohort)
        .scalar_subquery()
    )
    cohorts = db.session.execute(
        select(Cohort, members)
        .where(access.led_by(current_user), Cohort.archived_at.is_(None))
        .order_by(Cohort.created_at.desc())
        .limit(COHORTS)
    ).all()
    return render_template(
        "admin/home.html",
        notices=attention.notices(current_user),
        deadlines=attention.deadlines(current_user),
        cohorts=cohorts,
    )


@blueprint.get("/audit")
@role_required("instructor")
def audit_log() -> str:
    """Who did what: everything for admins; for instructors their own, and what was done to their cohorts."""
    query = _entries(request.args).order_by(AuditEntry.id.desc()).limit(PER_PAGE + 1)
    before = request.args.get("before", type=int)
    if before and 0 < before <= LARGEST_ID:
        query = query.where(AuditEntry.id < before)
    rows = list(db.session.scalars(query))
    return render_template(
        "admin/audit.html",
        entries=rows[:PER_PAGE],
        further=rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None,
        asked={
            name: request.args[name]
            for name in ("who", "action", "about")
            if request.args.get(name)
        },
    )


@blueprint.get("/audit.csv")
@role_required("instructor")
def export_audit() -> Response:
    """The same as CSV, streamed."""
    query = _entries(request.args)
    response = Response(stream_with_context(lines(HEADER, _rows(query))), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="audit.csv")
    return response


def _rows(query: Any) -> Iterator[tuple[Any, ...]]:
    last = 0
    while True:
        some = db.session.scalars(
            query.where(AuditEntry.id > last).order_by(AuditEntry.id).limit(BATCH)
        ).all()
        for one in some:
            details = "; ".join(f"{name}: {value}" for name, value in one.details.items())
            yield one.id, rfc3339(one.at), one.actor_name, one.action, one.about, details
        if len(some) < BATCH:
            return
        last = some[-1].id
        db.session.expunge_all()


def _entries(given: Any) -> Any:
    query = select(AuditEntry).where(readable(current_user))
    for name, column in (
        ("who", AuditEntry.actor_name),
        ("action", AuditEntry.action),
        ("about", AuditEntry.about),
    ):
        words = given.get(name, "").replace("\0", "").strip()[:64]
        if words:
            query = query.where(column.istartswith(words, autoescape=True))
    return query


def readable(viewer: User) -> ColumnElement[bool]:
    """The lines that a person may read, as a condition on AuditEntry."""
    if viewer.is_at_least("admin"):
        return true()
    led = select("cohort:" + cast(CohortStaff.cohort_id, String)).where(
        CohortStaff.user_id == viewer.id
    )
    return or_(
        AuditEntry.actor_id == viewer.id,
        and_(AuditEntry.about.startswith("cohort:"), AuditEntry.about.in_(led)),
    )
