"""The door that Telegram calls. Where it is, and what is shown there, follows from the installation's key.

Neither is written down anywhere but in the bot process's call of setWebhook: who does not know both finds
nothing here.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from flask import Blueprint, request

from mlarena.bot import updates
from mlarena.core import wake
from mlarena.core.api import csrf
from mlarena.core.config import Settings, settings
from mlarena.core.errors import NotFound, TooLarge
from mlarena.core.security import limiter

blueprint = Blueprint("telegram_webhook", __name__, url_prefix="/telegram")

RECEIVED = "mlarena:telegram:received"


def address(of: Settings) -> str:
    """The full address that Telegram is to call."""
    return f"{of.public_url}/telegram/{_derived(of, 'where')}"


def secret(of: Settings) -> str:
    """What it is to show in X-Telegram-Bot-Api-Secret-Token: letters, digits, _ and -, 256 at most."""
    return _derived(of, "what it shows")


def _derived(of: Settings, what: str) -> str:
    about = f"telegram webhook, {what}: {of.telegram_bot_token}"
    return hmac.new(of.key().encode(), about.encode(), hashlib.sha256).hexdigest()


@blueprint.post("/<place>")
@csrf.exempt
@limiter.exempt
def receive(place: str) -> tuple[str, int]:
    _require_telegram(place)
    if (request.content_length or 0) > updates.LONGEST_UPDATE:
        raise TooLarge("An update of Telegram's is smaller.")
    if updates.receive(request.get_json()):
        wake.wake(RECEIVED)
    return "", 200


def _require_telegram(place: str) -> None:
    """Both are compared in constant time, and both wrong look like nothing being here."""
    shown = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    own: Any = settings()
    known = own.telegram_bot_token != "" and own.telegram_webhook
    here = hmac.compare_digest(place.encode(), _derived(own, "where").encode())
    told = hmac.compare_digest(shown.encode("utf-8", "replace"), secret(own).encode())
    if not (known and here and told):
        raise NotFound("There is no such page.")
