"""What the mirrors' JSON door takes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlarena.core.api import Body, PageQuery


class MirrorIn(Body):
    slug: str = Field(
        min_length=1,
        max_length=200,
        description="The last part of the competition's address at Kaggle, or the address",
    )
    xp_reward: int = Field(100, ge=0, le=10_000)
    rated: bool = True


class LinksQuery(PageQuery):
    state: Literal["waiting", "verified"] = "waiting"
