"""Tables, rows and histograms of boards as HTML: the same is on many pages, for many readers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Flask
from flask_login import current_user
from markupsafe import Markup

from mlarena.boards.names import Aim
from mlarena.boards.service import BoardPage, BoardRow
from mlarena.boards.spread import Spread
from mlarena.core.drawn import drawn


def board_table(
    board: BoardPage,
    name: str,
    label: str = "Score",
    around: int | None = None,
    part: bool = False,
    at: datetime | None = None,
    keep: int | None = None,
    heading: str = "board",
) -> Markup:
    """`board` as its reader sees it: their own row is marked, times are in their zone (boards/table.html)."""
    zone, whole_numbers = _zone(), board.board.whole_numbers
    elsewhere = board.me if board.me_elsewhere else None
    table = drawn(
        "boards/table.html",
        # Without the row that follows below, it is the same for all who are on other pages.
        board=replace(board, me=None) if elsewhere and board.rows else board,
        name=name,
        label=label,
        around=around,
        part=part,
        at=at,
        keep=keep,
        heading=heading,
        shared=board.board.shares_ranks,
        whole_numbers=whole_numbers,
        zone=zone,
    )
    if elsewhere is None:
        return table
    own = Markup("</tbody><tfoot>{}</tfoot>").format(
        board_row(elsewhere, True, whole_numbers, zone)
    )
    return table.replace("</tbody>", own)


def board_rows(board: BoardPage, whole_numbers: bool, zone: str) -> Markup:
    """The rows of `board`. One's own is marked where it is on this page."""
    own_id = board.me.user_id if board.me and not board.me_elsewhere else None
    return Markup("").join(
        board_row(row, own_id is not None and row.user_id == own_id, whole_numbers, zone)
        for row in board.rows
    )


def board_row(row: BoardRow, mine: bool, whole_numbers: bool, zone: str) -> Markup:
    # `zone` is what the template's times depend on.
    return drawn("boards/row.html", row=row, mine=mine, whole_numbers=whole_numbers, zone=zone)


def spread_chart(spread: Spread | None, aim: Aim | None, me: BoardRow | None) -> Markup:
    """How the scores of a board are spread, with the reader's own; nothing where there is nothing to draw."""
    if spread is None or aim is None:
        return Markup("")
    shown = me is not None and spread.bar_of(me.score) is not None
    mine = me.score if me and shown else None
    return drawn("boards/spread.html", spread=spread, aim=aim, mine=mine)


def board_pages(board: BoardPage, endpoint: str, **address: Any) -> Markup:
    """The way to the other pages, of which there may be none."""
    meta = board.meta
    return drawn(
        "boards/pages.html",
        page=meta["page"],
        pages=meta["pages"],
        endpoint=endpoint,
        address=tuple(address.items()),
    )


def _zone() -> str:
    return current_user.timezone if current_user.is_authenticated else "UTC"


def init_app(app: Flask) -> None:
    for part in (board_table, board_rows, board_row, board_pages, spread_chart):
        app.add_template_global(part)
