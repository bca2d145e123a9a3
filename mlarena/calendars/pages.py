"""The calendar's address in the settings, and the calendar itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from mlarena.calendars import ahead, service
from mlarena.calendars.ical import written
from mlarena.core.clock import utcnow
from mlarena.core.config import settings as configured
from mlarena.core.security import limiter

blueprint = Blueprint("calendars", __name__)

READ_LIMIT = "60 per minute"
RENEW_LIMIT = "30 per hour"


@blueprint.get("/settings/calendar")
@login_required
def settings() -> str:
    link = service.link_of(current_user)
    return render_template("calendars/settings.html", link=link, address=None)


@blueprint.post("/settings/calendar")
@login_required
@limiter.limit(RENEW_LIMIT)
def renew() -> Any:
    """Shown from here and not after a redirect: the secret must not wait in a cookie."""
    address = address_of(service.renew(current_user))
    link = service.link_of(current_user)
    answer = Response(render_template("calendars/settings.html", link=link, address=address))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/settings/calendar/revoke")
@login_required
def revoke() -> Any:
    service.revoke(current_user)
    flash("The address is closed: whoever has it reads nothing any more.")
    return redirect(url_for("calendars.settings"), 303)


@blueprint.get("/calendar/<token>.ics")
@limiter.limit(READ_LIMIT)
def read(token: str) -> Response:
    """For a program without a login: the secret is in the address."""
    entries = ahead.entries(service.reader(token))
    answer = Response(written(entries, _base(), utcnow()), mimetype="text/calendar")
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def address_of(secret: str) -> str:
    return f"{_base()}{url_for('calendars.read', token=secret)}"


def _base() -> str:
    return configured().public_url or request.host_url.rstrip("/")
