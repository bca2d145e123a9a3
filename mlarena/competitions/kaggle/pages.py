"""The pages of mirrors: the instructor's desk, and a learner's name at Kaggle."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from sqlalchemy import func, select

from mlarena.accounts.permissions import role_required
from mlarena.competitions import service
from mlarena.competitions.kaggle import links, mirrors
from mlarena.competitions.kaggle.api import READ_LIMIT
from mlarena.competitions.kaggle.faults import VARIABLES
from mlarena.competitions.kaggle.forms import MirrorForm
from mlarena.competitions.kaggle.models import KaggleCompetition
from mlarena.core.api import page_meta
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Problem
from mlarena.core.security import limiter

blueprint = Blueprint("kaggle", __name__, url_prefix="/competitions/kaggle")
PER_PAGE = 25
MOST_VERIFIED = 200


@blueprint.get("")
@role_required("instructor")
def desk() -> str:
    return _desk(MirrorForm(formdata=None))


@blueprint.post("")
@role_required("instructor")
@limiter.limit(READ_LIMIT)
def mirror() -> Any:
    form = MirrorForm()
    if not form.validate_on_submit():
        return _desk(form), 422
    try:
        mirrors.mirror(current_user, form.slug.data, form.xp_reward.data, form.rated.data)
    except Problem as problem:
        form.show(problem)
        return _desk(form), problem.status
    flash("It is mirrored; its board comes in a moment.")
    return redirect(url_for("kaggle.desk"), 303)


@blueprint.post("/<id:competition_id>/sync")
@role_required("instructor")
@limiter.limit(READ_LIMIT)
def read_now(competition_id: int) -> Any:
    found = service.find(competition_id, current_user)
    if not isinstance(found, KaggleCompetition):
        raise Conflict("This competition is held here; there is nothing to read.")
    mirrors.read_soon(found)
    flash(f"A worker reads “{found.title}” from Kaggle now.")
    return redirect(url_for("kaggle.desk"), 303)


@blueprint.post("/links/<id:user_id>")
@role_required("instructor")
def verify(user_id: int) -> Any:
    try:
        link = links.verify(user_id, current_user)
    except Problem as problem:
        flash(problem.message, "warning")
    else:
        flash(f"{link.user.username} is {link.user.kaggle_username} at Kaggle.")
    return redirect(url_for("kaggle.desk"), 303)


@blueprint.post("/links/<id:user_id>/undo")
@role_required("instructor")
def undo(user_id: int) -> Any:
    links.undo(user_id)
    flash("Taken back. Ratings are made again.")
    return redirect(url_for("kaggle.desk"), 303)


@blueprint.get("/me")
@login_required
def own_link() -> str:
    return render_template("competitions/kaggle_me.html", link=links.link_of(current_user.id))


def _desk(form: MirrorForm) -> str:
    waiting, verified = links.links_query(False), links.links_query(True)
    total = db.session.scalar(select(func.count()).select_from(waiting.order_by(None).subquery()))
    number = max(1, min(request.args.get("page", 1, type=int), 100_000))
    watched = db.session.scalars(mirrors.mirrors_query().limit(100)).all()
    return render_template(
        "competitions/kaggle.html",
        form=form,
        ready=settings().kaggle_ready,
        variables=VARIABLES,
        mirrors=service.views(watched, None),
        waiting=db.session.scalars(waiting.offset((number - 1) * PER_PAGE).limit(PER_PAGE)).all(),
        meta=page_meta(number, PER_PAGE, total or 0),
        verified=db.session.scalars(verified.limit(MOST_VERIFIED)).all(),
    )
