"""What may be asked of `GET /leaderboard` and what stands below it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, model_validator

from mlarena.core.api import LARGEST_ID, PageQuery, Strict

KINDS = ("competition", "quest", "challenge", "cohort", "forecasts")
MOST_AROUND = 25


class BoardQuery(Strict):
    """One board: all-time XP if none is named."""

    competition: int | None = Field(None, ge=1, le=LARGEST_ID)
    quest: int | None = Field(None, ge=1, le=LARGEST_ID)
    challenge: int | None = Field(None, ge=1, le=LARGEST_ID)
    cohort: int | None = Field(None, ge=1, le=LARGEST_ID)
    forecasts: int | None = Field(None, ge=1, le=LARGEST_ID, description="A league's forecasters")
    period: Literal["week", "all"] | None = None

    @model_validator(mode="after")
    def _one_board(self) -> BoardQuery:
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


class LeaderboardQuery(BoardQuery, PageQuery):
    """A page of a board, or the rows around somebody, or a task's board as it stood."""

    user: int | None = Field(None, ge=1, le=LARGEST_ID)
    around: int | None = Field(
        None, ge=1, le=MOST_AROUND, description="So many rows above and below `user`, or yourself"
    )
    level: int | None = Field(
        None, ge=1, le=LARGEST_ID, description="Of all-time XP: who has reached this learning level"
    )
    at: AwareDatetime | None = Field(
        None, description="The first rows of a task's board as they stood then, with a time zone"
    )

    @model_validator(mode="after")
    def _one_question(self) -> LeaderboardQuery:
        if self.level is not None and self.board != "global":
            raise ValueError("`level` is for all-time XP: name no task, and leave `period` out.")
        if self.at is not None and ":" not in self.board:
            raise ValueError("`at` is for a task's board: name the quest or challenge.")
        asked = [name for name in ("around", "level", "at") if getattr(self, name) is not None]
        if self.user is not None and asked != ["around"]:
            asked.append("user")
        if len(asked) > 1:
            raise ValueError(f"Ask one of these at a time: {', '.join(asked)}.")
        return self
