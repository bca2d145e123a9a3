"""Who stands where. Every leaderboard is rows of one table, told apart by the board's name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.db import Base, Json, UtcDateTime


class BoardEntry(Base):
    """One row of one board.

    `sort_key` is the score with its sign turned where lower is better, so that every board is read the
    same way: larger first, then whoever reached it first. `version` counts changes of this row, so
    that a late update never overwrites a newer one in the Redis index. A house baseline has no user
    but a `label`.
    """

    __tablename__ = "board_entries"
    __table_args__ = (
        UniqueConstraint("board", "user_id"),
        UniqueConstraint("board", "label"),
        Index("ix_board_entries_order", "board", "hidden", "sort_key", "reached_at", "id"),
        Index(None, "changed_at"),
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
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    hidden: Mapped[bool] = mapped_column(default=False)
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class BoardTotal(Base):
    """How many visible rows a board has, kept so that a page need not count a million."""

    __tablename__ = "board_totals"

    board: Mapped[str] = mapped_column(String(64), primary_key=True)
    entries: Mapped[int] = mapped_column(default=0)
