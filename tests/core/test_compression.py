"""Pages arrive compressed where the browser can read that, whole where it cannot."""

from __future__ import annotations

import gzip

import pytest
from backports import zstd

pytestmark = pytest.mark.pure


def test_a_page_comes_as_the_browser_can_read_it(client):
    plain = client.get("/quests")
    small = client.get("/quests", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "zstd"
    assert "Accept-Encoding" in small.headers["Vary"]
    assert len(small.data) < len(plain.data) / 2
    assert b"<h1" in zstd.decompress(small.data)


def test_an_older_browser_gets_gzip(client):
    answer = client.get("/api/v1/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.data) == client.get("/api/v1/openapi.json").data


@pytest.mark.parametrize("path", ["/static/css/tokens.css", "/static/js/boards.js"])
def test_static_files_stream_compressed_and_are_known_again(client, path):
    headers = {"Accept-Encoding": "zstd"}
    answer = client.get(path, headers=headers)
    assert answer.headers["Content-Encoding"] == "zstd"
    assert zstd.decompress(answer.data) == client.get(path).data
    again = client.get(path, headers=headers | {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_length_of_a_page_does_not_tell_what_is_in_it(client):
    """BREACH: the same page, asked for again, has another length on the wire."""
    sizes = {
        len(answer.data) + sum(len(value) for _, value in answer.headers)
        for answer in (client.get("/", headers={"Accept-Encoding": "zstd"}) for _ in range(20))
    }
    assert len(sizes) > 5


def test_files_to_keep_are_sent_as_they_are(client, quest, user, bearer):
    headers = bearer(user) | {"Accept-Encoding": "zstd"}
    answer = client.get(f"/api/v1/quests/{quest.id}/dataset", headers=headers)
    assert answer.mimetype == "text/csv"
    assert "Content-Encoding" not in answer.headers
