"""The public files of a competition: its data, the sample submission. The answers have no function here."""

from __future__ import annotations

import mimetypes

from flask import Response

from mlarena.accounts.models import User
from mlarena.competitions.models import Competition
from mlarena.core.downloads import send
from mlarena.core.errors import Forbidden, NotFound


def data(competition: Competition, file_id: int, viewer: User) -> Response:
    """One file of the data page, from the start on. Raises NotFound, Forbidden."""
    _require_begun(competition, viewer)
    for file in competition.files:
        if file.id == file_id:
            guess = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            # Nothing that a browser would show as a page of ours.
            mimetype = (
                guess if guess in ("text/csv", "application/zip") else "application/octet-stream"
            )
            return send(file.blob, file.size, file.name, mimetype)
    raise NotFound("There is no such file.")


def sample(competition: Competition, viewer: User) -> Response:
    """The sample submission. Raises NotFound, Forbidden."""
    _require_begun(competition, viewer)
    if competition.sample_blob is None:
        raise NotFound("There is no sample submission yet.")
    size = competition.facts["sample_size"]
    return send(
        competition.sample_blob, size, f"{competition.slug}_sample_submission.csv", "text/csv"
    )


def _require_begun(competition: Competition, viewer: User) -> None:
    if competition.phase() == "upcoming" and not viewer.is_at_least("instructor"):
        raise Forbidden(f"The data opens at {competition.starts_at:%d %b %Y, %H:%M} UTC.")
