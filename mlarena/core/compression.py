"""Pages and their parts cross the wire compressed."""

from __future__ import annotations

import secrets

from flask import Flask, Response
from flask_compress import Compress

_MOST_PADDING = 96


def init_compression(app: Flask) -> None:
    app.config.update(
        # zstd at this level takes a tenth of a millisecond for a page; gzip is for those without it.
        COMPRESS_ALGORITHM=["zstd", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["zstd", "deflate"],
        COMPRESS_ZSTD_LEVEL=3,
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=1024,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/javascript",
            "application/json",
            "image/svg+xml",
        ],
    )

    # Registered before the compression, so it runs after it.
    @app.after_request
    def blur_the_length(response: Response) -> Response:
        """A page holds a secret, its CSRF token, and may hold what a link put there: its compressed
        length would tell how alike they are (BREACH, breachattack.com). Noise makes that long work."""
        if "Content-Encoding" in response.headers and response.mimetype == "text/html":
            response.headers["X-Padding"] = "0" * secrets.randbelow(_MOST_PADDING)
        return response

    Compress(app)
