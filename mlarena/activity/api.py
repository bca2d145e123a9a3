"""The JSON door of the feed."""

from __future__ import annotations

from flask import Response

from mlarena.activity import service
from mlarena.core.api import PageQuery, api_blueprint, documented, paged

blueprint = api_blueprint("activity", "Activity")

EVENT = {
    "id": 5,
    "kind": "solve",
    "username": "ada",
    "words": "solved",
    "title": "Linear Regression Challenge",
    "link": "/quests/1",
    "icon": "circle-check",
    "at": "2026-11-21T09:30:00Z",
}


@blueprint.get("/activity")
@blueprint.input(PageQuery, location="query")
@blueprint.doc(
    summary="What happens in the arena",
    description="First solves, new bests, badges and ends of competitions, newest first. Who does not "
    "want to be seen is not in it.",
    responses=documented(200, [EVENT]),
)
def activity(query_data: PageQuery) -> tuple[Response, int]:
    return paged(service.public(), query_data, lambda event: service.line(event).shown())
