"""The JSON doors of notifications: one's own list, what is read, what one wants to be told."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts.permissions import api_login_required
from mlarena.core.api import api_blueprint, documented, ok, page_meta
from mlarena.core.db import db
from mlarena.notifications import choices, service
from mlarena.notifications.forms import minute_of
from mlarena.notifications.kinds import kinds_of
from mlarena.notifications.schemas import (
    NotificationsQuery,
    PreferencesIn,
    ReadIn,
    shown_preferences,
)

blueprint = api_blueprint("notifications", "Notifications")
Answer = tuple[Response, int]

ONE = {
    "id": 12,
    "kind": "badge",
    "about": "badge:1",
    "title": "New badge: First Steps",
    "text": "Pass your first quest.",
    "link": "/users/7#badges",
    "icon": "award",
    "created_at": "2026-11-21T09:30:00Z",
    "read_at": None,
    "more": 0,
}


@blueprint.get("/notifications")
@api_login_required
@blueprint.input(NotificationsQuery, location="query")
@blueprint.doc(
    summary="Your notifications",
    description="Newest first. A burst of one kind is one of them, with `more` others behind it; "
    "`meta.unread` is what the bell counts, up to 100.",
    responses=documented(200, [ONE]),
)
def notifications(query_data: NotificationsQuery) -> Answer:
    query = service.heads(current_user.id, unread=query_data.unread)
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    rows = db.session.scalars(query.offset(query_data.offset).limit(query_data.per_page)).all()
    more = service.bursts([row.id for row in rows])
    meta: dict[str, Any] = page_meta(query_data.page, query_data.per_page, total or 0)
    meta["unread"] = service.unread(current_user.id)
    return ok([row.json() | {"more": len(more.get(row.id, []))} for row in rows], **meta)


@blueprint.post("/notifications/<id:notification_id>/read")
@api_login_required
@blueprint.doc(
    summary="Mark one as read",
    description="With all of its burst. Open pages follow.",
    responses=documented(200, {"unread": 2}),
)
def read(notification_id: int) -> Answer:
    service.mark_read(current_user.id, notification_id)
    return ok({"unread": service.unread(current_user.id)})


@blueprint.post("/notifications/read")
@api_login_required
@blueprint.input(ReadIn, location="json", example={"up_to": 12})
@blueprint.doc(
    summary="Mark all as read",
    description="Or all up to one, so that nothing is read that came after your list.",
    responses=documented(200, {"unread": 0}),
)
def read_all(json_data: ReadIn) -> Answer:
    service.mark_all_read(current_user.id, json_data.up_to)
    return ok({"unread": service.unread(current_user.id)})


@blueprint.get("/notifications/preferences")
@api_login_required
def preferences() -> Answer:
    """What you are told, by which channel, and when: times are on your own clock."""
    return ok(shown_preferences(choices.wishes_of(current_user), kinds_of(current_user)))


@blueprint.patch("/notifications/preferences")
@api_login_required
@blueprint.input(
    PreferencesIn,
    location="json",
    example={"kinds": {"verdict": {"page": False}}, "quiet_from": "22:00", "quiet_to": "07:00"},
)
def change_preferences(json_data: PreferencesIn) -> Answer:
    """Change some of it. A digest needs an address that was confirmed by the link in a letter."""
    given = json_data.model_dump(exclude_unset=True, exclude={"kinds"})
    for name in ("quiet_from", "quiet_to"):
        if name in given:
            given[name] = minute_of(given[name], name)
    for name in ("digest", "digest_hour"):
        if given.get(name, 0) is None:
            del given[name]
    user = current_user._get_current_object()
    choices.change(user, json_data.kinds or {}, **given)
    return ok(shown_preferences(choices.wishes_of(user), kinds_of(user)))
