"""The challenges' pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from mlarena.accounts.identity import signed_in
from mlarena.boards import service as boards
from mlarena.challenges import history, offer, service
from mlarena.challenges.catalogue import FACETS, Filter, catalogue
from mlarena.challenges.contents import KnowledgeContent
from mlarena.challenges.models import Category
from mlarena.challenges.next_up import next_up
from mlarena.challenges.payload import FIELDS
from mlarena.challenges.versions import content_of
from mlarena.challenges.views import View
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.core.security import limiter
from mlarena.submissions import footsteps
from mlarena.submissions.listing import submissions_query
from mlarena.submissions.models import Submission
from mlarena.submissions.pages import to_page_of

blueprint = Blueprint("challenges", __name__, url_prefix="/challenges")

PER_PAGE = 50
BOARD_ROWS = 10
ATTEMPTS = 8
ATTEMPTS_PER_PAGE = 20
# Finding the differences of two long texts keeps a core busy for a moment.
COMPARE_LIMIT = "60 per minute"


def asker() -> Any:
    return signed_in()


@blueprint.get("")
def index() -> str:
    reader = asker()
    shelf = offer.offered(reader)
    wanted = _filter(shelf.categories)
    number = max(1, min(request.args.get("page", 1, type=int), 100_000))
    found = service.listing(reader, wanted, (number - 1) * PER_PAGE, PER_PAGE, shelf)
    return render_template(
        "challenges/index.html",
        rows=found.rows,
        counts=found.counts,
        wanted=wanted,
        asked={name: value for name, value in vars(wanted).items() if value},
        categories=shelf.categories,
        coming=catalogue().coming,
        meta=page_meta(number, PER_PAGE, found.total),
        total=len(shelf.entries),
        solved=sum(
            row.status == "completed" and number in shelf.place
            for number, row in found.progress.items()
        ),
        step=next_up(shelf, found.progress),
    )


def _filter(categories: list[Category]) -> Filter:
    """What the address asks for. A word that is no choice narrows nothing down."""
    given = {name: request.args.get(name, "") for name in ("kind", "difficulty", "status")}
    chosen = {name: word if word in FACETS[name] else None for name, word in given.items()}
    known = {category.slug for category in categories}
    category = request.args.get("category", "")
    return Filter(
        **chosen,
        category=category if category in known else None,
        search=request.args.get("q", "")[:100],
    )


@blueprint.get("/<id:challenge_id>")
def show(challenge_id: int) -> str:
    view = service.view(challenge_id, asker())
    footsteps.view(asker(), view.challenge, view.progress is not None)
    return page(view)


@blueprint.post("/<id:challenge_id>")
@login_required
@service.SUBMIT_LIMIT
def submit(challenge_id: int) -> Any:
    view = service.view(challenge_id, current_user)
    given = _given(view)
    try:
        submission = service.submit(current_user, challenge_id, given)
    except Problem as problem:
        return page(
            service.view(challenge_id, current_user), given, problem=problem
        ), problem.status
    return to_page_of(submission)


@blueprint.post("/<id:challenge_id>/run")
@login_required
@limiter.limit(service.RUN_LIMIT)
def run(challenge_id: int) -> Any:
    """Visible cases, under the editor."""
    view = service.view(challenge_id, current_user)
    given = _given(view)
    try:
        result = service.run(current_user, challenge_id, given)
    except Problem as problem:
        return page(view, given, problem=problem), problem.status
    return page(service.view(challenge_id, current_user), given, result=result)


@blueprint.post("/<id:challenge_id>/plan")
@login_required
@limiter.limit(service.RUN_LIMIT)
def plan(challenge_id: int) -> Any:
    """How the engine would go about the query, under the editor."""
    view = service.view(challenge_id, current_user)
    given = _given(view)
    try:
        found = service.plan(current_user, challenge_id, given.get("query", ""))
    except Problem as problem:
        return page(view, given, problem=problem), problem.status
    return page(view, given, plan=found)


@blueprint.post("/<id:challenge_id>/hints")
@login_required
@limiter.limit(service.HINT_LIMIT)
def reveal_hint(challenge_id: int) -> Any:
    try:
        service.reveal_hint(current_user, challenge_id, request.form.get("number", 0, type=int))
    except Problem as problem:
        if problem.status != 409:
            raise
        flash(problem.message, "warning")
    return redirect(url_for("challenges.show", challenge_id=challenge_id, _anchor="hints"), 303)


@blueprint.get("/<id:challenge_id>/attempts")
@login_required
@limiter.limit(COMPARE_LIMIT)
def attempts(challenge_id: int) -> str:
    """One's own attempts; and what changed between two of them: ?one=ID&other=ID, else the last two."""
    challenge = service.find_challenge(challenge_id, current_user)
    number = max(1, min(request.args.get("page", 1, type=int), 100_000))
    start = (number - 1) * ATTEMPTS_PER_PAGE
    rows, total = history.attempts(current_user, challenge, start, ATTEMPTS_PER_PAGE)
    asked = [request.args.get(name, type=int) for name in ("one", "other")]
    if asked == [None, None] and challenge.kind != "knowledge" and len(rows) > 1:
        asked = [rows[1].id, rows[0].id]
    compared = None
    if asked[0] is not None and asked[1] is not None:
        compared = history.compare(current_user, challenge, asked[0], asked[1])
    return render_template(
        "challenges/attempts.html",
        challenge=challenge,
        attempts=rows,
        compared=compared,
        meta=page_meta(number, ATTEMPTS_PER_PAGE, total),
    )


def _given(view: View) -> dict[str, Any]:
    """What the form holds, as the API takes it."""
    kind = view.challenge.kind
    if kind != "knowledge":
        # A browser sends the line ends of a letter, not of a program.
        text = request.form.get(FIELDS[kind], "").replace("\r\n", "\n")
        return {FIELDS[kind]: text}
    content = content_of(view.version)
    assert isinstance(content, KnowledgeContent)  # noqa: S101
    answers: dict[str, Any] = {}
    for number, question in enumerate(content.questions, 1):
        name = f"q{number}"
        many = question.kind == "multiple"
        answers[str(number)] = request.form.getlist(name) if many else request.form.get(name)
    return {"answers": answers}


def page(
    view: View,
    given: dict[str, Any] | None = None,
    problem: Problem | None = None,
    result: dict[str, Any] | None = None,
    plan: dict[str, Any] | None = None,
    preview: bool = False,
) -> str:
    """The challenge's page, with what was written into it and what came of that. `preview`: for its
    author, as a learner sees it."""
    challenge, user = view.challenge, asker()
    attempts: list[Submission] = []
    if user is not None and not preview:
        query = submissions_query(user_id=user.id, task_id=challenge.id).limit(ATTEMPTS)
        attempts = list(db.session.scalars(query))
    return render_template(
        "challenges/show.html",
        view=view,
        challenge=challenge,
        task=view.task,
        given=given or {},
        problem=problem,
        result=result,
        plan=plan,
        preview=preview,
        attempts=attempts,
        latest=_latest(attempts, challenge.kind),
        board_name=challenge.board(),
        board=boards.page(challenge.board(), 1, BOARD_ROWS, viewer=user),
    )


def _latest(attempts: list[Submission], kind: str) -> Any:
    """What was handed in last: where the editor goes on."""
    return attempts[0].payload.get(FIELDS[kind]) if attempts else None
