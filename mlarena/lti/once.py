"""What lives for minutes and, mostly, for one use: in Redis, under the hash of a word that one browser has.

Losing it (Redis wiped) costs whoever was on the way one more click in their LMS.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from mlarena.core.redis import redis_client


def keep(kind: str, what: dict[str, Any], seconds: int) -> str:
    """The word to ask for it by."""
    word = secrets.token_urlsafe(32)
    redis_client().set(_key(kind, word), json.dumps(what), ex=seconds)
    return word


def take(kind: str, word: str) -> dict[str, Any] | None:
    """It is gone with this; None for what is no word, is over, or was taken already."""
    return _read(redis_client().getdel(_key(kind, word)))


def look(kind: str, word: str) -> dict[str, Any] | None:
    return _read(redis_client().get(_key(kind, word)))


def _key(kind: str, word: str) -> str:
    return f"mlarena:lti:{kind}:{hashlib.sha256(word.encode('utf-8', 'replace')).hexdigest()}"


def _read(found: Any) -> dict[str, Any] | None:
    what: dict[str, Any] | None = json.loads(found) if found else None
    return what
