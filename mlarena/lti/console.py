"""An LMS in the console: what to paste where, who it is, what its links open, which grades did not arrive."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from mlarena.accounts.permissions import role_required
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Problem, Unavailable
from mlarena.core.security import limiter
from mlarena.lti import dispatch, doors, keys, linking, platforms
from mlarena.lti.forms import BindForm, PlatformForm
from mlarena.lti.models import Link, Platform, Score

blueprint = Blueprint("lti_desk", __name__, url_prefix="/teach/lti")

PER_PAGE = 50
# Each of them may have an LMS asked at once.
STEPS = "30 per minute"
WORDS = {"cohort": "The whole cohort", "assignment": "Assignment", "task": "Task"}


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    number, mine = _page(), platforms.mine(current_user)
    total = db.session.scalar(select(func.count()).select_from(mine.order_by(None).subquery())) or 0
    found = db.session.scalars(mine.offset((number - 1) * PER_PAGE).limit(PER_PAGE)).all()
    counts = db.session.execute(
        select(Link.platform_id, Score.status, func.count())
        .join(Score, Score.link_id == Link.id)
        .where(Link.platform_id.in_([one.id for one in found]))
        .group_by(Link.platform_id, Score.status)
    ).all()
    return render_template(
        "lti/index.html",
        platforms=found,
        counts={(platform_id, status): count for platform_id, status, count in counts},
        meta=page_meta(number, PER_PAGE, total),
        addresses=_addresses(),
        key=_key() if current_user.is_at_least("admin") else None,
    )


@blueprint.post("/key")
@role_required("admin")
@limiter.limit(STEPS)
def rotate_key() -> Any:
    """Another key pair: it is the whole arena's, for every LMS."""
    kid = keys.rotate(current_user)
    flash(f"The key {kid[:8]}… signs from now on.")
    return redirect(url_for("lti_desk.index"), 303)


@blueprint.route("/new", methods=["GET", "POST"])
@role_required("instructor")
def new() -> Any:
    if request.method == "GET":
        form = PlatformForm(formdata=None)
        return render_template("lti/new.html", form=form, addresses=_addresses())
    form = PlatformForm()
    try:
        if not form.validate_on_submit():
            return render_template("lti/new.html", form=form, addresses=_addresses()), 422
        made = platforms.create(current_user, form.fields())
    except Problem as problem:
        form.show(problem)
        return render_template("lti/new.html", form=form, addresses=_addresses()), problem.status
    flash(f"“{made.name}” is entered.")
    return _to(made.id)


@blueprint.route("/<id:lms_id>", methods=["GET", "POST"])
@role_required("instructor")
def show(lms_id: int) -> Any:
    platform = platforms.find(lms_id, current_user)
    if request.method == "GET":
        return _shown(platform, PlatformForm(formdata=None).show_of(platform))
    form = PlatformForm()
    try:
        if not form.validate_on_submit():
            return _shown(platform, form), 422
        platforms.change(current_user, platform, form.fields())
    except Problem as problem:
        form.show(problem)
        db.session.rollback()
        return _shown(platforms.find(lms_id, current_user), form), problem.status
    flash("Saved.")
    return _to(lms_id)


@blueprint.post("/<id:lms_id>/<any(on, off, retry, delete):lms_step>")
@role_required("instructor")
@limiter.limit(STEPS)
def take_step(lms_id: int, lms_step: str) -> Any:
    platform = platforms.find(lms_id, current_user)
    if lms_step == "delete":
        platforms.remove(current_user, platform)
        flash(f"“{platform.name}” is gone.")
        return redirect(url_for("lti_desk.index"), 303)
    if lms_step == "retry":
        count = platforms.retry(current_user, platform)
        flash(f"{count:,} grade{'' if count == 1 else 's'} will be sent once more.")
    else:
        platforms.turn(current_user, platform, lms_step == "on")
    dispatch.enqueue_owed()
    return _to(lms_id)


@blueprint.route("/links/<id:link_id>", methods=["GET", "POST"])
@role_required("instructor")
def bind(link_id: int) -> Any:
    """What a link opens, chosen here."""
    link = linking.find(link_id, current_user)
    cohorts = linking.led(current_user)
    wanted = request.args.get("cohort", link.cohort_id or 0, type=int)
    chosen = next((one for one in cohorts if one.id == wanted), None)
    form = BindForm() if request.method == "POST" else BindForm(formdata=None)
    offered = linking.offered(current_user, chosen.id if chosen else None)
    form.choice.choices = [(one.name, f"{WORDS[one.target]}: {one.title}") for one in offered]
    page: dict[str, Any] = {"link": link, "form": form, "cohorts": cohorts, "chosen": chosen}
    if request.method == "GET":
        form.choice.data = linking.name_of(link)
        return render_template("lti/bind.html", **page)
    try:
        if not form.validate_on_submit():
            return render_template("lti/bind.html", **page), 422
        choice = linking.bind(current_user, link, form.choice.data or "")
    except Problem as problem:
        db.session.rollback()
        form.choice.errors = [problem.message]
        return render_template("lti/bind.html", **page), problem.status
    dispatch.enqueue_keeping()
    flash(f"The link opens “{choice.title}” now.")
    return redirect(url_for("lti_desk.bind", link_id=link_id), 303)


def _addresses() -> dict[str, str] | None:
    """What is entered in an LMS; None where it cannot be known."""
    try:
        return {
            "Login (OIDC initiation)": doors.address("lti.login"),
            "Launch (tool, redirection and target link)": doors.address("lti.launch"),
            "Deep linking (content selection)": doors.picking_address(),
            "Key set (JWKS)": doors.address("lti.jwks"),
            "Configuration as JSON (Canvas)": doors.address("lti.config"),
        }
    except Unavailable:
        return None


def _key() -> dict[str, Any]:
    """The pair that signs, and those that are still shown: `kid` and until when."""
    before = [(one["key"]["kid"], datetime.fromisoformat(one["until"])) for one in keys.before()]
    return {"kid": keys.signing(), "before": before}


def _page() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), 10_000)


def _shown(platform: Platform, form: PlatformForm) -> str:
    number = _page()
    links = select(Link).where(Link.platform_id == platform.id)
    total = db.session.scalar(select(func.count()).select_from(links.subquery())) or 0
    found = db.session.scalars(
        links.options(joinedload(Link.cohort), joinedload(Link.assignment), joinedload(Link.task))
        .order_by(Link.used_at.desc(), Link.id.desc())
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    counts = db.session.execute(
        select(Score.link_id, Score.status, func.count())
        .where(Score.link_id.in_([one.id for one in found]))
        .group_by(Score.link_id, Score.status)
    ).all()
    failed = db.session.scalars(
        select(Score)
        .join(Link, Link.id == Score.link_id)
        .options(joinedload(Score.user), joinedload(Score.link))
        .where(Link.platform_id == platform.id, Score.said != "")
        .where(Score.status.in_(("dead", "waiting")))
        .order_by(Score.status, Score.id.desc())
        .limit(PER_PAGE)
    ).all()
    return render_template(
        "lti/show.html",
        platform=platform,
        form=form,
        links=found,
        counts={(link_id, status): count for link_id, status, count in counts},
        failed=failed,
        meta=page_meta(number, PER_PAGE, total),
    )


def _to(lms_id: int) -> Any:
    return redirect(url_for("lti_desk.show", lms_id=lms_id), 303)
