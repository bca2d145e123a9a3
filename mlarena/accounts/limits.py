"""How often the doors of accounts may be knocked at.

A class of forty sits behind one address: registering or logging in together within five minutes, with
some attempts gone wrong, must pass. Guessing must not: ASVS 2.2.1 allows 100 failures an hour and account.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, request
from flask_limiter.util import get_remote_address
from flask_login import current_user

from mlarena.accounts import names
from mlarena.core.security import limiter

View = TypeVar("View", bound=Callable[..., Any])


def address() -> str:
    return f"address:{get_remote_address()}"


def named_account() -> str:
    """The account that the request is about, whoever sends it and whether it exists or not."""
    body: Any = request.get_json(silent=True) if request.is_json else request.form
    name = ""
    if isinstance(body, dict):
        name = body.get("username") or body.get("email") or ""
    key = names.username_key(str(name).strip()).encode("utf-8", "replace")
    return f"account:{hashlib.sha256(key).hexdigest()[:32]}"


def named_account_here() -> str:
    return f"{named_account()}@{get_remote_address()}"


def own_account() -> str:
    return f"user:{current_user.id}" if current_user.is_authenticated else address()


def _failed(response: Response) -> bool:
    return response.status_code in {401, 422}


def _limit(amount: str, scope: str, key: Callable[[], str], failures: bool = False) -> Any:
    """One limit that a page and its twin in the API share. With `failures`, only those count."""
    return limiter.shared_limit(
        amount,
        scope=scope,
        key_func=key,
        methods=["POST", "PUT", "DELETE"],
        deduct_when=_failed if failures else None,
    )


def _all(*limits: Any) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        for limit in limits:
            view = limit(view)
        return view

    return decorate


registering = _limit("60 per minute; 300 per hour", "register", address)
logging_in = _all(
    _limit("120 per minute; 1000 per hour", "login", address),
    _limit("100 per 15 minutes", "login-failed", address, failures=True),
    _limit("10 per 5 minutes", "login-failed-here", named_account_here, failures=True),
    _limit("100 per hour", "login-failed-anywhere", named_account, failures=True),
)
refreshing = _limit("120 per minute", "refresh", address)
asking_for_reset = _all(
    _limit("20 per 5 minutes; 60 per hour", "forgot", address),
    _limit("3 per hour", "forgot-account", named_account),
)
resetting = _limit("20 per 5 minutes", "reset", address)
making_tokens = _limit("30 per hour", "tokens", own_account)
giving_password = _limit("10 per 5 minutes", "password", own_account, failures=True)
