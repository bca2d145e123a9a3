"""The learner's JSON door of cohorts."""

from __future__ import annotations

from flask import Response
from flask_login import current_user

from mlarena.accounts.permissions import api_login_required
from mlarena.cohorts import access, announcements, classroom, gradebook, people, service
from mlarena.cohorts.schemas import JoinIn, shown_assignment, shown_cohort
from mlarena.core.api import api_blueprint, ok, page_meta
from mlarena.core.clock import rfc3339
from mlarena.core.errors import NotFound
from mlarena.core.security import limiter

blueprint = api_blueprint("cohorts", "Cohorts")
Answer = tuple[Response, int]
JOIN_LIMIT = "10 per minute"


@blueprint.get("/cohorts")
@api_login_required
def mine() -> Answer:
    """The cohorts you are in, with the next deadline of each."""
    rows = [
        shown_cohort(row.cohort, False)
        | {"members": row.members, "next_due_at": rfc3339(row.next_due)}
        for row in classroom.cohorts_of(current_user)
    ]
    return ok(rows, **page_meta(1, max(1, len(rows)), len(rows)))


@blueprint.post("/cohorts/join")
@api_login_required
@limiter.limit(JOIN_LIMIT)
@blueprint.input(JoinIn, location="json")
def join(json_data: JoinIn) -> Answer:
    """Become a member by code, or come back."""
    return ok(shown_cohort(service.join(current_user, json_data.code, json_data.nickname), False))


@blueprint.get("/cohorts/<id:cohort_id>")
@api_login_required
def show(cohort_id: int) -> Answer:
    """A cohort you are in or lead, with its assignments as you stand with them; what has not opened shows
    no tasks."""
    cohort = access.seen(cohort_id, current_user)
    leads = access.leads(cohort_id, current_user)
    listed = [
        shown_assignment(one.assignment, leads or one.is_open)
        | {
            "due_at": rfc3339(one.due),
            "extended": one.extended,
            "open": one.is_open,
            "done": one.done,
            "progress": {str(step.task_id): step.status for step in one.steps},
        }
        for one in classroom.to_do(cohort, current_user.id)
    ]
    said = [
        {
            "id": one.id,
            "title": one.title,
            "body": one.body,
            "created_at": rfc3339(one.published_at),
        }
        for one in announcements.of(cohort_id)
    ]
    return ok(shown_cohort(cohort, leads) | {"assignments": listed, "announcements": said})


@blueprint.get("/cohorts/<id:cohort_id>/grades")
@api_login_required
def grades(cohort_id: int) -> Answer:
    """Your own grades, with how each was computed."""
    cohort = access.seen(cohort_id, current_user)
    learner = people.one(cohort_id, current_user.id)
    if learner is None:
        raise NotFound("You are not a learner of this cohort.")
    return ok(gradebook.book(cohort, [learner]).rows[0].shown())


@blueprint.post("/cohorts/<id:cohort_id>/leave")
@api_login_required
def leave(cohort_id: int) -> Answer:
    """Leave a cohort; what you did stays yours."""
    access.seen(cohort_id, current_user)
    service.leave(current_user, cohort_id)
    return ok(None)
