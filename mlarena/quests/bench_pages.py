"""*Train here* on a quest's page: the doors of its form, and the part of the page that shows a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from mlarena.core.errors import Conflict, Invalid, Problem
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_code
from mlarena.quests import code, pages, service, tries
from mlarena.quests.workbench import run_of
from mlarena.submissions.listing import visible
from mlarena.submissions.notices import looked_at

blueprint = Blueprint("workbench", __name__, url_prefix="/quests")


@blueprint.post("/<id:quest_id>/train")
@takes_code
@login_required
@limiter.limit(service.TRAIN_LIMIT)
def train(quest_id: int) -> Any:
    def hand_in(given: str) -> str:
        submission = service.train_model(current_user, quest_id, given)
        looked_at(submission)
        return url_for("submissions.show", submission_id=submission.id)

    return _with_code(quest_id, hand_in)


@blueprint.post("/<id:quest_id>/try")
@takes_code
@login_required
@limiter.limit(service.TRY_LIMIT)
def try_out(quest_id: int) -> Any:
    def start(given: str) -> str:
        tries.start(current_user, quest_id, given)
        return url_for("quests.show", quest_id=quest_id, _anchor="run")

    return _with_code(quest_id, start)


@blueprint.post("/<id:quest_id>/try/cancel")
@login_required
def cancel(quest_id: int) -> Any:
    try:
        tries.cancel(current_user, service.open_quest(quest_id, current_user))
    except Conflict as late:
        flash(late.message, "warning")
    return redirect(url_for("quests.show", quest_id=quest_id, _anchor="run"), 303)


@blueprint.get("/<id:quest_id>/run")
@login_required
def run(quest_id: int) -> str:
    """The part of the page that shows a run: of `?submission=`, else the asker's try."""
    quest = service.open_quest(quest_id, current_user)
    number = request.args.get("submission", type=int)
    submission = visible(number, current_user) if number else None
    if submission is not None and submission.task_id != quest.id:
        submission = None
    return render_template("quests/run.html", run=run_of(current_user, quest, submission))


def _with_code(quest_id: int, act: Callable[[str], str]) -> Any:
    """`act` on the code of the form, and go where it says. What is refused stays in the editor."""
    view = service.opened(quest_id, current_user)
    given = request.form.get("code", "")
    try:
        try:
            checked = code.checked(given)
        except ValueError as wrong:
            raise Invalid.field("code", str(wrong)) from None
        return redirect(act(checked), 303)
    except Problem as problem:
        return pages.page(view, code=given, errors=[problem.message]), problem.status
