"""The furniture of every JSON door: the envelope, pages of lists, strict bodies, the blueprint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, request
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Select, func, select
from werkzeug.exceptions import BadRequest
from werkzeug.routing import IntegerConverter

from mlarena.core.db import db
from mlarena.core.errors import Invalid, Malformed, WrongType

PREFIX = "/api/v1"
# The largest id PostgreSQL's integer holds: a larger one in a path is simply not found.
LARGEST_ID = 2**31 - 1

csrf = CSRFProtect()


class IdConverter(IntegerConverter):
    """`<id:quest_id>`: a positive id that the database can hold; anything else is a 404."""

    # Up to LARGEST_ID to the digit: where only the conversion refuses a number, the router takes it for the
    # right address with a wrong method. Python would also take digits of other scripts, and 5,000 of them.
    regex = (
        "[1-9][0-9]{0,8}|1[0-9]{9}|20[0-9]{8}|21[0-3][0-9]{7}|214[0-6][0-9]{6}|2147[0-3][0-9]{5}|"
        "21474[0-7][0-9]{4}|214748[0-2][0-9]{3}|2147483[0-5][0-9]{2}|21474836[0-3][0-9]|214748364[0-7]"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"min": 1, "max": LARGEST_ID, **kwargs})


class Strict(BaseModel):
    """A body or query that knows its fields: an unknown one is an error, and so is text that cannot
    be stored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    @field_validator("*", mode="before")
    @classmethod
    def _only_text(cls, data: Any) -> Any:
        # PostgreSQL stores neither, and no honest text has them.
        if any("\x00" in text for text in _texts(data)):
            raise ValueError("Text must not contain NUL bytes.")
        if any("\ud800" <= character <= "\udfff" for text in _texts(data) for character in text):
            raise ValueError("Text must not contain half a character (a lone surrogate).")
        return data

    @field_validator("*", mode="after")
    @classmethod
    def _only_time_there_is(cls, value: Any) -> Any:
        # The year 1 of a zone east of Greenwich is no year of UTC, in which times are held.
        if isinstance(value, datetime) and value.tzinfo is not None:
            try:
                value.astimezone(UTC)
            except OverflowError:
                raise ValueError("That time is out of range.") from None
        return value


class Body(Strict):
    """A JSON body."""


class PageQuery(Strict):
    """`?page=1&per_page=20`."""

    page: int = Field(1, ge=1, le=10_000_000)
    per_page: int = Field(20, ge=1, le=100)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


def _texts(data: Any) -> Iterator[str]:
    """Every string in `data`, keys too. Not recursive: JSON may be nested deeper than Python's stack."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.keys())
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)


def ok(data: Any, status: int = 200, **meta: Any) -> tuple[Response, int]:
    """`{"status": "success", "data": ...}`, with `meta` where given."""
    body: dict[str, Any] = {"status": "success", "data": data}
    if meta:
        body["meta"] = meta
    return jsonify(body), status


def page_meta(page: int, per_page: int, total: int) -> dict[str, int]:
    pages = max(1, -(-total // per_page))
    return {"page": page, "per_page": per_page, "total": total, "pages": pages}


def paged(
    query: Select[Any],
    wanted: PageQuery,
    show: Callable[[Any], dict[str, Any]],
    total: int | None = None,
) -> tuple[Response, int]:
    """One page of `query` (which is ordered), with `meta` {page, per_page, total, pages}."""
    if total is None:
        counted = select(func.count()).select_from(query.order_by(None).subquery())
        total = db.session.scalar(counted) or 0
    rows: Iterable[Any] = db.session.scalars(query.offset(wanted.offset).limit(wanted.per_page))
    return ok([show(row) for row in rows], **page_meta(wanted.page, wanted.per_page, total))


def error_body(message: str, errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"status": "error", "message": message}
    if errors:
        body["errors"] = errors
    return body


def wants_json() -> bool:
    """Below /api/ every answer is JSON, whatever the client says it accepts."""
    return request.path.startswith("/api/")


def documented(status: int, example: Any) -> dict[int, Any]:
    """A door's success for the OpenAPI document, by example. What holds for every door, such as the
    envelope's schema and the errors, is added to the whole document."""
    body: dict[str, Any] = {"status": "success", "data": example}
    if isinstance(example, list):
        body["meta"] = page_meta(1, 20, len(example))
    content = {"application/json": {"example": body}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content}}


def api_blueprint(name: str, tag: str) -> APIBlueprint:
    """A blueprint below /api/v1. A bearer token needs no CSRF header; a browser's session does."""
    blueprint = APIBlueprint(f"{name}_api", __name__, url_prefix=PREFIX, tag=tag)
    csrf.exempt(blueprint)

    @blueprint.before_request
    def sessions_need_csrf() -> None:
        if request.method in {"GET", "HEAD", "OPTIONS"} or "Authorization" in request.headers:
            return
        # An anonymous request has no authority that another site could borrow.
        if current_user.is_authenticated:
            csrf.protect()

    @blueprint.before_request
    def json_is_json() -> None:
        """Doors that read JSON take nothing else, and say so before anything else is looked at."""
        view = current_app.view_functions[request.endpoint or ""]
        if getattr(view, "_spec", {}).get("content_type") != "application/json":
            return
        if request.mimetype and not request.is_json:
            raise WrongType("Send JSON, with the header `Content-Type: application/json`.")
        try:
            body = request.get_json(force=True)
        except RecursionError:
            raise Malformed("The JSON is nested too deeply.") from None
        except BadRequest:
            raise Malformed("The body is not valid JSON.") from None
        if body is None:
            raise Invalid("Send a JSON object.")

    return blueprint
