"""How a problem is shown: the JSON envelope below /api/, a page elsewhere. Never a traceback."""

from __future__ import annotations

from typing import Any

import structlog
from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, jsonify, render_template
from flask_wtf.csrf import CSRFError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from mlarena.core.api import error_body, wants_json
from mlarena.core.db import db
from mlarena.core.errors import Problem

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


def answer(
    status: int, message: str, errors: dict[str, list[str]] | None = None, headers: Any = None
) -> Response:
    """One problem, in the form the asker reads."""
    if wants_json():
        response = jsonify(error_body(message, errors))
    else:
        page = render_template("errors/problem.html", status=status, message=message, errors=errors)
        response = Response(page, mimetype="text/html")
    response.status_code = status
    for name, value in (headers or {}).items():
        if name.lower() in {"retry-after", "allow"}:
            response.headers[name] = value
    return response


def init_app(app: APIFlask) -> None:
    @app.errorhandler(Problem)
    def told(problem: Problem) -> Response:
        db.session.rollback()
        return answer(problem.status, problem.message, problem.errors)

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> Response:
        return answer(
            400, "This form is stale or came from elsewhere. Reload the page and try again."
        )

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
