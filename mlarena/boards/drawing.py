"""Rows of boards as HTML, each drawn once: the same row is on many pages, for many readers."""

from __future__ import annotations

from functools import lru_cache

from flask import Flask, current_app
from flask_login import current_user
from markupsafe import Markup

from mlarena.boards.service import BoardPage, BoardRow


def board_row(row: BoardRow, board: BoardPage) -> Markup:
    """One row of `board`, as its reader sees it: their own is marked, times are in their zone."""
    mine = board.me is not None and board.me.user_id == row.user_id
    zone = current_user.timezone if current_user.is_authenticated else "UTC"
    return _drawn(row, mine, board.board.counts_xp, zone)


@lru_cache(maxsize=16_384)
def _drawn(row: BoardRow, mine: bool, counts_xp: bool, zone: str) -> Markup:
    # `zone` is what the template's times depend on.
    template = current_app.jinja_env.get_template("boards/row.html")
    return Markup(template.render(row=row, mine=mine, counts_xp=counts_xp))  # noqa: S704 – a template's


def init_app(app: Flask) -> None:
    app.add_template_global(board_row)
