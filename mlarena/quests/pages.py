"""The quests' pages."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from mlarena.boards import service as boards
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import NotFound, Problem
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_upload
from mlarena.quests import downloads, service
from mlarena.quests.artifact import FORMATS
from mlarena.quests.catalogue import published
from mlarena.quests.forms import ModelForm
from mlarena.submissions.listing import submissions_query

blueprint = Blueprint("quests", __name__, url_prefix="/quests")

BOARD_ROWS = 10
ATTEMPTS = 5


def asker() -> Any:
    return current_user if current_user.is_authenticated else None


@blueprint.get("")
def index() -> str:
    views = service.views(published().values(), asker())
    levels = [(level, list(of)) for level, of in groupby(views, lambda view: view.quest.level)]
    return render_template("quests/index.html", levels=levels, xp=service.xp_of(asker()))


@blueprint.get("/<id:quest_id>")
def show(quest_id: int) -> str:
    return _page(service.view(quest_id, asker()), ModelForm(formdata=None))


@blueprint.post("/<id:quest_id>")
@takes_upload
@login_required
@limiter.limit(service.SUBMIT_LIMIT)
def submit(quest_id: int) -> Any:
    view = service.opened(quest_id, current_user)
    form = ModelForm()
    if form.validate_on_submit():
        file = form.model_file.data
        try:
            submission = service.submit_model(
                current_user, view.quest, file.filename or "", file.stream
            )
        except Problem as problem:
            form.model_file.errors = [problem.message]
            return _page(service.view(quest_id, current_user), form), problem.status
        return redirect(url_for("submissions.show", submission_id=submission.id), 303)
    return _page(view, form), 422


@blueprint.get("/<id:quest_id>/data/<any(train, sample):part>.csv")
@login_required
def download(quest_id: int, part: str) -> Response:
    if part not in ("train", "sample"):
        raise NotFound("There is no such file.")
    view = service.opened(quest_id, current_user)
    return downloads.csv(view.quest.dataset, part)  # type: ignore[arg-type]


def _page(view: service.QuestView, form: ModelForm) -> str:
    quest = view.quest
    attempts = []
    if current_user.is_authenticated:
        query = submissions_query(user_id=current_user.id, task_id=quest.id).limit(ATTEMPTS)
        attempts = list(db.session.scalars(query))
    return render_template(
        "quests/show.html",
        view=view,
        quest=quest,
        rule=quest.rule(),
        form=form,
        attempts=attempts,
        board_name=quest.board(),
        board=boards.page(quest.board(), 1, BOARD_ROWS, viewer=asker()),
        formats=FORMATS,
        max_mb=settings().max_upload_mb,
        login_next=request.path,
    )
