"""The profile pages."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_login import current_user

from mlarena.accounts.models import User
from mlarena.profiles import service

blueprint = Blueprint("profiles", __name__, url_prefix="/users")

LAST_PAGE = 1_000_000


@blueprint.get("/<id:user_id>")
def show(user_id: int) -> str:
    return render_template(
        "profiles/show.html", profile=service.profile(user_id, _viewer(), _page_wanted())
    )


@blueprint.get("/<id:user_id>/badges")
def badges(user_id: int) -> str:
    return render_template(
        "profiles/badges.html", page=service.badge_page(user_id, _viewer(), _page_wanted())
    )


def _viewer() -> User | None:
    return current_user if current_user.is_authenticated else None


def _page_wanted() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
