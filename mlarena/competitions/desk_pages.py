"""The organiser's desk by page: write, give answers and data, open, correct, end, export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts.clashes import Clash, require_read
from mlarena.accounts.permissions import role_required
from mlarena.competitions import authoring, desk, pages, service
from mlarena.competitions.desk_forms import AnswersForm, BaselineForm, CompetitionForm, DataForm
from mlarena.competitions.models import Competition
from mlarena.core.api import page_meta
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.core.uploads import takes_file

blueprint = Blueprint("organise", __name__, url_prefix="/competitions")

PER_PAGE = 30


def _largest() -> int:
    return settings().max_data_bytes


@blueprint.get("/organise")
@role_required("instructor")
def index() -> str:
    """Every competition, drafts and withdrawn ones too."""
    query = service.competitions_query(None, editor=True)
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    meta = page_meta(
        min(max(1, request.args.get("page", 1, type=int)), 10_000), PER_PAGE, total or 0
    )
    found = db.session.scalars(query.offset((meta["page"] - 1) * PER_PAGE).limit(PER_PAGE))
    return render_template(
        "competitions/organise.html", views=service.views(found, current_user), meta=meta
    )


@blueprint.get("/organise/new")
@role_required("instructor")
def new() -> str:
    form = CompetitionForm(formdata=None)
    form.starts_at.data, form.ends_at.data = desk.usual_times(current_user.timezone)
    return render_template("competitions/new.html", form=form)


@blueprint.post("/organise/new")
@role_required("instructor")
def create() -> Any:
    form = CompetitionForm()
    try:
        if not form.validate_on_submit():
            return render_template("competitions/new.html", form=form), 422
        made = authoring.create(current_user, form.fields(current_user.timezone))
    except Problem as problem:
        form.show(problem)
        return render_template("competitions/new.html", form=form), problem.status
    flash("It is written down as a draft. Give it its answers next.")
    return _to_desk(made.id)


@blueprint.get("/<id:competition_id>/desk")
@role_required("instructor")
def show(competition_id: int) -> str:
    return _page(service.find(competition_id, current_user))


@blueprint.post("/<id:competition_id>/desk")
@role_required("instructor")
def save(competition_id: int) -> Any:
    competition = service.find(competition_id, current_user)
    form = CompetitionForm()
    if not competition.hosted:
        form.for_kaggle()
    try:
        if not form.validate_on_submit():
            return _page(competition, form=form), 422
        authoring.update(
            competition,
            form.fields(current_user.timezone, competition),
            current_user,
            still=lambda: require_read(_form_of(competition), form),
        )
    except Clash as clash:
        return _page(competition, form=form, clash=clash), clash.status
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        return _page(service.find(competition_id, current_user), form=form), problem.status
    flash("Saved.")
    return _to_desk(competition_id)


@blueprint.post("/<id:competition_id>/desk/answers")
@takes_file(most=_largest)
@role_required("instructor")
def set_answers(competition_id: int) -> Any:
    competition = service.find(competition_id, current_user)
    form = AnswersForm()

    def act() -> str:
        sample = form.sample_file.data
        facts = authoring.set_answers(
            competition, form.answers_file.data.stream, sample.stream if sample else None
        )
        return f"{facts['rows']:,} answers are checked and kept."

    return _with(competition_id, "answers_form", form, act)


@blueprint.post("/<id:competition_id>/desk/files")
@takes_file(most=_largest)
@role_required("instructor")
def add_file(competition_id: int) -> Any:
    competition = service.find(competition_id, current_user)
    form = DataForm()

    def act() -> str:
        file = form.data_file.data
        kept = authoring.add_file(
            competition, file.filename or "", file.stream, form.note.data or ""
        )
        return f"{kept.name} is on the data page."

    return _with(competition_id, "data_form", form, act)


@blueprint.post("/<id:competition_id>/desk/files/<id:file_id>/remove")
@role_required("instructor")
def remove_file(competition_id: int, file_id: int) -> Any:
    authoring.remove_file(service.find(competition_id, current_user), file_id)
    return _to_desk(competition_id)


@blueprint.post("/<id:competition_id>/desk/baselines")
@takes_file()
@role_required("instructor")
def add_baseline(competition_id: int) -> Any:
    competition = service.find(competition_id, current_user)
    form = BaselineForm()

    def act() -> str:
        name = form.name.data or ""
        taken = authoring.add_baseline(competition, name, form.predictions_file.data.stream)
        return f"“{name}” is being scored." if taken else f"“{name}” is there already."

    return _with(competition_id, "baseline_form", form, act)


@blueprint.post("/<id:competition_id>/desk/duplicate")
@role_required("instructor")
def duplicate(competition_id: int) -> Any:
    copy = authoring.duplicate(current_user, service.find(competition_id, current_user))
    flash("This is the copy, a draft with the same answers and files. Look at its dates.")
    return _to_desk(copy.id)


@blueprint.post("/<id:competition_id>/desk/<any(open, end, withdraw, reopen, delete):step>")
@role_required("instructor")
def take_step(competition_id: int, step: str) -> Any:
    """One step of its life. What stands against it is named, one by one, above the desk."""
    competition = service.find(competition_id, current_user)
    act, said = STEPS[step]
    try:
        act(competition)
    except Problem as problem:
        db.session.rollback()
        for line in [line for lines in problem.errors.values() for line in lines] or [
            problem.message
        ]:
            flash(line, "error")
        return _page(service.find(competition_id, current_user)), problem.status
    flash(said)
    return (
        redirect(url_for("organise.index"), 303) if step == "delete" else _to_desk(competition_id)
    )


STEPS: dict[str, tuple[Callable[[Competition], Any], str]] = {
    "open": (authoring.open_, "It is open: everybody can see it."),
    "end": (authoring.end, "It has ended. The private board is there as soon as all is scored."),
    "withdraw": (authoring.close, "It is withdrawn: nobody sees it any more."),
    "reopen": (authoring.reopen, "It is back."),
    "delete": (authoring.remove, "The draft is gone."),
}


def _form_of(competition: Competition) -> CompetitionForm:
    """Filled with what is saved."""
    form = CompetitionForm(formdata=None).show_of(competition, current_user.timezone)
    return form if competition.hosted else form.for_kaggle()


def _page(competition: Competition, **more: Any) -> str:
    forms: dict[str, Any] = {
        "answers_form": AnswersForm(formdata=None),
        "data_form": DataForm(formdata=None),
        "baseline_form": BaselineForm(formdata=None),
    }
    more = forms | more
    if "form" not in more:
        more["form"] = _form_of(competition).begun()
    view = service.view(competition.id, current_user)
    return pages.page(view, "desk", desk=desk.desk(competition), **more)


def _with(competition_id: int, name: str, form: Any, act: Callable[[], str]) -> Any:
    """`act` on a form that holds a file; its words, or what was wrong beside the fields."""
    try:
        if not form.validate_on_submit():
            competition = service.find(competition_id, current_user)
            return _page(competition, **{name: form}), 422
        flash(act())
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        return _page(service.find(competition_id, current_user), **{name: form}), problem.status
    return _to_desk(competition_id)


def _to_desk(competition_id: int) -> Any:
    return redirect(url_for("organise.show", competition_id=competition_id), 303)
