"""The pages: the list, the choices, and where the links of letters lead. They work without JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from sqlalchemy import func, select

from mlarena.accounts import letters
from mlarena.core.api import LARGEST_ID, page_meta
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.core.security import limiter
from mlarena.notifications import choices, digest, service
from mlarena.notifications.channels import PAGE, Channel, channels
from mlarena.notifications.forms import HabitsForm, minute_of
from mlarena.notifications.kinds import KINDS, kinds_of

blueprint = Blueprint("notifications", __name__)

PER_PAGE = 20
# A letter to confirm an address costs somebody else a letter.
LETTER_LIMIT = "3 per hour"
LINK_LIMIT = "20 per 5 minutes"


@blueprint.get("/notifications")
@login_required
def index() -> str:
    page = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    query = service.heads(current_user.id)
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    meta = page_meta(page, PER_PAGE, total or 0)
    rows = db.session.scalars(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE)).all()
    return render_template(
        "notifications/index.html",
        rows=rows,
        bursts=service.bursts([row.id for row in rows]),
        kinds=KINDS,
        meta=meta,
    )


@blueprint.post("/notifications/<id:notification_id>/read")
@login_required
def read(notification_id: int) -> Any:
    service.mark_read(current_user.id, notification_id)
    return _back()


@blueprint.post("/notifications/read")
@login_required
def read_all() -> Any:
    newest = request.form.get("up_to", type=int)
    service.mark_all_read(current_user.id, newest if newest and newest <= LARGEST_ID else None)
    return _back()


@blueprint.get("/settings/notifications")
@login_required
def settings() -> str:
    return _settings(HabitsForm.of(choices.habits_of(current_user.id)))


@blueprint.post("/settings/notifications/kinds")
@login_required
def save_kinds() -> Any:
    """Every box of the table that the page showed; one that is not sent was not ticked."""
    ways = [PAGE, *_ways()]
    choices.choose(
        current_user,
        {
            kind.name: {way: f"{kind.name}.{way}" in request.form for way in ways}
            for kind in kinds_of(current_user)
        },
    )
    return _saved()


@blueprint.post("/settings/notifications/habits")
@login_required
def save_habits() -> Any:
    form = HabitsForm()
    if not form.validate():
        return _settings(form), 422
    try:
        choices.set_habits(
            current_user,
            quiet_from=minute_of(form.quiet_from.data, "quiet_from"),
            quiet_to=minute_of(form.quiet_to.data, "quiet_to"),
            digest=form.digest.data,
            digest_hour=int(form.digest_hour.data),
        )
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        return _settings(form), problem.status
    return _saved()


@blueprint.post("/settings/notifications/confirm")
@login_required
@limiter.limit(LETTER_LIMIT)
def ask_to_confirm() -> Any:
    letters.post(digest.ask_to_confirm(current_user._get_current_object()))
    flash(f"A letter with a link is on its way to {current_user.email}. It holds three days.")
    return redirect(url_for("notifications.settings"), 303)


@blueprint.get("/notifications/confirm/<token>")
@limiter.limit(LINK_LIMIT)
def confirm(token: str) -> str:
    """Nothing happens by looking: mail servers follow links too."""
    return render_template("notifications/link.html", user=digest.confirmed_by(token), stops=False)


@blueprint.post("/notifications/confirm/<token>")
@limiter.limit(LINK_LIMIT)
def confirmed(token: str) -> Any:
    choices.confirm_email(digest.confirmed_by(token))
    flash("Your address is confirmed: the digest comes there.")
    return redirect(url_for("notifications.settings"), 303)


@blueprint.get("/notifications/stop/<token>")
@limiter.limit(LINK_LIMIT)
def stop(token: str) -> str:
    return render_template("notifications/link.html", user=digest.stopped_by(token), stops=True)


@blueprint.post("/notifications/stop/<token>")
@limiter.limit(LINK_LIMIT)
def stopped(token: str) -> Any:
    choices.stop_letters(digest.stopped_by(token))
    flash("No more digests. You can have them back in the settings.")
    return redirect(url_for("site.home"), 303)


def _settings(form: HabitsForm) -> str:
    user = current_user._get_current_object()
    return render_template(
        "notifications/settings.html",
        form=form,
        kinds=kinds_of(user),
        ways=_ways(),
        wishes=choices.wishes_of(user),
        confirmed=choices.habits_of(user.id).confirmed_email == user.email_key,
        reachable=digest.reachable(),
    )


def _ways() -> dict[str, Channel]:
    """The channels to choose among: the digest always, others where they reach this user."""
    return {
        name: channel
        for name, channel in channels().items()
        if name == digest.NAME or channel.reaches([current_user.id])
    }


def _saved() -> Any:
    flash("Saved.")
    return redirect(url_for("notifications.settings"), 303)


def _back() -> Any:
    page = request.form.get("page", 1, type=int)
    return redirect(url_for("notifications.index", page=page if page and page > 1 else None), 303)
