"""What the competitions' JSON door takes."""

from __future__ import annotations

from typing import Annotated, Literal

from apiflask import Schema
from apiflask.fields import File, String
from pydantic import AwareDatetime, Field

from mlarena.core.api import LARGEST_ID, Body, PageQuery

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Page = Annotated[str, Field(max_length=50_000)]
# Longer files come to POST …/answers; a body of JSON has 2 MB at most.
LONGEST_CSV = 1_500_000


class CompetitionsQuery(PageQuery):
    status: Literal["upcoming", "ongoing", "completed"] | None = None


class Rules(Body):
    """What may be said of a competition, all of it optional."""

    slug: Slug | None = None
    summary: str = Field("", max_length=300)
    description: Page = ""
    data_page: Page = ""
    rules_page: Page = ""
    evaluation_page: Page = ""
    public_share: float = Field(0.3, gt=0, lt=1)
    daily_limit: int = Field(5, ge=1, le=1_000)
    failed_limit: int = Field(20, ge=1, le=1_000)
    team_size: int = Field(1, ge=1, le=50)
    teams_until: AwareDatetime | None = None
    ladder_step: float | None = Field(None, gt=0, le=1e9)
    upload_mb: int | None = Field(None, ge=1, le=2_048)
    xp_reward: int = Field(100, ge=0, le=10_000)
    rated: bool = True


class CompetitionIn(Rules):
    title: str = Field(min_length=1, max_length=128)
    metric: str = Field(max_length=32)
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    answers: str | None = Field(None, max_length=LONGEST_CSV, description="The answer file, as CSV")
    sample: str | None = Field(None, max_length=LONGEST_CSV, description="A sample submission")
    publish: bool = False


class CompetitionPatch(Rules):
    title: str = Field("", min_length=1, max_length=128)
    metric: str = Field("", max_length=32)
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    publish: bool | None = None


class SelectionIn(Body):
    submission_ids: list[Id] = Field(max_length=2)


class TeamIn(Body):
    name: str = Field(min_length=1, max_length=64)


class JoinIn(Body):
    code: str = Field(min_length=1, max_length=32)


class RatingsQuery(PageQuery):
    user: Id | None = None
    competition: Id | None = None


class PredictionsUpload(Schema):
    """For the OpenAPI document; the view itself reads the file, so that nothing is read twice."""

    predictions_file = File(required=True)


class AnswersUpload(Schema):
    answers_file = File(required=True)
    sample_file = File()


class DataUpload(Schema):
    data_file = File(required=True)
    note = String()


class BaselineUpload(Schema):
    predictions_file = File(required=True)
    name = String(required=True)
