"""Structured logs: one event a line, with the request's or the submission's id bound to it."""

from __future__ import annotations

import logging
import sys
import uuid
from typing import TYPE_CHECKING

import structlog

from mlarena.core.config import Settings

if TYPE_CHECKING:
    from flask import Flask, Response


def configure(settings: Settings) -> None:
    """JSON in production, coloured lines elsewhere; the standard library's loggers join in."""
    as_json = settings.log_format == "json" or (settings.production and not settings.log_format)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    # httpx would write every address it asks, and in Telegram's the bot's token stands.
    for noisy in (
        *("werkzeug", "engineio", "socketio", "geventwebsocket", "rq", "alembic"),
        *("httpx", "httpcore", "telegram"),
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def init_request_ids(app: Flask) -> None:
    """Every request has an id: the router's X-Request-ID if it looks like one, else a new one."""
    from flask import g, request

    @app.before_request
    def bind() -> None:
        given = request.headers.get("X-Request-ID", "")
        known = given if given.isascii() and 8 <= len(given) <= 64 and given.isprintable() else ""
        g.request_id = known or uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def show(response: Response) -> Response:
        if "request_id" in g:
            response.headers["X-Request-ID"] = g.request_id
        return response
