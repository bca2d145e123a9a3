"""The boards' pages."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, render_template, request

from mlarena.accounts.identity import signed_in
from mlarena.accounts.models import User
from mlarena.boards import service
from mlarena.boards.names import BoardName
from mlarena.core.api import LARGEST_ID

blueprint = Blueprint("boards", __name__, url_prefix="/boards")

PER_PAGE = 50
LAST_PAGE = 10_000_000
# Rows above and below one's own, and of the week, before the board of all.
LEAGUE = 3
WEEK_ROWS = 10


@blueprint.get("")
def index() -> str:
    """One's own league, the week, and the board of all XP; further pages and levels are of that alone."""
    viewer, number = _viewer(), _page_wanted()
    level = request.args.get("level", type=int)
    within = service.division(level) if level and 0 < level <= LARGEST_ID else None
    first = number == 1 and within is None
    board = service.page("global", number, PER_PAGE, viewer, within)
    return render_template(
        "boards/index.html",
        name=BoardName("global"),
        board=board,
        league=_league("global", viewer) if first and board.me else None,
        week=service.page("weekly", 1, WEEK_ROWS, viewer) if first else None,
        spread=service.spread("global", board.stamp),
        divisions=tuple(service.divisions()),
        within=within,
    )


@blueprint.get("/weekly")
def weekly() -> str:
    return _show("weekly", "boards.weekly")


@blueprint.get("/rating")
def rating() -> str:
    return _show("rating", "boards.rating")


@blueprint.get("/<kind>/<id:target_id>")
def show(kind: str, target_id: int) -> str:
    return _show(f"{kind}:{target_id}", "boards.show", kind=kind, target_id=target_id)


def _show(board: str, endpoint: str, **address: object) -> str:
    viewer, number, at = _viewer(), _page_wanted(), _time_wanted()
    name = service.check_visible(board, viewer)
    if at is not None and name.target_id is not None:
        page = service.replayed(board, at, viewer)
    else:
        at, page = None, service.page(board, number, PER_PAGE, viewer)
    return render_template(
        "boards/show.html",
        name=name,
        board=page,
        league=_league(board, viewer) if page.me_elsewhere and not at else None,
        spread=service.spread(board, page.stamp),
        stops=service.stops(board) if number == 1 and name.target_id is not None else [],
        at=at,
        endpoint=endpoint,
        address=address,
    )


def _league(board: str, viewer: User | None) -> service.BoardPage | None:
    near = service.league(board, viewer, 2 * LEAGUE)
    return near.closer(LEAGUE) if near else None


def _viewer() -> User | None:
    return signed_in()


def _page_wanted() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)


def _time_wanted() -> datetime | None:
    """The time of `?at=`; a word that is no time is not asked for."""
    try:
        at = datetime.fromisoformat(request.args.get("at", ""))
    except ValueError:
        return None
    return at if at.tzinfo else None
