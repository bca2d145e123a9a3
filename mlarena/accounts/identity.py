"""Whose request this is: a browser's session, or a bearer token, never both."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from apiflask import APIFlask
from flask import Response, g, redirect, request, session, url_for
from flask_jwt_extended import JWTManager
from flask_login import LoginManager, current_user, login_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from mlarena.accounts import logins, tokens
from mlarena.accounts.models import User
from mlarena.core.api import wants_json
from mlarena.core.config import settings
from mlarena.core.errors import Unauthorized
from mlarena.core.problems import answer

ANONYMOUS = "Log in first, or send a valid token: `Authorization: Bearer TOKEN`."
FORGED = "This form is stale or came from elsewhere. Reload the page and try again."
# Doors that need no identity of a token: a script may come with its old one to get a new one.
OPEN_DOORS = frozenset({"accounts_api.register", "accounts_api.login", "accounts_api.refresh"})


class BearerFirst(LoginManager):
    """Flask-Login, but a token is looked at before the cookie, and a bad one is not mended by it."""

    def _load_user(self) -> None:
        if not _shows_token():
            super()._load_user()
            return
        # Raising here would end up in whoever asked first, such as the rate limiter.
        try:
            user = _bearer_of_token()
        except Unauthorized as refused:
            user, g.token_problem = None, refused.message
        self._update_request_context_with_user(user)


def init_app(app: APIFlask) -> None:
    app.config.update(
        JWT_SECRET_KEY=_derived_key(app.secret_key),
        JWT_TOKEN_LOCATION=["headers"],
        JWT_COOKIE_CSRF_PROTECT=False,
        JWT_ACCESS_TOKEN_EXPIRES=logins.ACCESS,
        JWT_REFRESH_TOKEN_EXPIRES=logins.REFRESH,
        PERMANENT_SESSION_LIFETIME=logins.REMEMBERED,
        # The row of the login says when it is over; a new cookie with every answer would not.
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    if app.extensions["settings"].production:
        # With this prefix no sub-domain and no plain HTTP can plant a session cookie (RFC 6265bis).
        app.config["SESSION_COOKIE_NAME"] = "__Host-session"
    JWTManager(app)
    manager = BearerFirst(app)
    # Its protection compares address and browser, and a phone changes the first all day long.
    manager.session_protection = None
    manager.user_loader(_holder_of_session)
    manager.unauthorized_handler(_ask_to_log_in)

    @app.before_request
    def refuse_bad_tokens() -> None:
        """A request that shows a bad token fails, also where an anonymous one would pass."""
        if not (wants_json() and request.endpoint) or request.endpoint in OPEN_DOORS:
            return
        if "Authorization" in request.headers and not current_user.is_authenticated:
            raise Unauthorized(token_problem())

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> AnyResponse:
        """A stale form. Of somebody whose session is over, and its token with it, it is kept."""
        from mlarena.accounts import kept

        over = not current_user.is_authenticated and request.blueprint != "accounts"
        typed = kept.sent() if over and not wants_json() else None
        return kept.door(typed) if typed else answer(400, FORGED)

    @app.after_request
    def name_the_scheme(response: Response) -> Response:
        if response.status_code == 401 and wants_json():
            response.headers.setdefault("WWW-Authenticate", "Bearer")
        return response


def signed_in() -> User | None:
    """Whoever is, themselves: what asks `current_user` many times asks each time who that is."""
    user = current_user._get_current_object()
    return user if user.is_authenticated else None


def sign_in(user: User, remember: bool = False) -> None:
    """Start a browser session. Nothing of the session before survives, so it cannot be planted."""
    sign_out()
    login = logins.open_login(user, logins.REMEMBERED if remember else logins.BROWSER)
    session["login"] = login.id
    session.permanent = remember
    login_user(user)


def sign_out() -> None:
    """End the browser session, here and in every copy of its cookie."""
    login_id = session.get("login")
    session.clear()
    if login_id:
        logins.end_login(login_id)
    g.pop("_login_user", None)
    g.pop("csrf_token", None)  # made for the session that is over


def bearer_token() -> str:
    """The token of the Authorization header. Raises Unauthorized if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized(logins.GARBLED if scheme else ANONYMOUS)
    return token.strip()


def token_problem() -> str:
    """Why this request is nobody's, in words for the one who sent it."""
    return str(g.get("token_problem", ANONYMOUS))


def own_next(target: str | None) -> str | None:
    """`target` if it is a path of this site, else None: no open redirect."""
    if not target or not target.startswith("/") or not target.isprintable() or "\\" in target:
        return None
    parts = urlsplit(target)
    # "//host" and "///host" lead elsewhere in some browsers.
    return None if parts.scheme or parts.netloc or target.startswith("//") else target


def public_url(path: str) -> str:
    """The full address of `path` for a mail.

    In production only PUBLIC_URL is believed: the Host header is the sender's to choose, and a reset
    link that leads to a stranger's host would give the account away.
    """
    base = settings().public_url
    if not base and not settings().production:
        base = request.host_url.rstrip("/")
    if not base:
        raise LookupError("PUBLIC_URL is not set")
    return base + path


def _shows_token() -> bool:
    header = request.headers.get("Authorization")
    if header is None:
        return False
    # A proxy's own Basic login must not shut the pages; the API takes nothing but tokens.
    return wants_json() or header[:7].lower() == "bearer "


def _bearer_of_token() -> User:
    token = bearer_token()
    if token.startswith(tokens.PREFIX):
        user, g.personal_token_id = tokens.who(token)
    else:
        user, g.login_id = logins.read_token(token, "access")
    return user


def _holder_of_session(user_id: str) -> User | None:
    """The session cookie is signed, so its words are ours; the database says if they still hold."""
    number, _, version = user_id.partition(":")
    login_id = session.get("login")
    if not (number.isdecimal() and version.isdecimal() and login_id):
        return None
    return logins.who(int(number), int(version), login_id)


def _ask_to_log_in() -> AnyResponse:
    if wants_json():
        raise Unauthorized(token_problem())
    from mlarena.accounts import kept  # which asks own_next of here

    typed = kept.sent()
    if typed is not None:
        return kept.door(typed)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.login", next=own_next(wanted)))


def _derived_key(secret: Any) -> str:
    """A key of its own for tokens, so that a signed cookie can never pass for one."""
    raw = secret if isinstance(secret, bytes) else str(secret).encode()
    return hmac.new(raw, b"mlarena access and refresh tokens", hashlib.sha256).hexdigest()
