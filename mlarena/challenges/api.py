"""The challenges' JSON door."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_login import current_user
from sqlalchemy import select

from mlarena.accounts.permissions import api_login_required
from mlarena.challenges import service
from mlarena.challenges.catalogue import Entry, Filter, catalogue
from mlarena.challenges.models import Challenge
from mlarena.challenges.payload import refuse_twins
from mlarena.challenges.schemas import (
    AttemptIn,
    ChallengesQuery,
    HintIn,
    PlanIn,
    ProgressIn,
    ProgressQuery,
    RunIn,
)
from mlarena.challenges.views import Row
from mlarena.core.api import PageQuery, api_blueprint, ok, page_meta, paged
from mlarena.core.clock import rfc3339
from mlarena.core.errors import NotFound
from mlarena.core.security import limiter
from mlarena.submissions.listing import visible
from mlarena.submissions.models import Progress

blueprint = api_blueprint("challenges", "Challenges")
Answer = tuple[Response, int]


def asker() -> Any:
    """Who asks, or None for anyone."""
    return current_user if current_user.is_authenticated else None


@blueprint.get("/categories")
@blueprint.input(PageQuery, location="query")
def list_categories(query_data: PageQuery) -> Answer:
    """What challenges are sorted by."""
    found = catalogue().categories
    page = found[query_data.offset : query_data.offset + query_data.per_page]
    meta = page_meta(query_data.page, query_data.per_page, len(found))
    return ok([category.shown() for category in page], **meta)


@blueprint.get("/challenges")
@blueprint.input(ChallengesQuery, location="query")
def list_challenges(query_data: ChallengesQuery) -> Answer:
    """Published challenges, narrowed down; `meta.counts` says how many each choice would show.

    `q` looks for words in name, summary and category, `status` for where you stand. Instructors see drafts
    and archived ones by `state`.
    """
    asked = query_data
    wanted = Filter(
        asked.kind, asked.category, asked.difficulty, asked.status, asked.engine, asked.q
    )
    page = asked.offset, asked.per_page
    if asked.state in (None, "published") or not service.may_edit(asker()):
        found = service.listing(asker(), wanted, *page)
    else:
        found = service.unpublished(current_user, asked.state or "draft", wanted, *page)
    meta = page_meta(asked.page, asked.per_page, found.total)
    return ok([row.shown() for row in found.rows], **meta, counts=found.counts)


@blueprint.get("/challenges/<id:challenge_id>")
def show_challenge(challenge_id: int) -> Answer:
    """One challenge. Solution, hidden cases and answers are for those who may edit it."""
    return ok(service.view(challenge_id, asker()).shown())


@blueprint.post("/challenges/<id:challenge_id>/run")
@api_login_required
@limiter.limit(service.RUN_LIMIT)
@blueprint.input(RunIn, location="json")
def run(challenge_id: int, json_data: RunIn) -> Answer:
    """Try a query or code on the visible cases. Nothing is recorded but that you have begun."""
    fields = json_data.model_dump(exclude_unset=True)
    return ok(service.run(current_user, challenge_id, fields))


@blueprint.post("/challenges/<id:challenge_id>/plan")
@api_login_required
@limiter.limit(service.RUN_LIMIT)
@blueprint.input(PlanIn, location="json")
def plan(challenge_id: int, json_data: PlanIn) -> Answer:
    """How the engine would go about a query."""
    return ok(service.plan(current_user, challenge_id, json_data.query))


@blueprint.post("/challenges/<id:challenge_id>/hints")
@api_login_required
@limiter.limit(service.HINT_LIMIT)
@blueprint.input(HintIn, location="json")
def reveal_hint(challenge_id: int, json_data: HintIn) -> Answer:
    """Open the next hint. What it costs is taken off the points of your pass."""
    return ok(service.reveal_hint(current_user, challenge_id, json_data.number))


@blueprint.post("/attempts")
@api_login_required
@service.SUBMIT_LIMIT
@blueprint.input(AttemptIn, location="json")
@blueprint.doc(responses={202: "Taken in; its verdict comes by socket and at /submissions/{id}"})
def attempt(json_data: AttemptIn) -> Answer:
    """Hand in a `query`, `code` or `answers`, whichever the challenge takes.

    `answers` is {question id: answer}, or a list of {question_id, answer}, or a list of all answers in the
    order of the ids; null leaves a question blank. The very same query again returns its earlier attempt.
    """
    refuse_twins(request.get_data())
    fields = json_data.model_dump(exclude_unset=True, exclude={"challenge_id"})
    submission = service.submit(current_user, json_data.challenge_id, fields)
    return ok(submission.shown(), 202)


@blueprint.get("/progress")
@api_login_required
@blueprint.input(ProgressQuery, location="query")
def list_progress(query_data: ProgressQuery) -> Answer:
    """Where you stand with the challenges that you have begun."""
    query = (
        select(Progress)
        .join(Challenge, Challenge.id == Progress.task_id)
        .where(Progress.user_id == current_user.id)
        .order_by(Progress.task_id)
    )
    if query_data.challenge_id is not None:
        query = query.where(Progress.task_id == query_data.challenge_id)
    if query_data.status is not None:
        query = query.where(Progress.status == query_data.status)
    return paged(query, query_data, _progress)


@blueprint.post("/progress")
@api_login_required
@blueprint.input(ProgressIn, location="json")
def begin(json_data: ProgressIn) -> Answer:
    """Note that you have begun a challenge. Whoever is further stays there."""
    challenge = service.find_challenge(json_data.challenge_id, current_user)
    return ok(_progress(service.start(current_user, challenge)))


@blueprint.get("/users/<id:user_id>/challenges")
@blueprint.input(PageQuery, location="query")
def challenges_of(user_id: int, query_data: PageQuery) -> Answer:
    """The challenges that somebody has written; of drafts only instructors know."""
    return paged(
        service.created_by(user_id, asker()),
        query_data,
        lambda challenge: Row(Entry.of(challenge), None).shown(),
    )


@blueprint.get("/users/<id:user_id>/attempts/<id:attempt_id>")
@api_login_required
def attempt_of(user_id: int, attempt_id: int) -> Answer:
    """One attempt with its cases and what was handed in: your own, or anybody's for instructors."""
    submission = visible(attempt_id, current_user)
    if submission.user_id != user_id or submission.task.wing != "challenge":
        raise NotFound("There is no such attempt.")
    return ok(submission.shown() | submission.payload)


def _progress(row: Progress) -> dict[str, Any]:
    return {
        "challenge_id": row.task_id,
        "status": row.status,
        "attempts": row.attempts,
        "best_score": row.best_score,
        "completed_at": rfc3339(row.completed_at),
    }
