"""What is said to an LMS's own doors: for a token, for a line item, and a score. All of it by the guarded
client: instructors enter these addresses, and the LMS itself names others."""

from __future__ import annotations

import json
import secrets
import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import update

from mlarena.core import outgoing
from mlarena.core.clock import rfc3339
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.lti import keys, platforms
from mlarena.lti.claims import ITEM_SCOPE, SCORE_SCOPE
from mlarena.lti.models import Link, Platform

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
LARGEST = 256 << 10
FULL = 100
# Not a matter of this score: nobody there, too much for now, or no token of ours is believed.
NOT_THERE = {401, 429, 500, 502, 503, 504}


class Failed(Exception):
    """It did not get through; the words say how. `away`: no other score would have either."""

    def __init__(self, words: str, away: bool, wait: float = 0.0) -> None:
        super().__init__(words)
        self.away, self.wait = away, wait


def body_of(sub: str, percent: float | None, at: datetime) -> bytes:
    """A score as AGS has it; without a number, what the LMS had is taken back."""
    told: dict[str, Any] = {
        "userId": sub,
        "timestamp": rfc3339(at),
        "activityProgress": "Initialized" if percent is None else "Completed",
        "gradingProgress": "NotReady" if percent is None else "FullyGraded",
    }
    if percent is not None:
        told |= {"scoreGiven": percent, "scoreMaximum": FULL}
    return json.dumps(told).encode()


class Service:
    """One round's talk with a platform. A token is asked for once, and again when it is refused."""

    def __init__(self, platform: Platform) -> None:
        self.token_url, self.client_id = platform.token_url, platform.client_id
        self.audience = platform.audience or platform.token_url
        # By what they are for: an LMS that lets us score and no more refuses to be asked for more.
        self._tokens: dict[str, str] = {}

    def post_score(self, link: Link, item: str, body: bytes) -> None:
        """Raises Failed."""
        parts = urlsplit(item)
        url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/scores"))
        answer = self._ask(link, "POST", url, body, {"Content-Type": SCORE_TYPE})
        if answer.status == 404 and link.line_items:
            # Somebody has deleted the column: the next attempt finds or makes another.
            _keep(link, "")
        _needs_fine(answer, "the score")

    def line_item(self, link: Link) -> str:
        """Where the link's scores go; found or made where the LMS named none. Raises Failed; may commit."""
        if link.line_item:
            return link.line_item
        if not link.line_items:
            raise Failed("The LMS has named no place for scores.", away=False)
        parts = urlsplit(link.line_items)
        query = [*parse_qsl(parts.query), ("resource_link_id", link.resource_link_id)]
        url = urlunsplit(parts._replace(query=urlencode(query)))
        answer = self._ask(link, "GET", url, None, {"Accept": ITEMS_TYPE})
        _needs_fine(answer, "the list of line items")
        rows = _json(answer)
        wanted = link.resource_link_id
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("resourceLinkId") == wanted and _is_id(row):
                return _keep(link, row["id"])
        made = {
            "scoreMaximum": FULL,
            "label": (link.title or "MLArena")[:255],
            "resourceId": f"mlarena:{link.id}",
            "resourceLinkId": link.resource_link_id,
        }
        body = json.dumps(made).encode()
        answer = self._ask(
            link, "POST", link.line_items, body, {"Content-Type": ITEM_TYPE, "Accept": ITEM_TYPE}
        )
        _needs_fine(answer, "a new line item")
        row = _json(answer)
        if not isinstance(row, dict) or not _is_id(row):
            raise Failed("The LMS does not say where its new line item is.", away=False)
        return _keep(link, row["id"])

    def _ask(
        self, link: Link, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> outgoing.Answer:
        scope = f"{SCORE_SCOPE} {ITEM_SCOPE}" if link.line_items else SCORE_SCOPE
        known = scope in self._tokens
        answer = _request(method, url, body, headers | {"Authorization": self._bearer(scope)})
        if answer.status == 401:
            del self._tokens[scope]
            if known:  # it ran out
                bearer = self._bearer(scope)
                answer = _request(method, url, body, headers | {"Authorization": bearer})
        return answer

    def _bearer(self, scope: str) -> str:
        if scope not in self._tokens:
            self._tokens[scope] = self._new_token(scope)
        return f"Bearer {self._tokens[scope]}"

    def _new_token(self, scope: str) -> str:
        now = int(time.time())
        assertion = keys.sign(
            {
                **{"iss": self.client_id, "sub": self.client_id, "aud": self.audience},
                **{"iat": now, "exp": now + 300, "jti": secrets.token_hex(16)},
            }
        )
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
            "scope": scope,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = _request("POST", self.token_url, urlencode(form).encode(), kind)
        if answer.status != 200:
            raise Failed(
                f"The LMS gives no token: it answers {answer.status}. {_excerpt(answer)}",
                away=True,
                wait=_wait(answer),
            )
        told = _json(answer)
        token = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token.isprintable() or not token.isascii():
            raise Failed("The LMS gives no token: its answer holds none.", away=True)
        return token


def _request(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> outgoing.Answer:
    headers = {"User-Agent": "MLArena-LTI/1", "Accept": "*/*", **headers}
    db.session.commit()
    try:
        platforms.check_address(url)
        return outgoing.request(
            method, url, body, headers, seconds=settings().webhook_seconds, largest=LARGEST
        )
    except outgoing.Refused as refused:
        raise Failed(f"{urlsplit(url).netloc[:80]} is not asked: {refused}", away=False) from None
    except outgoing.Away as gone:
        raise Failed(str(gone), away=True) from None


def _needs_fine(answer: outgoing.Answer, what: str) -> None:
    if not 200 <= answer.status < 300:
        raise Failed(
            f"The LMS does not take {what}: it answers {answer.status}. {_excerpt(answer)}",
            away=answer.status in NOT_THERE,
            wait=_wait(answer),
        )


def _json(answer: outgoing.Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _is_id(row: dict[str, Any]) -> bool:
    found = row.get("id")
    return isinstance(found, str) and found.isprintable() and 0 < len(found) <= 2000


def _excerpt(answer: outgoing.Answer) -> str:
    text = answer.body[:300].decode("utf-8", "replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _wait(answer: outgoing.Answer) -> float:
    """Retry-After in seconds. A date is not read: the own pause will do."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0.0


def _keep(link: Link, item: str) -> str:
    db.session.execute(update(Link).where(Link.id == link.id).values(line_item=item))
    db.session.commit()
    link.line_item = item
    return item
