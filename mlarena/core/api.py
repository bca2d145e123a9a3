"""The furniture of every JSON door: the envelope, pages of lists, strict bodies, the blueprint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from flask_wtf.csrf import CSRFProtect
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Select, func, select
from werkzeug.routing import IntegerConverter

from mlarena.core.db import db

PREFIX = "/api/v1"
# The largest id PostgreSQL's integer holds: a larger one in a path is simply not found.
LARGEST_ID = 2**31 - 1

csrf = CSRFProtect()


class IdConverter(IntegerConverter):
    """`<id:quest_id>`: a positive id that the database can hold; anything else is a 404."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"min": 1, "max": LARGEST_ID, **kwargs})


class Strict(BaseModel):
    """A body or query that knows its fields: an unknown one is an error, and so is a NUL byte."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    @model_validator(mode="before")
    @classmethod
    def _no_nul_bytes(cls, data: Any) -> Any:
        # PostgreSQL cannot store them, and no honest text has them.
        if _holds_nul(data):
            raise ValueError("Text must not contain NUL bytes.")
        return data


class Body(Strict):
    """A JSON body."""


class PageQuery(Strict):
    """`?page=1&per_page=20`."""

    page: int = Field(1, ge=1, le=10_000_000)
    per_page: int = Field(20, ge=1, le=100)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


def _holds_nul(data: Any) -> bool:
    if isinstance(data, str):
        return "\x00" in data
    if isinstance(data, dict):
        return any(_holds_nul(key) or _holds_nul(value) for key, value in data.items())
    if isinstance(data, (list, tuple)):
        return any(map(_holds_nul, data))
    return False


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


def api_blueprint(name: str, tag: str) -> APIBlueprint:
    """A blueprint below /api/v1. A bearer token needs no CSRF header; a browser's cookie does."""
    blueprint = APIBlueprint(f"{name}_api", __name__, url_prefix=PREFIX, tag=tag)
    csrf.exempt(blueprint)

    @blueprint.before_request
    def cookies_need_csrf() -> None:
        if request.method in {"GET", "HEAD", "OPTIONS"} or "Authorization" in request.headers:
            return
        if request.cookies:
            csrf.protect()

    return blueprint
