"""Content and rows: how a version is kept, and read back."""

from __future__ import annotations

from typing import Any

from mlarena.challenges.contents import SHAPES, Content, digest
from mlarena.challenges.models import Case, Challenge, ChallengeVersion
from mlarena.core.db import db


def content_of(version: ChallengeVersion) -> Content:
    """The content that the version holds."""
    return SHAPES[version.challenge.kind].model_validate(whole(version))


def whole(version: ChallengeVersion) -> dict[str, Any]:
    """The same as plain fields, as an author writes them."""
    shape = SHAPES[version.challenge.kind]
    items = [
        {**row.content, "weight": row.weight}
        | ({"is_visible": row.is_visible} if shape.cases_field == "test_cases" else {})
        for row in version.cases
    ]
    return {**version.content, shape.cases_field: items}


def add_version(
    challenge: Challenge, number: int, content: Content, author_id: int | None
) -> ChallengeVersion:
    """A new row with its cases, numbered `number`. No commit."""
    version = ChallengeVersion(
        challenge=challenge,
        number=number,
        content=content.kept(),
        digest=digest(content),
        created_by=author_id,
        cases=[
            Case(position=place, is_visible=item.visible, weight=item.weight, content=item.kept())
            for place, item in enumerate(content.items, 1)
        ],
    )
    db.session.add(version)
    return version
