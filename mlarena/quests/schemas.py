"""What the quests' JSON door takes."""

from __future__ import annotations

from typing import Literal

from apiflask import Schema
from apiflask.fields import File
from pydantic import Field, field_validator

from mlarena.core.api import LARGEST_ID, Body, PageQuery, Strict
from mlarena.quests import code


class QuestsQuery(PageQuery):
    per_page: int = Field(100, ge=1, le=100)
    level: int | None = Field(None, ge=1, le=LARGEST_ID)


class DatasetQuery(Strict):
    part: Literal["train", "sample"] = "train"


class StarterQuery(Strict):
    format: Literal["py", "ipynb"] = "ipynb"


class SampleModelQuery(Strict):
    format: Literal["joblib", "skops"] = "joblib"


class ModelUpload(Schema):
    """For the OpenAPI document; the view itself reads the file, so that nothing is read twice."""

    model_file = File(required=True)


class TrainingCode(Body):
    code: str = Field(json_schema_extra={"minLength": 1, "maxLength": code.LONGEST})

    @field_validator("code")
    @classmethod
    def _checked(cls, given: str) -> str:
        return code.checked(given)


class TryQuery(Strict):
    run: str = Field("", max_length=32)
    after: int = Field(0, ge=0, le=LARGEST_ID)
