"""Stored files on their way out: streamed, in parts where parts are asked for, with their checksum."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from flask import Flask, Response, current_app, request

from mlarena.core.storage import storage


class StoredFile:
    """A stored file as werkzeug reads a range of one: an iterator that can be set to a byte."""

    def __init__(self, sha256: str) -> None:
        self._sha256 = sha256
        self._at = 0
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._pieces: Iterator[bytes] | None = None

    def __iter__(self) -> StoredFile:
        return self

    def __next__(self) -> bytes:
        # The request is over when the server asks for a piece, and the database is still needed. One context
        # a piece: it holds no connection while the reader's line is slow.
        with self._app.app_context():
            if self._pieces is None:
                self._pieces = storage().open(self._sha256, self._at)
            return next(self._pieces)

    def seekable(self) -> bool:
        return True

    def seek(self, at: int) -> None:
        self._at = at

    def tell(self) -> int:
        return self._at


def send(sha256: str, size: int, filename: str, mimetype: str) -> Response:
    """The stored file as a download. Its digest is in the header (RFC 9530), whatever part is asked for."""
    response = Response(StoredFile(sha256), mimetype=mimetype, direct_passthrough=True)
    response.content_length = size
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    response.set_etag(sha256)
    return response.make_conditional(request, accept_ranges=True, complete_length=size)  # type: ignore[return-value]
