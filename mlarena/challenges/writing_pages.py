"""Where instructors write challenges: their list, and one form for each kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user

from mlarena.accounts.clashes import Clash, differences
from mlarena.accounts.moments import moments, show_moments
from mlarena.accounts.permissions import role_required
from mlarena.challenges import authored, authoring, offer, pages, service, shelving
from mlarena.challenges.form_values import EMPTY, WRONG, filled, written
from mlarena.challenges.forms import FORMS, ChallengeForm
from mlarena.challenges.models import KINDS, Challenge
from mlarena.challenges.versions import whole
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid, Problem
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_code
from mlarena.submissions.times import TIMES

blueprint = Blueprint("writing", __name__, url_prefix="/challenges")

PER_PAGE = 50
# What a button of the form does → what that is for `publish`.
SAVES: dict[str, bool | None] = {"save": None, "preview": None, "publish": True, "withdraw": False}
DONE = {
    "save": "Saved.",
    "preview": "Saved. This is what learners will see.",
    "publish": "Published: everybody finds it from now on.",
    "withdraw": "It is a draft again, and nobody finds it.",
}

LATER = "It will be published at the time that you gave."


@blueprint.get("/written")
@role_required("instructor")
def index() -> str:
    """What has been written, by whomever."""
    given = request.args
    wanted = authored.Wanted(
        given.get("state") if given.get("state") in authored.STATES else None,
        given.get("kind") if given.get("kind") in KINDS else None,
        current_user.id if given.get("by") == "me" else None,
        given.get("q", "")[:100].replace("\0", ""),
    )
    number = max(1, min(given.get("page", 1, type=int), 100_000))
    found = authored.listing(wanted, (number - 1) * PER_PAGE, PER_PAGE)
    asked = {"kind": wanted.kind, "by": "me" if wanted.author_id else None, "q": wanted.search}
    return render_template(
        "challenges/writing/index.html",
        found=found,
        wanted=wanted,
        asked={name: value for name, value in asked.items() if value},
        meta=page_meta(number, PER_PAGE, found.total),
    )


@blueprint.route("/new/<any(sql, coding, knowledge):challenge_kind>", methods=["GET", "POST"])
@takes_code
@role_required("instructor")
@limiter.limit(authoring.SAVE_LIMIT, methods=["POST"])
def write(challenge_kind: str) -> Any:
    if request.method == "GET":
        empty = FORMS[challenge_kind](formdata=None, data=EMPTY[challenge_kind])
        return _page(challenge_kind, empty)
    return _take(challenge_kind, None)


@blueprint.route("/<id:challenge_id>/edit", methods=["GET", "POST"])
@takes_code
@role_required("instructor")
@limiter.limit(authoring.SAVE_LIMIT, methods=["POST"])
def edit(challenge_id: int) -> Any:
    challenge = service.find_challenge(challenge_id, current_user)
    if request.method == "GET":
        return _page(challenge.kind, _form_of(challenge), challenge)
    return _take(challenge.kind, challenge)


@blueprint.get("/<id:challenge_id>/preview")
@role_required("instructor")
def preview(challenge_id: int) -> str:
    """What a learner sees who has just come."""
    view = service.view(challenge_id, current_user)
    left = view.challenge.attempts_allowed
    fresh = replace(view, may_edit=False, progress=None, hints_open=0, attempts_left=left)
    return pages.page(fresh, preview=True)


@blueprint.post("/<id:challenge_id>/duplicate")
@role_required("instructor")
def duplicate(challenge_id: int) -> Any:
    copy = authoring.duplicate(current_user, service.find_challenge(challenge_id, current_user))
    flash("This is the copy, a draft.")
    return redirect(url_for("writing.edit", challenge_id=copy.id), 303)


@blueprint.post("/<id:challenge_id>/archive")
@role_required("instructor")
def archive(challenge_id: int) -> Any:
    challenge = service.find_challenge(challenge_id, current_user)
    shelving.archive(challenge)
    flash(f"“{challenge.title}” is archived. What has been handed in is still judged.")
    return redirect(url_for("writing.index", state="archived"), 303)


@blueprint.post("/<id:challenge_id>/delete")
@role_required("instructor")
def delete(challenge_id: int) -> Any:
    challenge = service.find_challenge(challenge_id, current_user)
    title = challenge.title
    if shelving.remove(challenge) == "archived":
        flash(f"“{title}” is archived, not deleted: learners have handed something in.", "warning")
        return redirect(url_for("writing.index", state="archived"), 303)
    flash(f"“{title}” is deleted.")
    return redirect(url_for("writing.index"), 303)


def _take(kind: str, challenge: Challenge | None) -> Any:
    """What the pressed button asks for. Whatever is wrong, the form comes back as it was typed."""
    form = FORMS[kind]()
    do = request.form.get("do", "save")
    if do == "again":  # what was sent when nobody was logged in any more
        return _page(kind, form, challenge)
    if ":" in do:
        return _page(kind, form, challenge, focus=form.arrange(do))
    try:
        form.validate()
        if form.faults():
            raise Invalid(WRONG)
        fields = written(kind, form) | moments(form, TIMES, current_user.timezone, challenge)
        if do == "check":
            found = authoring.rehearse(kind, fields)
            if found["errors"]:
                form.show(Invalid(WRONG, found["errors"]))
            return _page(kind, form, challenge, found=found)
        saved = _save(kind, challenge, fields, SAVES.get(do), form)
    except Problem as problem:
        db.session.rollback()
        stale = challenge is not None and isinstance(problem, Conflict)
        if problem.errors or not (stale or form.faults()):
            form.show(problem)
        return _page(kind, form, challenge, stale=stale), problem.status
    # By that word the browser knows that it need not keep what it has sent (static/js/sent.js).
    later = do == "publish" and saved.scheduled
    flash(LATER if later else DONE.get(do, DONE["save"]), "saved")
    where = "writing.preview" if do == "preview" else "writing.edit"
    return redirect(url_for(where, challenge_id=saved.id), 303)


def _save(
    kind: str,
    challenge: Challenge | None,
    fields: dict[str, Any],
    publish: bool | None,
    form: ChallengeForm,
) -> Challenge:
    if challenge is None:
        return authoring.create(current_user, kind, fields, bool(publish))
    # `over` is the state that somebody has been told of and wants to write over.
    read = request.form.get("over") or form.read.data or ""
    return authoring.replace(current_user, challenge, fields, publish, read)


def _form_of(challenge: Challenge) -> ChallengeForm:
    """Filled with what is saved."""
    fields = authoring.about_of(challenge) | whole(challenge.version_row())
    data = filled(challenge.kind, fields) | {"read": authoring.stamp(challenge)}
    form = FORMS[challenge.kind](formdata=None, data=data)
    show_moments(form, TIMES, current_user.timezone, challenge)
    return form


def _clash(challenge: Challenge, typed: ChallengeForm) -> Clash:
    return Clash(authoring.stamp(challenge), differences(_form_of(challenge), typed))


def _page(
    kind: str,
    form: ChallengeForm,
    challenge: Challenge | None = None,
    focus: str = "",
    found: dict[str, Any] | None = None,
    stale: bool = False,
) -> str:
    if stale and challenge is not None:
        db.session.refresh(challenge)
    version = challenge.version_row() if challenge else None
    return render_template(
        "challenges/writing/edit.html",
        kind=kind,
        form=form,
        faults=form.faults(),
        challenge=challenge,
        version=version,
        found=found,
        focus=focus,
        clash=_clash(challenge, form) if stale and challenge else None,
        attempts=authored.attempts_at(challenge) if challenge else 0,
        missing=offer.missing().get(form.engine.data) if kind == "sql" else None,
    )
