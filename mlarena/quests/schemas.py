"""What the quests' JSON door takes."""

from __future__ import annotations

from typing import Literal

from apiflask import Schema
from apiflask.fields import File
from pydantic import Field

from mlarena.core.api import LARGEST_ID, PageQuery, Strict


class QuestsQuery(PageQuery):
    per_page: int = Field(100, ge=1, le=100)
    level: int | None = Field(None, ge=1, le=LARGEST_ID)


class DatasetQuery(Strict):
    part: Literal["train", "sample"] = "train"


class ModelUpload(Schema):
    """For the OpenAPI document; the view itself reads the file, so that nothing is read twice."""

    model_file = File(required=True)
