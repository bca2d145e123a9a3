"""Deep linking: an instructor, in their LMS, chooses what a new link opens; the answer is signed by us."""

from __future__ import annotations

import secrets
import time
from typing import Any

from mlarena.accounts.models import User
from mlarena.cohorts.models import Assignment
from mlarena.core import outgoing
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.core.errors import Forbidden, Malformed
from mlarena.lti import keys, linking, once, platforms
from mlarena.lti.claims import DEEP, LTI, Launch
from mlarena.lti.models import Platform

SECONDS = 3600
ANSWER_SECONDS = 600
# What an LMS gives along to get back is its own business, and may be long.
LARGEST_DATA = 16 << 10


def begin(platform: Platform, launch: Launch, user: User) -> str:
    """The word by which the pages of choosing know this launch: they stand in a frame of the LMS, where no
    session of ours is sent along. Raises Forbidden, or Malformed."""
    if not user.is_at_least("instructor"):
        raise Forbidden("Only instructors of this arena choose what a link opens. Ask an admin.")
    if not launch.teaches:
        raise Forbidden("Your role in this course does not let you choose what a link opens.")
    kinds = launch.deep.get("accept_types")
    if not isinstance(kinds, list) or "ltiResourceLink" not in kinds:
        raise Malformed("Your LMS does not take links here.")
    back = launch.deep["deep_link_return_url"]
    data = launch.deep.get("data")
    if data is not None and (not isinstance(data, str) or len(data) > LARGEST_DATA):
        raise Malformed("What your LMS wants back cannot be kept.")
    return once.keep(
        "pick",
        {
            "platform": platform.id,
            "user": user.id,
            "back": _checked(back),
            "data": data,
            "deployment": launch.deployment_id,
            "context": launch.context_id,
            "scored": launch.deep.get("accept_lineitem") is not False,
        },
        SECONDS,
    )


def _checked(back: Any) -> str:
    try:
        return platforms.check_return(back if isinstance(back, str) else "")
    except outgoing.Refused as refused:
        raise Malformed(f"The choice cannot be sent back: {refused}") from None


def going_on(word: str) -> tuple[dict[str, Any], Platform, User]:
    """The launch of that word, its platform and who chooses. Raises Malformed for one that is over."""
    asked = once.look("pick", word)
    platform = db.session.get(Platform, asked["platform"]) if asked else None
    user = db.session.get(User, asked["user"]) if asked else None
    if asked is None or user is None or not user.is_at_least("instructor"):
        raise Malformed("This choice is over. Begin it again in your course.")
    platform = platforms.living(platform)
    if not platforms.may_open(platform, user):
        raise Malformed("This choice is over. Begin it again in your course.")
    return asked, platform, user


def answer(
    asked: dict[str, Any], platform: Platform, user: User, choice: linking.Choice, launch_url: str
) -> str:
    """The signed message that the LMS makes a link of."""
    item: dict[str, Any] = {
        "type": "ltiResourceLink",
        "title": choice.title,
        "url": launch_url,
        "custom": {"mlarena": linking.seal(platform, asked["context"], user, choice)},
        "window": {"targetName": "mlarena"},
    }
    if asked["scored"]:
        item["lineItem"] = {"scoreMaximum": 100, "label": choice.title, "resourceId": choice.name}
        due = _due(choice)
        if due:
            item["submission"] = {"endDateTime": due}
    now = int(time.time())
    message = {
        "iss": platform.client_id,
        "aud": [platform.issuer],
        "iat": now,
        "exp": now + ANSWER_SECONDS,
        "nonce": secrets.token_hex(16),
        f"{LTI}deployment_id": asked["deployment"],
        f"{LTI}message_type": "LtiDeepLinkingResponse",
        f"{LTI}version": "1.3.0",
        f"{DEEP}content_items": [item],
    }
    if asked["data"] is not None:
        message[f"{DEEP}data"] = asked["data"]
    return keys.sign(message)


def _due(choice: linking.Choice) -> str | None:
    found = db.session.get(Assignment, choice.assignment_id) if choice.assignment_id else None
    return rfc3339(found.due_at) if found else None
