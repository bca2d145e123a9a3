"""How a problem is shown: the JSON envelope below /api/, a page elsewhere. Never a traceback."""

from __future__ import annotations

import time
from math import ceil
from typing import Any
from urllib.parse import urlsplit

import structlog
from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, current_app, g, jsonify, render_template, request
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from mlarena.core.api import error_body, wants_json
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.core.security import limiter

log = structlog.get_logger(__name__)

WORDS = {
    400: "That request could not be read.",
    401: "Log in first, or send a valid token.",
    403: "You may not do that.",
    404: "There is nothing here by that name.",
    405: "This address does not take that method.",
    409: "That does not fit what is already there.",
    413: "That is too large.",
    415: "That type of content is not taken here.",
    422: "Some of the values are not right.",
    429: "Too many requests. Wait a little and try again.",
    500: "Something broke on our side. It has been noted.",
    503: "The arena is catching its breath. Try again in a moment.",
}

KEPT_HEADERS = {"retry-after", "allow"}


def answer(
    status: int, message: str, errors: dict[str, list[str]] | None = None, headers: Any = None
) -> Response:
    """One problem, in the form the asker reads."""
    kept = {name: value for name, value in (headers or {}).items() if name.lower() in KEPT_HEADERS}
    if wants_json():
        response = jsonify(error_body(message, errors))
    else:
        words = {"status": status, "message": message, "errors": errors, "back": _back()}
        words["wait"] = _wait(status, kept)
        response = Response(_page(status, words), mimetype="text/html")
    response.status_code = status
    response.headers.update(kept)
    return response


def _page(status: int, words: dict[str, Any]) -> str:
    if status < 500:
        return render_template("errors/problem.html", **words)
    # Who asks, and what they have, is in the database, which may be what broke: the page does without.
    template = current_app.jinja_env.get_template("errors/problem.html")
    return template.render(**words, bare=True, request=request, g=g)


def _wait(status: int, headers: dict[str, str]) -> int | None:
    """In how many seconds to try again, where that is known."""
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.isdigit():
            return int(value)
    # The limiter writes its header when the answer is done.
    limit = limiter.current_limit if status == 429 else None
    return max(1, ceil(limit.reset_at - time.time())) if limit else None


def _back() -> str | None:
    """Where on this site the asker came from, if they were sending something from there."""
    came_from = urlsplit(request.referrer or "")
    if request.method in {"GET", "HEAD"} or came_from.netloc != request.host:
        return None
    return came_from.path or None


def init_app(app: APIFlask) -> None:
    @app.errorhandler(Problem)
    def told(problem: Problem) -> Response:
        db.session.rollback()
        return answer(problem.status, problem.message, problem.errors)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if 300 <= status < 400:
            return error.get_response()  # type: ignore[return-value]
        # The limiter adds Retry-After to its 429: when the limit it broke lets go.
        headers = dict(error.get_headers())
        return answer(status, WORDS.get(status) or error.name or WORDS[500], headers=headers)

    @app.error_processor
    def invalid(error: HTTPError) -> Response:
        errors = _by_field(error.detail) if isinstance(error.detail, dict) else {}
        # A body that is no JSON at all is malformed, not invalid.
        if errors.get("json") == ["Invalid JSON"]:
            return answer(400, "The body is not valid JSON.")
        message = WORDS.get(error.status_code) or str(error.message)
        return answer(error.status_code, message, errors, error.headers)

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def database_away(error: Exception) -> Response:
        log.error("database unavailable", error=str(error))
        _forget_session()
        return answer(503, WORDS[503], headers={"Retry-After": "5"})

    @app.errorhandler(RedisError)
    def redis_away(error: Exception) -> Response:
        log.error("redis unavailable", error=str(error))
        return answer(503, WORDS[503], headers={"Retry-After": "5"})

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return database_away(error)
        log.exception("unhandled error")
        _forget_session()
        return answer(500, WORDS[500])


def _forget_session() -> None:
    try:
        db.session.rollback()
    except DBAPIError:
        db.session.remove()


def _by_field(detail: dict[str, Any]) -> dict[str, list[str]]:
    """APIFlask nests errors under their location; the contract wants {field: [..]}."""
    found: dict[str, list[str]] = {}

    def walk(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, below in value.items():
                walk(f"{name}.{key}" if name else str(key), below)
        elif isinstance(value, list):
            # pydantic says whose words they are; the reader need not know.
            words = (str(item).removeprefix("Value error, ") for item in value)
            found.setdefault(name, []).extend(words)
        else:
            found.setdefault(name, []).append(str(value))

    for location, fields in detail.items():
        walk("" if isinstance(fields, dict) else str(location), fields)
    return found
