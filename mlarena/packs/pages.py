"""Packs in the console: upload one, see what it would do, import it; export anything."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts import audit
from mlarena.accounts.permissions import role_required
from mlarena.challenges.models import Category, Challenge
from mlarena.competitions.models import HostedCompetition
from mlarena.core.db import db
from mlarena.core.errors import Invalid, Problem
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_file
from mlarena.packs import exporting, importer, uploads, zipped
from mlarena.packs.exporting import Chosen
from mlarena.packs.folder import PackError
from mlarena.packs.forms import PackForm
from mlarena.quests.models import Quest

blueprint = Blueprint("packs", __name__, url_prefix="/teach/packs")

IMPORT_LIMIT = "20 per minute"
MOST_LISTED = 500
KINDS = ("quests", "challenges", "categories", "competitions")


def _largest() -> int:
    return zipped.LARGEST_ZIP


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    return _page(PackForm(formdata=None))


@blueprint.post("")
@takes_file("Fewer tasks in one zip, or smaller tables, make it fit.", most=_largest)
@role_required("instructor")
@limiter.limit(IMPORT_LIMIT)
def upload() -> Any:
    form = PackForm()
    try:
        if not form.validate_on_submit():
            return _page(form), 422
        name = uploads.keep(current_user, form.pack_file.data.stream)
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        return _page(form), problem.status
    return redirect(url_for("packs.look", upload=name), 303)


@blueprint.get("/uploads/<upload>")
@role_required("instructor")
@limiter.limit(IMPORT_LIMIT)
def look(upload: str) -> str:
    """The dry run: what would be added, changed and left. Nothing is imported yet."""
    looked = uploads.look(current_user, upload)
    return render_template("packs/look.html", looked=looked, upload=upload)


@blueprint.post("/uploads/<upload>")
@role_required("instructor")
@limiter.limit(IMPORT_LIMIT)
def import_(upload: str) -> Any:
    try:
        done = uploads.import_kept(current_user, upload)
    except PackError as error:
        db.session.rollback()
        looked = uploads.look(current_user, upload)
        looked.plan.problems = error.problems
        return render_template("packs/look.html", looked=looked, upload=upload), 422
    made = f", {done.accounts} accounts" if done.accounts else ""
    flash(f"Imported: {importer.summary(done.imported)}{made}.")
    for line in done.said:
        if "stays a draft" in line:
            flash(line, "warning")
    return redirect(url_for("packs.index"), 303)


@blueprint.get("/export.zip")
@role_required("instructor")
def export() -> Response:
    """What the query names by id (`quests=1&quests=2&categories=3`), or `everything=1`."""
    given = request.args
    ids = {kind: given.getlist(kind, type=_id)[:MOST_LISTED] for kind in KINDS}
    found = {kind: [one for one in some if one] for kind, some in ids.items()}
    chosen = Chosen(**found, everything=bool(given.get("everything")))
    if not (chosen.everything or any(found.values())):
        raise Invalid("Choose what to export first.")
    name = "everything" if chosen.everything else _name(found)
    content = zipped.packed(exporting.export(chosen, name, f"Export: {name}"))
    # A GET that gives answers away: noted like an action.
    audit.note(current_user, "pack.export", "", **found, everything=chosen.everything)
    db.session.commit()
    answer = Response(content, mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _name(found: dict[str, list[int]]) -> str:
    """The slug of the one thing that is exported, or a word for several."""
    every = [(kind, number) for kind, some in found.items() for number in some]
    if len(every) == 1 and every[0][0] != "categories":
        models: dict[str, Any] = {
            "quests": Quest, "challenges": Challenge, "competitions": HostedCompetition,
        }  # fmt: skip
        row = db.session.get(models[every[0][0]], every[0][1])
        return str(row.slug) if row is not None else "export"
    return "export"


def _page(form: PackForm) -> str:
    """The form, and everything that can be exported, in as many queries as there are kinds."""

    def listed(model: Any) -> list[Any]:
        columns = select(model.id, model.title, model.status)
        return list(db.session.execute(columns.order_by(model.title).limit(MOST_LISTED)).all())

    categories = db.session.execute(
        select(Category.id, Category.name, func.count(Challenge.id))
        .outerjoin(Challenge, Challenge.category_id == Category.id)
        .group_by(Category.id)
        .order_by(Category.position)
    ).all()
    return render_template(
        "packs/index.html",
        form=form,
        quests=listed(Quest),
        competitions=listed(HostedCompetition),
        challenges=listed(Challenge),
        categories=categories,
    )
