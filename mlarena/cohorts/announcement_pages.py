"""Announcements by page: all that was said to a reader, and the form that they are written with."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from sqlalchemy import func, select

from mlarena.accounts.clashes import Clash, require_read
from mlarena.accounts.permissions import role_required
from mlarena.cohorts import access, announcements
from mlarena.cohorts.announcements import EVERYONE
from mlarena.cohorts.forms import AnnouncementForm
from mlarena.cohorts.models import Announcement, Cohort
from mlarena.core.api import LARGEST_ID, page_meta
from mlarena.core.db import db
from mlarena.core.errors import Problem

blueprint = Blueprint("announcements", __name__)

PER_PAGE = 20
MOST_COHORTS = 500
DONE = {
    "save": "Saved.",
    "publish": "Published: whom it is for reads it, and is told.",
    "withdraw": "It is a draft again, and nobody reads it.",
}


@blueprint.get("/announcements")
@login_required
def index() -> str:
    """What was said to everybody and to one's cohorts; with `cohort`, to that one."""
    query = announcements.read_by(current_user)
    cohort = None
    cohort_id = request.args.get("cohort", type=int)
    if cohort_id is not None and 0 < cohort_id <= LARGEST_ID:
        cohort = access.seen(cohort_id, current_user)
        said = Announcement.cohort_id == cohort_id, Announcement.published_at.is_not(None)
        query = select(Announcement).where(*said)
        query = query.order_by(Announcement.published_at.desc(), Announcement.id.desc())
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    found = db.session.scalars(query.offset((number - 1) * PER_PAGE).limit(PER_PAGE)).all()
    return render_template(
        "cohorts/announcements.html",
        found=found,
        cohort=cohort,
        meta=page_meta(number, PER_PAGE, total or 0),
    )


@blueprint.route("/teach/announcements/new", methods=["GET", "POST"])
@role_required("instructor")
def new() -> Any:
    """To everybody, or to a cohort of one's own."""
    if request.method == "GET":
        wanted = request.args.get("cohort", EVERYONE)[:20]
        form = _prepared(AnnouncementForm(formdata=None, data={"audience": wanted}))
        return _page(form, None)
    return _take(None)


@blueprint.route("/teach/announcements/<id:announcement_id>", methods=["GET", "POST"])
@role_required("instructor")
def edit(announcement_id: int) -> Any:
    said = announcements.find(announcement_id, current_user)
    return _page(_form_of(said).begun(), said) if request.method == "GET" else _take(said)


def _take(said: Announcement | None) -> Any:
    form, do = _prepared(AnnouncementForm()), request.form.get("do", "save")
    if said is not None and do == "delete":
        announcements.remove(current_user, said)
        flash(f"“{said.title}” is gone.")
        return redirect(url_for("lists.index", shelf_name="announcements"), 303)
    try:
        if not form.validate_on_submit():
            return _page(form, said), 422
        said = _save(said, form, do)
    except Clash as clash:
        return _page(form, said, clash), clash.status
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        return _page(form, said), problem.status
    flash(DONE.get(do, DONE["save"]))
    return redirect(url_for("announcements.edit", announcement_id=said.id), 303)


def _save(said: Announcement | None, form: AnnouncementForm, do: str) -> Announcement:
    title, body = form.title.data or "", form.body.data or ""
    cohort = announcements.audience_of(current_user, form.audience.data or "")
    if said is None:
        make = announcements.announce if do == "publish" else announcements.draft
        return make(current_user, cohort, title, body)
    still = partial(_require_read, said, form)
    said = announcements.change(current_user, said, cohort, title, body, still)
    if do == "publish":
        announcements.publish(current_user, said)
    elif do == "withdraw":
        announcements.withdraw(current_user, said)
    return said


def _require_read(said: Announcement, form: AnnouncementForm) -> None:
    require_read(_form_of(said), form)


def _prepared(form: AnnouncementForm) -> AnnouncementForm:
    """With the audiences that its writer has."""
    led = select(Cohort.id, Cohort.title).where(access.led_by(current_user))
    mine = db.session.execute(led.order_by(Cohort.title, Cohort.id).limit(MOST_COHORTS))
    form.audience.choices = [(EVERYONE, "Everybody"), *((str(row[0]), row[1]) for row in mine)]
    return form


def _form_of(said: Announcement) -> AnnouncementForm:
    """Filled with what is saved."""
    about = {
        "audience": str(said.cohort_id or EVERYONE),
        "title": said.title,
        "body": said.body,
    }
    return _prepared(AnnouncementForm(formdata=None, data=about))


def _page(form: AnnouncementForm, said: Announcement | None, clash: Clash | None = None) -> str:
    return render_template("cohorts/desk/announcement.html", form=form, said=said, clash=clash)
