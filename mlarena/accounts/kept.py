"""What was typed when a session had ended comes along to the login and back: no scripts, and stored nowhere.

A form that arrives from nobody is not taken. Its fields are written into the login form, and whoever then
logs in is shown them again, to be sent by a press of their own: nothing is handed in by logging in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from mlarena.accounts.forms import LoginForm
from mlarena.accounts.identity import own_next

# A login form is no larger than any other, and what is in it is escaped.
LARGEST = 256 << 10
MOST_FIELDS = 400
FIELD = "kept"
# Longer ones, or those of several lines, are what somebody would be sorry for.
SHORT = 60
OWN = frozenset({"csrf_token", FIELD})


@dataclass(frozen=True)
class Kept:
    """`action` is where the form went, `back` the page it stood on, `fields` its names and values."""

    action: str
    back: str | None
    fields: list[tuple[str, str]]

    @property
    def packed(self) -> str:
        return json.dumps({"action": self.action, "back": self.back, "fields": self.fields})

    @property
    def written(self) -> list[tuple[str, str]]:
        return [(name, text) for name, text in self.fields if _is_written(text)]

    @property
    def others(self) -> list[tuple[str, str]]:
        return [(name, text) for name, text in self.fields if not _is_written(text)]


def sent() -> Kept | None:
    """What this request was to hand in; None where nothing was, or it is not to be kept: files, passwords,
    too much, and what another site's page has sent."""
    action = own_next(request.full_path.rstrip("?"))
    if request.method != "POST" or action is None or not _from_here():
        return None
    if request.mimetype not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return None
    if (request.content_length or 0) > 2 * LARGEST or any(one for one in request.files.values()):
        return None
    found = [(name, text) for name, text in request.form.items(multi=True) if name not in OWN]
    if any("password" in name for name, _ in found) or len(found) > MOST_FIELDS:
        return None
    if not found or sum(len(name) + len(text) for name, text in found) > LARGEST:
        return None
    return Kept(action, _back(), found)


def brought() -> Kept | None:
    """What came along in the login form. None for whatever is no such thing."""
    try:
        found: Any = json.loads(request.form.get(FIELD, ""))
        fields = [(str(name), str(text)) for name, text in found["fields"]]
        action, back = own_next(str(found["action"])), found["back"]
    except (ValueError, KeyError, TypeError):
        return None
    if action is None or not fields or len(fields) > MOST_FIELDS:
        return None
    return Kept(action, own_next(str(back)) if back else None, fields)


def door(typed: Kept) -> AnyResponse:
    """The login, with what was typed in its hand."""
    form = LoginForm(formdata=None)
    page = render_template("accounts/login.html", form=form, next=typed.back, kept=typed)
    answer = make_response(page, 401)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _from_here() -> bool:
    """Whether a page of this site sent it: what another one made up is not to be shown as one's own."""
    origin = request.headers.get("Origin")
    return origin == request.host_url.rstrip("/") or (
        origin is None and request.headers.get("Sec-Fetch-Site") == "same-origin"
    )


def _back() -> str | None:
    referrer = request.referrer or ""
    here = request.host_url.rstrip("/")
    return own_next(referrer.removeprefix(here)) if referrer.startswith(f"{here}/") else None


def _is_written(text: str) -> bool:
    return "\n" in text or len(text) > SHORT
