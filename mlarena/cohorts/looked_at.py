"""A class list between its report and its import: kept in Redis for an hour, for who uploaded it."""

from __future__ import annotations

import json
import secrets

from mlarena.core.errors import Conflict
from mlarena.core.redis import redis_client

SECONDS = 3600
GONE = "The list was looked at too long ago. Upload it once more."


def keep(cohort_id: int, user_id: int, text: str, encoding: str) -> str:
    """Its token, for the button that imports what was reported."""
    token = secrets.token_urlsafe(16)
    redis_client().set(_key(cohort_id, user_id, token), json.dumps([text, encoding]), ex=SECONDS)
    return token


def take(cohort_id: int, user_id: int, token: str) -> tuple[str, str]:
    """The list and its encoding, once. Raises Conflict where it is gone."""
    kept = redis_client().getdel(_key(cohort_id, user_id, token[:64]))
    if kept is None:
        raise Conflict(GONE)
    text, encoding = json.loads(kept)
    return text, encoding


def _key(cohort_id: int, user_id: int, token: str) -> str:
    return f"mlarena:roster:{cohort_id}:{user_id}:{token}"
