"""Rows and histograms of boards as HTML, each drawn once: the same is on many pages, for many readers."""

from __future__ import annotations

from functools import lru_cache

from flask import Flask, current_app
from flask_login import current_user
from markupsafe import Markup

from mlarena.boards.names import Aim
from mlarena.boards.service import BoardPage, BoardRow
from mlarena.boards.spread import Spread


def board_rows(board: BoardPage) -> Markup:
    """The rows of `board`, as its reader sees them: their own is marked, times are in their zone."""
    return _all_drawn(board.rows, _own_id(board), board.board.whole_numbers, _zone())


def own_row(board: BoardPage) -> Markup:
    """The reader's own row, which is on another page. Only for a board that has one."""
    assert board.me is not None  # noqa: S101
    return _drawn(board.me, True, board.board.whole_numbers, _zone())


def spread_chart(spread: Spread | None, aim: Aim | None, me: BoardRow | None) -> Markup:
    """How the scores of a board are spread, with the reader's own; nothing where there is nothing to draw."""
    if spread is None or aim is None:
        return Markup("")
    drawn = me is not None and spread.bar_of(me.score) is not None
    return _spread_drawn(spread, aim, me.score if me and drawn else None)


def _own_id(board: BoardPage) -> int | None:
    """Whose row is marked: nobody's, for all the readers who are not on this page."""
    return board.me.user_id if board.me and not board.me_elsewhere else None


def _zone() -> str:
    return current_user.timezone if current_user.is_authenticated else "UTC"


@lru_cache(maxsize=512)
def _all_drawn(
    rows: tuple[BoardRow, ...], own_id: int | None, whole_numbers: bool, zone: str
) -> Markup:
    mine = [own_id is not None and row.user_id == own_id for row in rows]
    drawn = [_drawn(row, own, whole_numbers, zone) for row, own in zip(rows, mine, strict=True)]
    return Markup("").join(drawn)


@lru_cache(maxsize=16_384)
def _drawn(row: BoardRow, mine: bool, whole_numbers: bool, zone: str) -> Markup:
    # `zone` is what the template's times depend on.
    template = current_app.jinja_env.get_template("boards/row.html")
    return Markup(template.render(row=row, mine=mine, whole_numbers=whole_numbers))  # noqa: S704 – a template's


@lru_cache(maxsize=4096)
def _spread_drawn(spread: Spread, aim: Aim, mine: float | None) -> Markup:
    template = current_app.jinja_env.get_template("boards/spread.html")
    return Markup(template.render(spread=spread, aim=aim, mine=mine))  # noqa: S704 – a template's


def init_app(app: Flask) -> None:
    app.add_template_global(board_rows)
    app.add_template_global(own_row)
    app.add_template_global(spread_chart)
