"""What may be asked of `GET /leaderboard`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mlarena.core.api import LARGEST_ID, PageQuery

KINDS = ("competition", "quest", "challenge", "cohort")


class LeaderboardQuery(PageQuery):
    """One board (all-time XP if none is named), and optionally one user's row of it."""

    competition: int | None = Field(None, ge=1, le=LARGEST_ID)
    quest: int | None = Field(None, ge=1, le=LARGEST_ID)
    challenge: int | None = Field(None, ge=1, le=LARGEST_ID)
    cohort: int | None = Field(None, ge=1, le=LARGEST_ID)
    period: Literal["week", "all"] | None = None
    user: int | None = Field(None, ge=1, le=LARGEST_ID)

    @model_validator(mode="after")
    def _one_board(self) -> LeaderboardQuery:
        named = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(named) > 1:
            raise ValueError(f"Name one board, not {len(named)}: {', '.join(named)}.")
        if named and self.period == "week":
            raise ValueError(f"A {named[0]} has one board for all time; leave `period` out.")
        return self

    @property
    def board(self) -> str:
        """The board's name."""
        for kind in KINDS:
            if (target_id := getattr(self, kind)) is not None:
                return f"{kind}:{target_id}"
        return "weekly" if self.period == "week" else "global"
