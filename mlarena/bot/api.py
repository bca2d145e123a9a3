"""The same for scripts: one's link to Telegram."""

from __future__ import annotations

from flask import Response
from flask_login import current_user

from mlarena.accounts.permissions import api_login_required
from mlarena.bot import linking
from mlarena.core.api import api_blueprint, documented, ok
from mlarena.core.clock import rfc3339
from mlarena.core.security import limiter

blueprint = api_blueprint("telegram", "Telegram")
Answer = tuple[Response, int]

LINK = {
    "available": True,
    "bot": "mlarena_bot",
    "linked": True,
    "linked_at": "2026-11-21T18:00:00Z",
}
CODE = {
    "code": "Vq3…",
    "url": "https://t.me/mlarena_bot?start=Vq3…",
    "expires_at": "2026-11-21T18:10:00Z",
}


@blueprint.get("/users/me/telegram")
@api_login_required
@blueprint.doc(responses=documented(200, LINK))
def show_link() -> Answer:
    """Whether the arena has a bot, which, and whether a Telegram account is linked to yours."""
    return _shown()


@blueprint.post("/users/me/telegram")
@api_login_required
@limiter.limit(linking.CODE_LIMIT)
@blueprint.doc(responses=documented(201, CODE))
def make_code() -> Answer:
    """A code that links whoever sends it to the bot: `/start CODE`, or by the address. Once, for ten
    minutes; the one before stops working. 409 where an account is linked,
    and in an arena without a bot."""
    code = linking.make_code(current_user._get_current_object())
    made = {"code": code.text, "url": code.address, "expires_at": rfc3339(code.expires_at)}
    return ok(made, 201)


@blueprint.delete("/users/me/telegram")
@api_login_required
@blueprint.doc(responses=documented(200, LINK | {"linked": False, "linked_at": None}))
def unlink() -> Answer:
    """Nothing is sent to Telegram any more, and nobody there is you."""
    linking.unlink(current_user._get_current_object())
    return _shown()


def _shown() -> Answer:
    link = linking.link_of(current_user)
    return ok(
        {
            "available": linking.available(),
            "bot": linking.bot_name() if linking.available() else None,
            "linked": link is not None,
            "linked_at": rfc3339(link.linked_at) if link else None,
        }
    )
