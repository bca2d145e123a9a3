"""The boards' pages."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_login import current_user

from mlarena.accounts.models import User
from mlarena.boards import service

blueprint = Blueprint("boards", __name__, url_prefix="/boards")

PER_PAGE = 50
LAST_PAGE = 10_000_000


@blueprint.get("")
def index() -> str:
    return _show("global", "boards.index")


@blueprint.get("/weekly")
def weekly() -> str:
    return _show("weekly", "boards.weekly")


@blueprint.get("/<kind>/<id:target_id>")
def show(kind: str, target_id: int) -> str:
    return _show(f"{kind}:{target_id}", "boards.show", kind=kind, target_id=target_id)


def _show(board: str, endpoint: str, **address: object) -> str:
    viewer: User | None = current_user if current_user.is_authenticated else None
    name = service.check_visible(board, viewer)
    wanted = min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
    page = service.page(board, wanted, PER_PAGE, viewer)
    return render_template(
        "boards/show.html", name=name, board=page, endpoint=endpoint, address=address
    )
