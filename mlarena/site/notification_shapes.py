"""What the doors of notifications, reports, calendars and activity answer, for the OpenAPI document."""

from __future__ import annotations

from mlarena.site.shaping import (
    INTEGER,
    TEXT,
    TIME,
    YES_OR_NO,
    Schema,
    array,
    one_of,
    or_null,
    ref,
    thing,
)

_NOTIFICATION = {
    "id": INTEGER,
    "kind": TEXT,
    "about": TEXT,
    "title": TEXT,
    "text": TEXT,
    "link": TEXT,
    "icon": TEXT,
    "created_at": TIME,
    "read_at": or_null(TIME),
    "more": INTEGER,
}
_EVENT = {
    "id": INTEGER,
    "kind": one_of("solve", "best", "badge", "end"),
    "username": or_null(TEXT),
    "words": TEXT,
    "title": TEXT,
    "link": TEXT,
    "icon": TEXT,
    "at": TIME,
}
_CHOICES: Schema = {
    "type": "object",
    "description": "By kind and channel, whether you want it",
    "additionalProperties": {"type": "object", "additionalProperties": YES_OR_NO},
}
_PREFERENCES = {
    "kinds": _CHOICES,
    "quiet_from": or_null(TEXT),
    "quiet_to": or_null(TEXT),
    "digest": one_of("daily", "weekly"),
    "digest_hour": INTEGER,
    "email_confirmed": YES_OR_NO,
}

_REPORT = {
    "id": INTEGER,
    "task_id": INTEGER,
    "task": TEXT,
    "user_id": INTEGER,
    "username": TEXT,
    "text": TEXT,
    "status": one_of("open", "closed"),
    "created_at": TIME,
    "closed_at": or_null(TIME),
    "replies": array(thing({"by": TEXT, "text": TEXT, "created_at": TIME})),
}

NOTIFICATION_SCHEMAS: dict[str, Schema] = {
    "Notification": thing(_NOTIFICATION),
    "Unread": thing({"unread": INTEGER}),
    "Preferences": thing(_PREFERENCES),
    "PublicEvent": thing(_EVENT),
    "Report": thing(_REPORT),
    "CalendarAddress": thing({"url": TEXT}),
}
NOTIFICATION_DATA: dict[tuple[str, str], tuple[int, Schema]] = {
    ("GET", "/notifications"): (200, array(ref("Notification"))),
    ("POST", "/notifications/{notification_id}/read"): (200, ref("Unread")),
    ("POST", "/notifications/read"): (200, ref("Unread")),
    ("GET", "/notifications/preferences"): (200, ref("Preferences")),
    ("PATCH", "/notifications/preferences"): (200, ref("Preferences")),
    ("GET", "/reports"): (200, array(ref("Report"))),
    ("POST", "/reports"): (201, ref("Report")),
    ("GET", "/reports/{report_id}"): (200, ref("Report")),
    ("PATCH", "/reports/{report_id}"): (200, ref("Report")),
    ("POST", "/reports/{report_id}/replies"): (201, ref("Report")),
    ("GET", "/activity"): (200, array(ref("PublicEvent"))),
    ("POST", "/users/me/calendar"): (201, ref("CalendarAddress")),
    ("DELETE", "/users/me/calendar"): (200, {"type": "null"}),
}
