"""The upload doors: a larger limit than other doors have, and a refusal that reaches the sender."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from mlarena.core.config import settings
from mlarena.core.errors import TooLarge

View = TypeVar("View", bound=Callable[..., object])

# What multipart wraps around the file, and the other fields of the form.
WRAPPING = 64 << 10
PIECE = 1 << 18
LINGER_SECONDS = 10.0


def takes_upload(view: View) -> View:
    """Mark a view as an upload door: its body may be MAX_UPLOAD_MB instead of a form's 2 MB."""
    view.takes_upload = True  # type: ignore[attr-defined]
    return view


def init_uploads(app: Flask) -> None:
    """Before CSRF and before any parsing: set the door's limit, refuse what says it is larger."""

    @app.before_request
    def limit() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        if not getattr(view, "takes_upload", False):
            return
        most = settings().max_upload_bytes
        request.max_content_length = most + WRAPPING
        if (request.content_length or 0) > most + WRAPPING:
            _linger(2 * most)
            raise TooLarge(too_large(most))

    @app.errorhandler(RequestEntityTooLarge)
    def over(_error: RequestEntityTooLarge) -> ResponseReturnValue:
        view = current_app.view_functions.get(request.endpoint or "")
        most = settings().max_upload_bytes
        known = getattr(view, "takes_upload", False)
        problem = TooLarge(too_large(most) if known else "That is too large for this address.")
        answer: ResponseReturnValue = app.handle_user_exception(problem)
        return answer


def too_large(most: int) -> str:
    return (
        f"The file is larger than {most / (1 << 20):g} MB. "
        "Fewer or shallower trees, or joblib.dump(model, path, compress=3), usually make it fit."
    )


def _linger(most: int) -> None:
    """Read and drop what the sender is still sending, within bounds.

    A sender who is cut off in the middle of its body sees a broken connection instead of the reason.
    """
    left, until = most, time.monotonic() + LINGER_SECONDS
    stream = request.environ["wsgi.input"]
    left = min(left, request.content_length or 0)
    while left > 0 and time.monotonic() < until:
        piece = stream.read(min(PIECE, left))
        if not piece:
            return
        left -= len(piece)
