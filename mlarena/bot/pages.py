"""The settings' page about Telegram. It works without JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask_login import current_user, login_required

from mlarena.bot import linking
from mlarena.core.errors import Problem
from mlarena.core.security import limiter

blueprint = Blueprint("telegram", __name__, url_prefix="/settings/telegram")


@blueprint.after_request
def keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("")
@login_required
def settings() -> str:
    return _page()


@blueprint.post("/code")
@login_required
@limiter.limit(linking.CODE_LIMIT)
def make_code() -> Any:
    try:
        code = linking.make_code(current_user._get_current_object())
    except Problem as problem:
        flash(problem.message, "warning")
        return redirect(url_for("telegram.settings"), 303)
    # Shown from here and not after a redirect: the code must not wait in a cookie.
    return _page(code)


@blueprint.post("/unlink")
@login_required
def unlink() -> Any:
    gone = linking.unlink(current_user._get_current_object())
    flash("Unlinked: nothing is sent to Telegram any more." if gone else "Nothing was linked.")
    return redirect(url_for("telegram.settings"), 303)


def _page(code: linking.Code | None = None) -> str:
    return render_template(
        "bot/settings.html",
        available=linking.available(),
        link=linking.link_of(current_user),
        bot=linking.bot_name(),
        code=code,
        minutes=linking.CODE_MINUTES,
    )
