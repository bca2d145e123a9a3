"""Artifacts in the database, in a folder, and in S3 (its real client against a small stub)."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import sqlalchemy as sa

from mlarena.core.db import db
from mlarena.core.errors import NotFound, TooLarge
from mlarena.core.storage import BlobChunk, Storage, init_storage

LARGE = bytes(range(256)) * 4096 * 3 + b"the end"  # three chunks and a bit


class S3Stub(BaseHTTPRequestHandler):
    """PUT, GET and DELETE of objects, and multipart uploads, as much of S3's wire as boto3 uses here."""

    objects: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @property
    def key(self) -> str:
        return unquote(urlsplit(self.path).path)

    def body(self) -> bytes:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return raw
        content, rest = b"", raw
        while match := re.match(rb"([0-9a-f]+)(;[^\r]*)?\r\n", rest):
            size = int(match[1], 16)
            content += rest[match.end() : match.end() + size]
            rest = rest[match.end() + size + 2 :]
            if size == 0:
                break
        return content

    def do_PUT(self) -> None:
        self.objects[self.key] = self.body()
        self.answer(200, ETag='"stub"')

    def do_GET(self) -> None:
        if self.key in self.objects:
            self.answer(200, self.objects[self.key])
        else:
            error = b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>"
            self.answer(404, error, **{"Content-Type": "application/xml"})

    def do_DELETE(self) -> None:
        self.objects.pop(self.key, None)
        self.answer(204)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    kept: dict[str, bytes] = {}
    handler = type("Stub", (S3Stub,), {"objects": kept})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stub")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stub")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["database:", "file:///", "s3://arena/blobs"])
def store(request: pytest.FixtureRequest, app: Any, tmp_path: Path) -> Iterator[Storage]:
    if request.param.startswith("s3"):
        request.getfixturevalue("s3")
    before = app.extensions["storage"]
    url = f"file://{tmp_path / 'blobs'}" if request.param == "file:///" else request.param
    init_storage(app, url)
    yield app.extensions["storage"]
    app.extensions["storage"] = before


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
def test_what_is_put_is_read(store: Storage, content: bytes) -> None:
    blob = store.put(io.BytesIO(content), len(content))
    db.session.commit()
    assert blob.sha256 == hashlib.sha256(content).hexdigest()
    assert blob.size == len(content)
    assert store.read(blob.sha256) == content
    assert b"".join(store.open(blob.sha256)) == content


def test_the_same_content_is_kept_once(store: Storage) -> None:
    first = store.put(io.BytesIO(LARGE), len(LARGE))
    second = store.put(io.BytesIO(LARGE), len(LARGE))
    db.session.commit()
    assert first == second
    assert store.read(first.sha256) == LARGE
    parts = db.session.scalar(sa.select(sa.func.count()).select_from(BlobChunk))
    assert parts in (0, 4)


def test_one_byte_too_many_is_refused_and_not_kept(store: Storage) -> None:
    with pytest.raises(TooLarge):
        store.put(io.BytesIO(LARGE), len(LARGE) - 1)
    db.session.rollback()
    with pytest.raises(NotFound):
        store.read(hashlib.sha256(LARGE).hexdigest())


def test_what_is_deleted_is_gone(store: Storage) -> None:
    blob = store.put(io.BytesIO(b"bye"), 10)
    store.delete(blob.sha256)
    db.session.commit()
    with pytest.raises(NotFound):
        store.read(blob.sha256)
    store.delete(blob.sha256)  # once more does no harm
