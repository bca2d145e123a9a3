"""Taking part by page: register, hand in, choose what counts, stand together."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_login import current_user, login_required

from mlarena.competitions import limits, pages, service, teams
from mlarena.competitions.forms import JoinForm, PredictionsForm, TeamForm
from mlarena.core.db import db
from mlarena.core.errors import Forbidden, Problem
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_file
from mlarena.submissions.pages import to_page_of

blueprint = Blueprint("entries", __name__, url_prefix="/competitions")

SMALLER = "Write fewer decimals, and only the columns of the sample submission."
SHOWN = 100


@blueprint.get("/<id:competition_id>/entry")
@login_required
def show(competition_id: int) -> str:
    """What one has handed in, what of it counts, and whom one stands with."""
    return _page(competition_id)


@blueprint.post("/<id:competition_id>/register")
@login_required
def register(competition_id: int) -> Any:
    service.register(current_user, service.find(competition_id, current_user))
    return redirect(url_for("competitions.show", competition_id=competition_id, _anchor="do"), 303)


@blueprint.post("/<id:competition_id>/withdraw")
@login_required
def withdraw(competition_id: int) -> Any:
    try:
        service.withdraw(current_user, service.find(competition_id, current_user))
    except Problem as problem:
        return _refused(competition_id, problem)
    flash("You do not take part any more.")
    return redirect(url_for("competitions.show", competition_id=competition_id), 303)


@blueprint.post("/<id:competition_id>/submit")
@takes_file(SMALLER)
@login_required
@limiter.limit(service.SUBMIT_LIMIT)
def submit(competition_id: int) -> Any:
    competition = service.find(competition_id, current_user)
    form = PredictionsForm()
    if not form.validate_on_submit():
        return pages.page(service.view(competition_id, current_user), "overview", form=form), 422
    file = form.predictions_file.data
    try:
        submission = service.submit(current_user, competition, file.filename or "", file.stream)
    except Problem as problem:
        form.predictions_file.errors = [problem.message]
        view = service.view(competition_id, current_user)
        return pages.page(view, "overview", form=form), problem.status
    return to_page_of(submission)


@blueprint.post("/<id:competition_id>/selection")
@login_required
def choose(competition_id: int) -> Any:
    competition = service.find(competition_id, current_user)
    chosen = [int(one) for one in request.form.getlist("submission_ids") if one.isdecimal()]
    try:
        service.select_final(current_user, competition, chosen)
    except Problem as problem:
        return _refused(competition_id, problem)
    flash("These count at the end." if chosen else "Your best public one counts at the end.")
    return _back(competition_id, "handed-in")


@blueprint.post("/<id:competition_id>/team")
@login_required
@limiter.limit(service.JOIN_LIMIT)
def create_team(competition_id: int) -> Any:
    competition = service.find(competition_id, current_user)
    form = TeamForm()
    try:
        if not form.validate_on_submit():
            return _page(competition_id, team_form=form), 422
        teams.create(current_user, competition, form.name.data or "")
    except Problem as problem:
        form.show(problem)
        return _page(competition_id, team_form=form), problem.status
    return _back(competition_id, "team")


@blueprint.post("/<id:competition_id>/team/join")
@login_required
@limiter.limit(service.JOIN_LIMIT)
def join_team(competition_id: int) -> Any:
    competition = service.find(competition_id, current_user)
    form = JoinForm()
    try:
        if not form.validate_on_submit():
            return _page(competition_id, join_form=form), 422
        teams.join(current_user, competition, form.code.data or "")
    except Problem as problem:
        form.show(problem)
        return _page(competition_id, join_form=form), problem.status
    return _back(competition_id, "team")


@blueprint.post("/<id:competition_id>/team/leave")
@login_required
def leave_team(competition_id: int) -> Any:
    try:
        teams.leave(current_user, service.find(competition_id, current_user))
    except Problem as problem:
        return _refused(competition_id, problem)
    return _back(competition_id, "team")


def _page(competition_id: int, **more: Any) -> str:
    """Raises Forbidden for who does not take part."""
    view = service.view(competition_id, current_user)
    own = view.entrant
    if own is None:
        raise Forbidden(limits.NOT_IN)
    competition = view.competition
    rows = list(db.session.scalars(service.entries(competition, own.id).limit(SHOWN)))
    known = service.scores_of(competition, [row.id for row in rows])
    more.setdefault("team_form", TeamForm(formdata=None))
    more.setdefault("join_form", JoinForm(formdata=None))
    return pages.page(
        view,
        "entry",
        rows=[(row, known.get(row.id, service.NO_ENTRY)) for row in rows],
        can_leave=not any(row.status not in ("failed", "error") for row in rows),
        teams_open=teams.may_form(competition),
        **more,
    )


def _refused(competition_id: int, problem: Problem) -> Any:
    """What a form without fields of its own was refused for stands above the page it came from."""
    if service.view(competition_id, current_user).entrant is None:
        raise problem
    flash(problem.message, "error")
    return _page(competition_id), problem.status


def _back(competition_id: int, anchor: str) -> Any:
    return redirect(url_for("entries.show", competition_id=competition_id, _anchor=anchor), 303)
