"""Headers on every answer, and how often a door may be knocked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from itsdangerous import URLSafeTimedSerializer
from limits import parse_many
from werkzeug.middleware.proxy_fix import ProxyFix

from mlarena.core.config import Settings
from mlarena.core.redis import RedisError

View = TypeVar("View", bound=Callable[..., Any])

# Everything comes from here: no inline script or style, no other origin, no frame around us.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def who_asks() -> str:
    """Rate limits count a signed-in user wherever they are, anyone else by address."""
    if current_user and current_user.is_authenticated:
        return f"user:{current_user.id}"
    return f"address:{get_remote_address()}"


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies. Their serializer is made once for a key, not twice with each request."""

    def __init__(self) -> None:
        self._made: tuple[Any, URLSafeTimedSerializer | None] = None, None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        key = app.secret_key, tuple(app.config["SECRET_KEY_FALLBACKS"] or ())
        if self._made[0] != key:
            self._made = key, super().get_signing_serializer(app)
        return self._made[1]


limiter = Limiter(key_func=who_asks, headers_enabled=True, strategy="moving-window")
_PREFIX = "mlarena"


@dataclass(frozen=True)
class Limit:
    """How often somebody may do something ("120 per minute"), by all its doors together: a decorator of the
    views of pages and API, and `allows` for what comes by another way."""

    rate: str
    scope: str

    def __call__(self, view: View) -> View:
        return cast(View, limiter.shared_limit(self.rate, scope=self.scope)(view))

    def allows(self, who: str) -> bool:
        """Count one more by `who` ("user:7"); whether that is within the rate."""
        if not limiter.enabled:
            return True
        try:
            hits = [
                limiter.limiter.hit(one, _PREFIX, who, self.scope) for one in parse_many(self.rate)
            ]
        except RedisError:
            return True  # as the doors: a Redis that is away shuts nobody out
        return all(hits)


def init_security(app: Flask, settings: Settings) -> None:
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=settings.production,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=True,
        # Forms and JSON are small; the upload door raises this for itself.
        MAX_CONTENT_LENGTH=2 << 20,
        MAX_FORM_MEMORY_SIZE=1 << 20,
        RATELIMIT_ENABLED=settings.ratelimit_enabled,
        RATELIMIT_STORAGE_URI=_limits_url(settings.redis),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_KEY_PREFIX=_PREFIX,
    )
    app.session_interface = Sessions()
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies
        )

    # Registered before the limiter's own, so it runs after: a limit that was not reached asks nobody
    # to wait, and some clients would (RFC 9110 lets Retry-After speak with a redirect, too).
    @app.after_request
    def ask_to_wait_only_with_reason(response: Response) -> Response:
        if response.status_code < 400:
            response.headers.pop("Retry-After", None)
        return response

    limiter.init_app(app)

    @app.after_request
    def harden(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if settings.production and request.is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if not request.path.startswith("/static/"):
            headers.setdefault("Cache-Control", "private, no-cache")
        return response


def _limits_url(redis_url: str) -> str:
    """The limits library writes a unix socket's scheme its own way."""
    return redis_url.replace("unix://", "redis+unix://", 1)
