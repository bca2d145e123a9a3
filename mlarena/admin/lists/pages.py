"""The lists by page: look, order, do something to many, write what is written here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select

from mlarena.accounts.clashes import Clash, require_read
from mlarena.accounts.permissions import WORDS, role_required
from mlarena.admin.lists import bulk, reading, shelves, things
from mlarena.admin.lists.forms import FORMS, ThingForm
from mlarena.admin.lists.shelves import ROLES, SHELVES, Shelf
from mlarena.challenges.models import Category
from mlarena.cohorts import access
from mlarena.cohorts.models import Cohort
from mlarena.core.api import LARGEST_ID, page_meta
from mlarena.core.db import db
from mlarena.core.errors import Forbidden, NotFound, Problem

blueprint = Blueprint("lists", __name__, url_prefix="/teach/lists")

MOST_TOLD = 5


def _shelf(name: str) -> Shelf:
    """Raises NotFound, and Forbidden where it is for admins."""
    found = shelves.find(name)
    if not current_user.is_at_least(found.role):
        raise Forbidden(WORDS[found.role])
    return found


def _written(name: str) -> Shelf:
    found = _shelf(name)
    if not found.written:
        raise NotFound("These are not written here.")
    return found


@blueprint.get("/<shelf_name>")
@role_required("instructor")
def index(shelf_name: str) -> str:
    return _page(_shelf(shelf_name))


@blueprint.post("/<shelf_name>/act")
@role_required("instructor")
def act(shelf_name: str) -> Any:
    shelf = _shelf(shelf_name)
    action = shelf.actions.get(request.form.get("action", ""))
    try:
        if action is None:
            raise NotFound("Choose what is to be done.")
        ids = [one for one in request.form.getlist("ids", type=int) if 0 < one <= LARGEST_ID]
        outcome = bulk.act(current_user, shelf.model, action, ids, request.form)
    except Problem as problem:
        flash(problem.message, "error")
        return _page(shelf), 422
    if outcome.done:
        flash(f"{outcome.done:,} {action.done}.")
    for words in outcome.refused[:MOST_TOLD]:
        flash(words, "error")
    if len(outcome.refused) > MOST_TOLD:
        flash(f"{len(outcome.refused) - MOST_TOLD:,} more were refused.", "error")
    return redirect(url_for("lists.index", shelf_name=shelf_name), 303)


@blueprint.post("/<shelf_name>/order")
@role_required("instructor")
def arrange(shelf_name: str) -> Any:
    ids = [one for one in request.form.getlist("ids", type=int) if 0 < one <= LARGEST_ID]
    reading.arrange(current_user, _shelf(shelf_name), ids)
    return redirect(url_for("lists.index", shelf_name=shelf_name), 303)


@blueprint.post("/<shelf_name>/<id:thing_id>/<any(up, down):way>")
@role_required("instructor")
def move(shelf_name: str, thing_id: int, way: str) -> Any:
    reading.move(current_user, _shelf(shelf_name), thing_id, way)
    number = request.form.get("page", 1, type=int)
    return redirect(url_for("lists.index", shelf_name=shelf_name, page=number), 303)


@blueprint.route("/<shelf_name>/new", methods=["GET", "POST"])
@role_required("instructor")
def new(shelf_name: str) -> Any:
    shelf = _written(shelf_name)
    if not shelf.makes:
        raise NotFound("These are not made here.")
    return _take(shelf, None)


@blueprint.route("/<shelf_name>/<id:thing_id>", methods=["GET", "POST"])
@role_required("instructor")
def edit(shelf_name: str, thing_id: int) -> Any:
    shelf = _written(shelf_name)
    return _take(shelf, reading.one(shelf, thing_id))


@blueprint.post("/<shelf_name>/<id:thing_id>/delete")
@role_required("instructor")
def delete(shelf_name: str, thing_id: int) -> Any:
    shelf = _written(shelf_name)
    thing = reading.one(shelf, thing_id)
    name = things.name_of(thing)
    try:
        things.remove(current_user, thing)
    except Problem as problem:
        flash(problem.message, "error")
        form = FORMS[shelf.name](formdata=None).show_of(thing)
        return _form_page(shelf, form, thing), problem.status
    flash(f"“{name}” is gone.")
    return redirect(url_for("lists.index", shelf_name=shelf_name), 303)


def _take(shelf: Shelf, known: Any) -> Any:
    make = FORMS[shelf.name]
    if request.method == "GET":
        shown = make(formdata=None)
        return _form_page(shelf, shown.show_of(known) if known else shown, known)
    form = make()
    try:
        if not form.validate_on_submit():
            return _form_page(shelf, form, known), 422
        shelf.save(
            current_user,
            known or shelf.model(),
            form.fields(),
            still=lambda: require_read(make(formdata=None).show_of(known), form),
        )
    except Clash as clash:
        return _form_page(shelf, form, known, clash), clash.status
    except Problem as problem:
        form.show(problem)
        return _form_page(shelf, form, known), problem.status
    flash("Saved.")
    return redirect(url_for("lists.index", shelf_name=shelf.name), 303)


def _form_page(shelf: Shelf, form: ThingForm, known: Any, clash: Clash | None = None) -> str:
    return render_template(
        "admin/list_form.html",
        shelf=shelf,
        form=form,
        thing=known,
        clash=clash,
        why_not=things.in_use(known) if known else "",
    )


def _page(shelf: Shelf) -> str:
    wanted = reading.Wanted.of(shelf, request.args)
    number = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    rows, total = reading.page(shelf, wanted, current_user, (number - 1) * reading.PER_PAGE)
    wants = {action.wants for action in shelf.actions.values() if action.wants}
    choices: dict[str, list[tuple[Any, str]]] = {}
    if "role" in wants:
        choices["role"] = list(ROLES.items())
    if "category" in wants:
        listed = select(Category.id, Category.name).order_by(Category.position)
        found = db.session.execute(listed)
        choices["category"] = [("", "none"), *[(row[0], row[1]) for row in found]]
    if "cohort" in wants:
        led = select(Cohort.id, Cohort.title).where(
            access.led_by(current_user), Cohort.archived_at.is_(None)
        )
        mine = db.session.execute(led.order_by(Cohort.title).limit(200))
        choices["cohort"] = [(row[0], row[1]) for row in mine]
    return render_template(
        "admin/list.html",
        shelf=shelf,
        shelves=[one for one in SHELVES.values() if current_user.is_at_least(one.role)],
        rows=rows,
        wanted=wanted,
        choices=choices,
        meta=page_meta(number, reading.PER_PAGE, total),
    )
