"""Who stands where. Every leaderboard is rows of one table, told apart by the board's name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.db import Base, Json, UtcDateTime


class BoardEntry(Base):
    """One row of one board.

    `sort_key` is the score with its sign turned where higher is better, so that every board is read the
    same way along one plain index: smaller first, then whoever reached it first, then the smaller id.
    `version` is when the
    row last changed, in microseconds since 1970, and always grows: a late update never overwrites a
    newer one in the Redis index, and the sweep finds what changed lately. A house baseline has no user
    but a `label`. There is no table of counts: one row that every verdict updates would make them queue.
    """

    __tablename__ = "board_entries"
    __table_args__ = (
        UniqueConstraint("board", "user_id"),
        UniqueConstraint("board", "label"),
        # A page is a stretch of this index, and the rows above somebody are another.
        Index("ix_board_entries_order", "board", "hidden", "sort_key", "reached_at", "id"),
        Index(None, "version"),
        # An id never comes back, so the index may drop one that is gone for good.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    board: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    label: Mapped[str | None] = mapped_column(String(64))
    score: Mapped[float]
    sort_key: Mapped[float]
    reached_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(BigInteger)
    hidden: Mapped[bool] = mapped_column(default=False)
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class BoardMoment(Base):
    """Somebody's better score entered the first rows of a board: what a replay is made of.

    The latest of a person up to some time is where they stood then. `entered_at` is when the board
    showed it, `reached_at` what breaks ties. Rows that entered further down are not here: a row only
    falls, so it was never among the first ones.
    """

    __tablename__ = "board_moments"
    __table_args__ = (Index(None, "board", "entered_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    board: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    score: Mapped[float]
    sort_key: Mapped[float]
    reached_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
