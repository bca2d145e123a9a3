"""What the quests' JSON door takes."""

from __future__ import annotations

from typing import Literal

from apiflask import Schema
from apiflask.fields import File
from pydantic import Field, field_validator

from mlarena.core.api import LARGEST_ID, Body, PageQuery, Strict

LONGEST_CODE = 64 * 1024  # bytes of UTF-8


class QuestsQuery(PageQuery):
    per_page: int = Field(100, ge=1, le=100)
    level: int | None = Field(None, ge=1, le=LARGEST_ID)


class DatasetQuery(Strict):
    part: Literal["train", "sample"] = "train"


class ModelUpload(Schema):
    """For the OpenAPI document; the view itself reads the file, so that nothing is read twice."""

    model_file = File(required=True)


class TrainingCode(Body):
    code: str = Field(min_length=1, max_length=LONGEST_CODE)

    @field_validator("code")
    @classmethod
    def _of_some_length(cls, code: str) -> str:
        if not code.strip():
            raise ValueError("The code is empty. Define `train(X, y)` in it.")
        if len(code.encode()) > LONGEST_CODE:
            raise ValueError(f"The code may have {LONGEST_CODE // 1024} KiB at most.")
        return code
