"""The submissions' JSON door."""

from __future__ import annotations

from typing import Literal

from flask import Response
from flask_login import current_user
from pydantic import Field

from mlarena.accounts.permissions import api_login_required, role_required
from mlarena.core.api import LARGEST_ID, PageQuery, Strict, api_blueprint, ok, paged
from mlarena.submissions import comparison, outbox, output
from mlarena.submissions.cancel import cancel
from mlarena.submissions.listing import submissions_query, visible

blueprint = api_blueprint("submissions", "Submissions")


class SubmissionsQuery(PageQuery):
    user: int | None = Field(None, ge=1, le=LARGEST_ID)
    task: int | None = Field(None, ge=1, le=LARGEST_ID)
    competition: int | None = Field(None, ge=1, le=LARGEST_ID)
    status: Literal["queued", "running", "scored", "failed", "error"] | None = None


@blueprint.get("/submissions")
@api_login_required
@blueprint.input(SubmissionsQuery, location="query")
def list_submissions(query_data: SubmissionsQuery) -> tuple[Response, int]:
    """Own submissions, newest first; everybody's for instructors. A competition is a task too."""
    everyone = current_user.is_at_least("instructor")
    user_id = query_data.user if everyone else current_user.id
    if not everyone and query_data.user not in (None, current_user.id):
        return ok([], page=1, per_page=query_data.per_page, total=0, pages=1)
    task_id = query_data.task or query_data.competition
    query = submissions_query(user_id=user_id, task_id=task_id, status=query_data.status)
    return paged(query, query_data, lambda submission: submission.shown())


class OutputQuery(Strict):
    run: int = Field(0, ge=0, le=LARGEST_ID)
    after: int = Field(0, ge=0, le=LARGEST_ID)


@blueprint.get("/submissions/<id:submission_id>")
@api_login_required
def show_submission(submission_id: int) -> tuple[Response, int]:
    """One submission with its verdict; its report also says how it stands beside others and before."""
    return ok(comparison.shown(visible(submission_id, current_user)))


@blueprint.get("/submissions/<id:submission_id>/output")
@api_login_required
@blueprint.input(OutputQuery, location="query")
def read_output(submission_id: int, query_data: OutputQuery) -> tuple[Response, int]:
    """What a training has printed behind piece `after` of its `run`, as the event `training` has it.

    Where `run` is another now (it was tried again), all of that one. Kept for minutes; the report has it
    for good.
    """
    submission = visible(submission_id, current_user)
    after = query_data.after if query_data.run == submission.claims else 0
    seq, text = output.read(submission, after)
    shown = {"submission_id": submission.id, "run": submission.claims, "seq": seq, "text": text}
    return ok({**shown, "status": submission.status})


@blueprint.post("/submissions/<id:submission_id>/cancel")
@api_login_required
def cancel_submission(submission_id: int) -> tuple[Response, int]:
    """End an own submission that waits or runs: it gets its one verdict, `failed`.

    409 when its verdict was there first.
    """
    return ok(cancel(submission_id, current_user).shown())


class EventsQuery(Strict):
    after: int = Field(
        0, ge=0, le=2**53, description="The position of the last event that you have"
    )
    limit: int = Field(100, ge=1, le=1000)


@blueprint.get("/events")
@role_required("admin")
@blueprint.input(EventsQuery, location="query")
def read_events(query_data: EventsQuery) -> tuple[Response, int]:
    """Job events behind position `after`, in their order, for who is behind the stream.

    `first` and `last` are what is kept. `missed`: how many positions behind `after` are kept no more.
    """
    events = outbox.after(query_data.after, query_data.limit)
    first, last = outbox.ends()
    return ok(
        {
            "events": [outbox.shown(event) for event in events],
            "first": first,
            "last": last,
            "missed": max(0, first - query_data.after - 1) if first else 0,
        }
    )
