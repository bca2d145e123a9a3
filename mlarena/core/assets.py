"""Static files at addresses that change with their content: a browser keeps them for a year, and asks nobody.

The version stands before the name and is one for all of them: a script that imports "./rows.js" asks for the
same version of it without knowing one. It is made of the content, so that every web process has the same.
"""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, request, url_for

blueprint = Blueprint("assets", __name__)

A_YEAR = "public, max-age=31536000, immutable"


@blueprint.get("/static/v-<version>/<path:filename>")
def file(version: str, filename: str) -> Response:
    """What a page of another version asks for is not kept: it is not what its name says."""
    answer = current_app.send_static_file(filename)
    if version == _version(current_app.static_folder or ""):
        answer.headers["Cache-Control"] = A_YEAR
    return answer


@cache
def _version(folder: str) -> str:
    seen = hashlib.blake2b(digest_size=6)
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            seen.update(f"{path.relative_to(folder)} {len(content)}\n".encode() + content)
    return seen.hexdigest()


def init_assets(app: Flask) -> None:
    app.register_blueprint(blueprint)

    @lru_cache(maxsize=512)
    def address(_root: str, filename: str) -> str:
        return url_for("assets.file", version=_version(app.static_folder or ""), filename=filename)

    @app.template_global()
    def asset(filename: str) -> str:
        """The address of a static file. A page asks for one with every icon; what it depends on besides
        is where the app is mounted."""
        return address(request.script_root, filename)
