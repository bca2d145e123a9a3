"""Signatures as https://www.standardwebhooks.com has them (version 1, HMAC-SHA256).

A secret is not stored: it is made from the webhook's salt with a key of the installation, so a copy of the
database does not hold it, and it can be shown once only because nothing else shows it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from flask import current_app

from mlarena.core.clock import utcnow
from mlarena.webhooks.models import Webhook

PREFIX = "whsec_"
# How long the secret of before goes on signing beside the new one.
OVERLAP = timedelta(hours=24)


def secret(webhook: Webhook) -> str:
    """As its owner gets it, once."""
    return PREFIX + base64.b64encode(_key(webhook.salt)).decode("ascii")


def headers(webhook: Webhook, name: str, body: bytes, at: datetime) -> dict[str, str]:
    """What a message is sent with; two signatures in the day after a rotation."""
    stamp = str(int(at.timestamp()))
    signed = b".".join((name.encode("ascii"), stamp.encode("ascii"), body))
    signatures = [
        base64.b64encode(hmac.digest(_key(salt), signed, "sha256")).decode("ascii")
        for salt in _salts(webhook)
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": "MLArena-Webhooks/1",
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def _salts(webhook: Webhook) -> list[str]:
    old = webhook.old_salt
    if old and webhook.rotated_at and webhook.rotated_at > utcnow() - OVERLAP:
        return [webhook.salt, old]
    return [webhook.salt]


def _key(salt: str) -> bytes:
    app_key = current_app.secret_key or ""
    raw = app_key.encode() if isinstance(app_key, str) else app_key
    own = hmac.digest(raw, b"mlarena webhook secrets", hashlib.sha256)
    return hmac.digest(own, salt.encode("ascii"), hashlib.sha256)
