"""The profile page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_login import current_user

from mlarena.profiles import service

blueprint = Blueprint("profiles", __name__, url_prefix="/users")


@blueprint.get("/<id:user_id>")
def show(user_id: int) -> str:
    viewer = current_user if current_user.is_authenticated else None
    return render_template("profiles/show.html", profile=service.profile(user_id, viewer))
