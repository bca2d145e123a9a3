"""The boards' JSON door."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_login import current_user

from mlarena.accounts.models import User
from mlarena.boards import service
from mlarena.boards.schemas import BoardQuery, LeaderboardQuery
from mlarena.boards.service import BoardRow
from mlarena.core.api import api_blueprint, documented, ok, page_meta
from mlarena.core.clock import rfc3339
from mlarena.core.errors import Invalid

blueprint = api_blueprint("boards", "Leaderboards")
Answer = tuple[Response, int]

ROW = {
    "rank": 1,
    "user_id": 7,
    "username": "ada",
    "score": 0.9312,
    "submitted_at": "2026-11-16T09:30:00Z",
    "house": False,
}
SPREAD = {
    "bars": [{"from": 0.9, "to": 0.95, "count": 12}],
    "beyond": 0,
    "people": 12,
    "label": "R²",
    "direction": "higher",
    "threshold": 0.92,
    "me": 0.9312,
}


@blueprint.get("/leaderboard")
@blueprint.input(LeaderboardQuery, location="query")
@blueprint.doc(responses=documented(200, [ROW]))
def leaderboard(query_data: LeaderboardQuery) -> Answer:
    """One page of a board, best first; `meta.me` is your own row, or null.

    Without a task it is the board of all XP; `period=week` is this week's (from Monday, UTC). A house
    baseline (`house`) has neither rank nor user. With `user` the page is that user's row alone, and with
    `around` also its neighbours (without `user`: yours). With `level` it is the part of all-time XP that
    has reached that learning level and not the next. With `at` it is a task's board as it stood then, its
    first twenty rows; `GET /leaderboard/stops` tells at which times it was another.
    """
    wanted, viewer = query_data, _viewer()
    board = str(service.check_visible(wanted.board, viewer))
    if wanted.at is not None:
        page = service.replayed(board, wanted.at, viewer)
        return _rows(page.rows, page.me)
    if wanted.around is not None:
        return _around(board, wanted, viewer)
    if wanted.user is None:
        within = service.division(wanted.level) if wanted.level is not None else None
        page = service.page(board, wanted.page, wanted.per_page, viewer, within)
        return ok([row.shown() for row in page.rows], **page.meta)
    found = service.standing(board, wanted.user)
    own = service.standing(board, viewer.id) if viewer else None
    rows = [found.shown()] if found and wanted.page == 1 else []
    meta = page_meta(wanted.page, wanted.per_page, 1 if found else 0)
    return ok(rows, **meta, me=own.shown() if own else None)


@blueprint.get("/leaderboard/spread")
@blueprint.input(BoardQuery, location="query")
@blueprint.doc(responses=documented(200, SPREAD))
def spread(query_data: BoardQuery) -> Answer:
    """How the scores of a board are spread: a histogram of everybody's best, and yours.

    `beyond` people are worse than all that is in the bars; null where nobody stands yet.
    """
    viewer = _viewer()
    board = service.check_visible(query_data.board, viewer)
    found = service.spread(str(board))
    aim = board.aim
    if found is None or aim is None:
        return ok(None)
    own = service.standing(str(board), viewer.id) if viewer else None
    about = {"label": aim.label, "direction": aim.direction, "threshold": aim.threshold}
    return ok(found.shown() | about | {"me": own.score if own else None})


@blueprint.get("/leaderboard/stops")
@blueprint.input(BoardQuery, location="query")
@blueprint.doc(responses=documented(200, ["2026-11-16T09:30:00Z"]))
def stops(query_data: BoardQuery) -> Answer:
    """The times at which a replay of a task's board stops, oldest first: about as much happened between
    any two. Ask `GET /leaderboard` for each with `at`."""
    board = service.check_visible(query_data.board, _viewer())
    found = service.stops(str(board))
    return ok([rfc3339(at) for at in found], **page_meta(1, max(1, len(found)), len(found)))


def _around(board: str, wanted: LeaderboardQuery, viewer: User | None) -> Answer:
    user_id = wanted.user or (viewer.id if viewer else None)
    if user_id is None:
        raise Invalid.field("user", "Say around whom: `user`, or be signed in.")
    rows = service.around(board, user_id, wanted.around or 0)
    own = next((row for row in rows if viewer and row.user_id == viewer.id), None)
    if own is None and viewer:
        own = service.standing(board, viewer.id)
    return _rows(rows, own)


def _rows(rows: tuple[BoardRow, ...], me: BoardRow | None) -> Answer:
    """Rows that are one page by themselves."""
    meta: dict[str, Any] = page_meta(1, max(1, len(rows)), len(rows))
    return ok([row.shown() for row in rows], **meta, me=me.shown() if me else None)


def _viewer() -> User | None:
    return current_user if current_user.is_authenticated else None
