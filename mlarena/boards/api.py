"""The boards' JSON door."""

from __future__ import annotations

from flask import Response
from flask_login import current_user

from mlarena.accounts.models import User
from mlarena.boards import service
from mlarena.boards.schemas import LeaderboardQuery
from mlarena.core.api import api_blueprint, documented, ok, page_meta

blueprint = api_blueprint("boards", "Leaderboards")

ROW = {
    "rank": 1,
    "user_id": 7,
    "username": "ada",
    "score": 0.9312,
    "submitted_at": "2026-11-16T09:30:00Z",
    "house": False,
}


@blueprint.get("/leaderboard")
@blueprint.input(LeaderboardQuery, location="query")
@blueprint.doc(responses=documented(200, [ROW]))
def leaderboard(query_data: LeaderboardQuery) -> tuple[Response, int]:
    """One page of a board, best first; `meta.me` is your own row, or null.

    Without a task it is the board of all XP; `period=week` is this week's (from Monday, UTC). A house
    baseline (`house`) has neither rank nor user. With `user` the page is that user's row alone.
    """
    wanted = query_data
    viewer: User | None = current_user if current_user.is_authenticated else None
    board = str(service.check_visible(wanted.board, viewer))
    if wanted.user is None:
        page = service.page(board, wanted.page, wanted.per_page, viewer)
        return ok([row.shown() for row in page.rows], **page.meta)
    found = service.standing(board, wanted.user)
    own = service.standing(board, viewer.id) if viewer else None
    rows = [found.shown()] if found and wanted.page == 1 else []
    meta = page_meta(wanted.page, wanted.per_page, 1 if found else 0)
    return ok(rows, **meta, me=own.shown() if own else None)
