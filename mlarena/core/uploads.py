"""The upload doors: a larger limit than other doors have, and a refusal that reaches the sender."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
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
# Much more than any code, so that the refusal can say by how much; a form encodes a line end in six bytes.
CODE_FORM = 4 << 20
LINGER_SECONDS = 10.0
FORM_TOO_LARGE = (
    f"This form takes {CODE_FORM >> 20} MB at most, and what was sent is larger. "
    "Your browser's Back brings you to what you have typed. Many rows are best made by a query."
)

SMALLER_MODEL = (
    "Fewer or shallower trees, or joblib.dump(model, path, compress=3), usually make it fit."
)


@dataclass(frozen=True)
class Door:
    """What an upload door takes: so many bytes by the settings, and what to do when it is more."""

    most: Callable[[], int]
    advice: str = ""


def takes_upload(view: View) -> View:
    """Mark a view as an upload door: its body may be MAX_UPLOAD_MB instead of a form's 2 MB."""
    return takes_file(SMALLER_MODEL)(view)


def takes_file(advice: str = "", most: Callable[[], int] | None = None) -> Callable[[View], View]:
    """The same for what is no model: `advice` follows where a file is too large, `most` is its limit if it
    is not MAX_UPLOAD_MB."""

    def mark(view: View) -> View:
        door = Door(most or (lambda: settings().max_upload_bytes), advice)
        view.takes_upload = door  # type: ignore[attr-defined]
        return view

    return mark


def _door() -> Door | None:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "takes_upload", None)


def takes_code(view: View) -> View:
    """Mark a view whose form holds somebody's code: too much of it is the view's to refuse, in its words."""
    view.takes_code = True  # type: ignore[attr-defined]
    return view


def init_uploads(app: Flask) -> None:
    """Before CSRF and before any parsing: set the door's limit, refuse what says it is larger."""

    @app.before_request
    def limit() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        if getattr(view, "takes_code", False):
            request.max_content_length = request.max_form_memory_size = CODE_FORM
            if (request.content_length or 0) > CODE_FORM:
                _linger(8 * CODE_FORM)
                raise TooLarge(FORM_TOO_LARGE)
        door = _door()
        if door is None:
            return
        most = door.most()
        request.max_content_length = most + WRAPPING
        if (request.content_length or 0) > most + WRAPPING:
            _linger(2 * most)
            raise TooLarge(too_large(most, door.advice))

    @app.errorhandler(RequestEntityTooLarge)
    def over(_error: RequestEntityTooLarge) -> ResponseReturnValue:
        door = _door()
        problem = TooLarge(too_large(door.most(), door.advice) if door else _form_too_large())
        answer: ResponseReturnValue = app.handle_user_exception(problem)
        return answer


def too_large(most: int, advice: str) -> str:
    return f"The file is larger than {most / (1 << 20):g} MB. {advice}".strip()


def _form_too_large() -> str:
    most = request.max_content_length
    if not most:
        return "What was sent is larger than this address takes."
    return f"What was sent is larger than the {most / (1 << 20):g} MB that this address takes."


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
