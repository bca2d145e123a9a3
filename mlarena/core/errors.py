"""Problems a person can meet. Raised anywhere; the app shows them as JSON below /api/, else as a page."""

from __future__ import annotations

from typing import ClassVar


class Problem(Exception):
    """Something the asker can act on: an HTTP status, a message, and the fields at fault."""

    status: ClassVar[int] = 500

    def __init__(self, message: str, errors: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors or {}


class Malformed(Problem):
    status = 400


class Unauthorized(Problem):
    status = 401


class Forbidden(Problem):
    status = 403


class NotFound(Problem):
    status = 404


class Conflict(Problem):
    status = 409


class TooLarge(Problem):
    status = 413


class WrongType(Problem):
    status = 415


class Invalid(Problem):
    status = 422

    @classmethod
    def field(cls, name: str, message: str) -> Invalid:
        """One field is at fault."""
        return cls(message, {name: [message]})


class Unavailable(Problem):
    status = 503
