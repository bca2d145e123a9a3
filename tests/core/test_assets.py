"""Static files are kept by browsers for a year, under addresses that change with their content."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

pytestmark = pytest.mark.pure

FOREVER = "public, max-age=31536000, immutable"


def named(client: Any) -> set[str]:
    """The static files that the front page names."""
    return set(re.findall(r'(?:href|src)="(/static/[^"#]+)', client.get("/").text))


def test_what_a_page_names_is_kept(client: Any) -> None:
    files = named(client)
    assert len(files) > 8
    assert {Path(file).parts[2] for file in files} == {Path(min(files)).parts[2]}  # one version
    for file in files:
        answer = client.get(file)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, FOREVER), file


def test_what_a_script_imports_is_of_the_same_version(client: Any) -> None:
    waiting, seen = {file for file in named(client) if file.endswith(".js")}, set[str]()
    while waiting:
        file = waiting.pop()
        seen.add(file)
        answer = client.get(file)
        assert answer.headers["Cache-Control"] == FOREVER, file
        if "/vendor/" not in file:
            imports = re.findall(r"""(?:from|import\()\s*["'](\.[^"']+)""", answer.text)
            waiting |= {urljoin(file, path) for path in imports} - seen
    assert any(file.endswith("socket.io.esm.min.js") for file in seen)


def test_another_version_is_answered_and_not_kept(client: Any) -> None:
    """A page from before a deploy asks for what is gone; a page from after it may meet an old process."""
    old = client.get("/static/v-0123456789ab/css/tokens.css")
    assert old.status_code == 200
    assert old.headers["Cache-Control"] == "no-cache"
    assert client.get("/static/v-0123456789ab/css/none.css").status_code == 404
