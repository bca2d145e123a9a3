"""What the forecasts' JSON door takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from mlarena.core.api import LARGEST_ID, Body, PageQuery, Strict

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class MatchesQuery(PageQuery):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    league: Id | None = None
    team: Id | None = None
    status: Literal["scheduled", "live", "finished", "postponed", "cancelled", "awarded"] | None = (
        None
    )
    since: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = Field(None, alias="to")


class TeamsQuery(PageQuery):
    league: Id | None = None


class SeasonQuery(Strict):
    season: int | None = Field(None, ge=0, le=3000, description="The year it starts in")


class LedgerQuery(PageQuery):
    league: Id | None = None


class DaysQuery(Strict):
    days: int = Field(90, ge=1, le=3650)
    league: Id | None = None


class ForecastIn(Body):
    home: Share
    draw: Share
    away: Share


class DocumentsQuery(PageQuery):
    q: str = Field(min_length=1, max_length=200, description="What is looked for")
    team: Id | None = None
    player: Id | None = None


class DocumentIn(Body):
    title: str = Field(min_length=1, max_length=300)
    text: str = Field(min_length=1, max_length=100_000)
    url: str | None = Field(None, max_length=1000, pattern="^https?://")
    published_at: AwareDatetime | None = None
