"""The JSON doors of one's own calendar's address."""

from __future__ import annotations

from flask import Response
from flask_login import current_user

from mlarena.accounts.permissions import api_login_required
from mlarena.calendars import pages, service
from mlarena.core.api import api_blueprint, documented, ok
from mlarena.core.security import limiter

blueprint = api_blueprint("calendars", "Calendar")
Answer = tuple[Response, int]


@blueprint.post("/users/me/calendar")
@api_login_required
@limiter.limit(pages.RENEW_LIMIT)
@blueprint.doc(
    summary="A new address for your calendar",
    description="iCalendar of your competitions, deadlines and matches. Who has the address can read it: "
    "it is shown this once, and the one before ends.",
    responses=documented(201, {"url": "https://arena.example/calendar/….ics"}),
)
def renew() -> Answer:
    return ok({"url": pages.address_of(service.renew(current_user))}, 201)


@blueprint.delete("/users/me/calendar")
@api_login_required
@blueprint.doc(summary="Close your calendar's address", responses=documented(200, None))
def revoke() -> Answer:
    service.revoke(current_user)
    return ok(None)
