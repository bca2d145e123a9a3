"""Who may pass. Put these right below the route, above everything that reads the request."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import current_app
from flask_login import current_user

from mlarena.accounts.identity import token_problem
from mlarena.core.api import wants_json
from mlarena.core.errors import Forbidden, Unauthorized

View = TypeVar("View", bound=Callable[..., Any])

WORDS = {
    "instructor": "This is for instructors. Ask an admin to make you one.",
    "admin": "This is for admins.",
}


def api_login_required(view: View) -> View:
    """Anonymous callers get the 401 envelope, which says what is wrong with their token."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            raise Unauthorized(token_problem())
        return view(*args, **kwargs)

    return _documented(guarded)


def role_required(role: str) -> Callable[[View], View]:
    """At least `role` ("instructor" or "admin"), for pages and the API alike.

    Who is not signed in gets 401 from the API and the login page elsewhere; anyone else gets 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                if wants_json():
                    raise Unauthorized(token_problem())
                return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            if not current_user.is_at_least(role):
                raise Forbidden(WORDS[role])
            return view(*args, **kwargs)

        guarded.for_role = role  # type: ignore[attr-defined] # what passes here is noted (audit.py)
        return _documented(guarded)

    return decorate


def _documented(view: Any) -> Any:
    """Tell the OpenAPI document that the door wants a token."""
    view._spec = getattr(view, "_spec", {}) | {"security": "bearer"}
    return view
