"""The quests' pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_login import current_user, login_required

from mlarena.accounts.identity import signed_in
from mlarena.boards import service as boards
from mlarena.boards.spread import spread
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import NotFound, Problem
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_upload
from mlarena.quests import downloads, service
from mlarena.quests.catalogue import coming, published
from mlarena.quests.forms import ModelForm
from mlarena.quests.path import stretches
from mlarena.quests.workbench import workbench
from mlarena.submissions import footsteps
from mlarena.submissions.listing import submissions_query
from mlarena.submissions.models import Submission
from mlarena.submissions.pages import to_page_of

blueprint = Blueprint("quests", __name__, url_prefix="/quests")

BOARD_ROWS = 10
ATTEMPTS = 5
PER_PAGE = 60


def asker() -> Any:
    return signed_in()


@blueprint.get("")
def index() -> str:
    """The map; with `level`, all quests of that level, a page at a time."""
    reader = asker()
    xp = service.xp_of(reader)
    views = service.views(published().values(), reader, xp)
    step = service.next_of(views)
    level = request.args.get("level", type=int)
    only, meta = None, None
    if level is not None:
        views = [view for view in views if view.quest.level_id == level]
        if not views:
            raise NotFound("There is no such level, or it has no quests yet.")
        [only] = stretches(views)
        last = page_meta(1, PER_PAGE, len(views))["pages"]
        page = min(max(1, request.args.get("page", 1, type=int)), last)
        meta, start = page_meta(page, PER_PAGE, len(views)), (page - 1) * PER_PAGE
        shown = [replace(only, views=tuple(views[start : start + PER_PAGE]))]
    else:
        shown = stretches(views)
    return render_template(
        "quests/index.html",
        stretches=shown,
        only=only,
        meta=meta,
        step=step,
        coming=coming() if level is None else [],
        passed=sum(view.state == "completed" for view in views),
        total=len(views),
        xp=xp,
    )


@blueprint.get("/<id:quest_id>")
def show(quest_id: int) -> str:
    view = service.view(quest_id, asker())
    footsteps.view(asker(), view.quest, view.state != "new")
    return page(view)


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
            return page(service.view(quest_id, current_user), form), problem.status
        return to_page_of(submission)
    return page(view, form), 422


@blueprint.get("/<id:quest_id>/data/<any(train, sample):part>.csv")
@login_required
def download(quest_id: int, part: str) -> Response:
    if part not in ("train", "sample"):
        raise NotFound("There is no such file.")
    view = service.opened(quest_id, current_user)
    service.start(current_user, view)
    return downloads.csv(view.quest.dataset, part)  # type: ignore[arg-type]


@blueprint.get("/<id:quest_id>/starter.<any(py, ipynb):program>")
@login_required
def starter(quest_id: int, program: Any) -> Response:
    return downloads.program(service.opened(quest_id, current_user).quest, program)


@blueprint.get("/<id:quest_id>/sample-model.<any(joblib, skops):model_format>")
@login_required
def sample_model(quest_id: int, model_format: Any) -> Response:
    quest = service.opened(quest_id, current_user).quest
    return downloads.sample_model(quest.dataset, model_format)


def page(view: service.QuestView, form: ModelForm | None = None, **bench: Any) -> str:
    """The quest's page; `bench` is what the workbench is to show."""
    quest, rule, user = view.quest, view.quest.rule(), asker()
    attempts: list[Submission] = []
    training = None
    if user is not None:
        query = submissions_query(user_id=user.id, task_id=quest.id).limit(ATTEMPTS)
        attempts = list(db.session.scalars(query))
        if not view.locked:
            bench.setdefault("source", request.args.get("from", type=int))
            training = workbench(user, quest, attempts, **bench)
    return render_template(
        "quests/show.html",
        view=view,
        quest=quest,
        rule=rule,
        form=form or ModelForm(formdata=None),
        bench=training,
        may_enter=user is not None and not view.locked,
        xp=service.xp_of(user) if view.locked else 0,
        attempts=attempts,
        attempts_left=service.attempts_left(user, quest) if user is not None else None,
        limits=service.limits_of(quest),
        field=_field(view),
        board_name=quest.board(),
        board=boards.page(quest.board(), 1, BOARD_ROWS, viewer=user),
    )


def _field(view: service.QuestView) -> dict[str, Any] | None:
    """How everybody's scores are spread, with what passes and where the reader stands among them."""
    found = spread(view.quest.board())
    if found is None:
        return None
    marks = [("To pass", view.quest.threshold, "threshold")]
    if view.best_score is not None:
        marks.append(("You", view.best_score, "me"))
    edges = [found.edge(number) for number in range(len(found.counts) + 1)]
    return {"edges": edges, "counts": found.counts, "people": found.people, "marks": marks}
