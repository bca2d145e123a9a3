"""Progress, levels and badges as JSON."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_login import current_user
from sqlalchemy import select

from mlarena.accounts.permissions import api_login_required
from mlarena.core.api import PageQuery, api_blueprint, ok, page_meta, paged
from mlarena.core.clock import rfc3339
from mlarena.core.errors import NotFound
from mlarena.profiles import service
from mlarena.rewards import badges
from mlarena.rewards import service as rewards
from mlarena.rewards.levels import level_open
from mlarena.rewards.models import Level
from mlarena.submissions.listing import submissions_query
from mlarena.submissions.models import Submission

blueprint = api_blueprint("profiles", "Progress")
Answer = tuple[Response, int]


@blueprint.get("/users/me/progress")
@api_login_required
@blueprint.doc(summary="Your progress", description="XP, level, streak, badges, learning levels.")
def own_progress() -> Answer:
    return ok(service.progress(current_user))


@blueprint.get("/users/<id:user_id>/submissions")
@api_login_required
@blueprint.input(PageQuery, location="query")
@blueprint.doc(
    summary="Someone's submissions",
    description="Newest first: your own, or anybody's if you are an instructor. Others get 404.",
)
def submissions_of(user_id: int, query_data: PageQuery) -> Answer:
    user = service.person(user_id)
    if not service.may_see_submissions(current_user, user):
        raise NotFound("There are no submissions here that you may see.")
    return paged(submissions_query(user_id=user.id), query_data, Submission.shown)


@blueprint.get("/levels")
@blueprint.input(PageQuery, location="query")
@blueprint.doc(
    summary="The learning levels",
    description="In their order. `open` says whether your XP reaches (of nobody: none).",
)
def list_levels(query_data: PageQuery) -> Answer:
    xp = rewards.totals_of(current_user.id).xp if current_user.is_authenticated else 0

    def shown(level: Level) -> dict[str, Any]:
        return level.shown() | {"open": level_open(level, xp)}

    return paged(select(Level).order_by(Level.order, Level.id), query_data, shown)


@blueprint.get("/badges")
@blueprint.input(PageQuery, location="query")
@blueprint.doc(
    summary="The badges",
    description="What there is to earn, and for what. Signed in: `earned_at` (null: not yet) and `figure`, "
    "how much of `condition_value` is there (null where there is no half way).",
)
def list_badges(query_data: PageQuery) -> Answer:
    user_id = current_user.id if current_user.is_authenticated else None
    rows = badges.every_badge(user_id, query_data.offset, query_data.per_page)
    meta = page_meta(query_data.page, query_data.per_page, badges.count_badges())
    if user_id is None:
        return ok([badge.shown() for badge, _ in rows], **meta)
    facts = rewards.facts_of(rewards.totals_of(user_id))
    own = [
        badge.shown() | {"earned_at": rfc3339(at), "figure": badges.locked(badge, facts).figure}
        for badge, at in rows
    ]
    return ok(own, **meta)
