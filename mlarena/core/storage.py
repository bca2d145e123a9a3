"""Where artifacts live: content-addressed blobs, in the database (default), a folder, or S3.

Web and worker may share no disk, so the default is the one thing that both reach. A blob is named by
the SHA-256 of its content: storing the same bytes twice stores them once.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from flask import Flask, current_app
from sqlalchemy import ForeignKey, LargeBinary, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.db import Base, db, insert, made_once
from mlarena.core.errors import NotFound, TooLarge

CHUNK = 1 << 20


class Blob(Base):
    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]


class BlobChunk(Base):
    __tablename__ = "blob_chunks"

    sha256: Mapped[str] = mapped_column(
        ForeignKey("blobs.sha256", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class StoredBlob:
    sha256: str
    size: int


class Backend(Protocol):
    def save(self, sha256: str, file: BinaryIO, size: int) -> None: ...
    def chunks(self, sha256: str, start: int = 0) -> Iterator[bytes]: ...
    def delete(self, sha256: str) -> None: ...


class Storage:
    """The public face: hashes and limits on the way in, whole or in chunks on the way out."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def put(self, stream: BinaryIO, limit: int) -> StoredBlob:
        """Store at most `limit` bytes; raises TooLarge as soon as one more is read.

        With the database backend the rows are added to the current session: the caller commits.
        """
        if stream.seekable():  # a form's file is already in memory or on disk: no second copy
            start = stream.tell()
            blob = _measure(stream, limit)
            stream.seek(start)
            self.backend.save(blob.sha256, stream, blob.size)
            return blob
        with tempfile.SpooledTemporaryFile(max_size=4 * CHUNK) as kept:
            blob = _measure(stream, limit, kept)
            kept.seek(0)
            self.backend.save(blob.sha256, kept, blob.size)  # type: ignore[arg-type]
        return blob

    def open(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        """The content from byte `start` in chunks of at most 1 MiB; raises NotFound."""
        return self.backend.chunks(sha256, start)

    def read(self, sha256: str) -> bytes:
        return b"".join(self.backend.chunks(sha256))

    def delete(self, sha256: str) -> None:
        self.backend.delete(sha256)


def _measure(stream: BinaryIO, limit: int, copy: Any = None) -> StoredBlob:
    """Hash and size of what `stream` still gives, copied along if asked; raises TooLarge."""
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(CHUNK):
        size += len(piece)
        if size > limit:
            raise TooLarge(f"The file is larger than {limit / (1 << 20):g} MB.")
        digest.update(piece)
        if copy is not None:
            copy.write(piece)
    return StoredBlob(digest.hexdigest(), size)


_CHUNK = select(BlobChunk.data).where(
    BlobChunk.sha256 == bindparam("sha256"), BlobChunk.part == bindparam("part")
)


@made_once
def _new_blob() -> Any:
    return insert(Blob.__table__).on_conflict_do_nothing()


@made_once
def _new_chunk() -> Any:
    return insert(BlobChunk.__table__)


class DatabaseBackend:
    def save(self, sha256: str, file: BinaryIO, size: int) -> None:
        added = db.session.execute(_new_blob(), {"sha256": sha256, "size": size})
        if added.rowcount == 0:  # type: ignore[attr-defined]
            return
        part = 0
        while piece := file.read(CHUNK):
            db.session.execute(_new_chunk(), {"sha256": sha256, "part": part, "data": piece})
            part += 1

    def chunks(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        part, skip = divmod(start, CHUNK)
        while piece := db.session.scalar(_CHUNK, {"sha256": sha256, "part": part}):
            yield piece[skip:] if skip else piece
            part, skip = part + 1, 0
            if len(piece) < CHUNK:
                return
        if part == 0 and db.session.get(Blob, sha256) is None:  # an empty file has no chunks
            raise NotFound("That file is no longer stored.")

    def delete(self, sha256: str) -> None:
        db.session.execute(delete(Blob).where(Blob.sha256 == sha256))


class FolderBackend:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def save(self, sha256: str, file: BinaryIO, size: int) -> None:
        path = self._path(sha256)
        if path.exists():
            return
        path.parent.mkdir(exist_ok=True, mode=0o700)
        # A rename shows the whole file or none, also to a reader in another process.
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as new:
            shutil.copyfileobj(file, new, CHUNK)
        Path(new.name).rename(path)

    def chunks(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        try:
            with self._path(sha256).open("rb") as file:
                file.seek(start)
                while piece := file.read(CHUNK):
                    yield piece
        except FileNotFoundError:
            raise NotFound("That file is no longer stored.") from None

    def delete(self, sha256: str) -> None:
        self._path(sha256).unlink(missing_ok=True)


class S3Backend:
    """Any S3-compatible service; endpoint and credentials as boto3 reads them from the environment."""

    def __init__(self, bucket: str, prefix: str) -> None:
        import boto3

        self.bucket, self.prefix = bucket, prefix.strip("/")
        self.client = boto3.client("s3")

    def _key(self, sha256: str) -> str:
        return f"{self.prefix}/{sha256}" if self.prefix else sha256

    def save(self, sha256: str, file: BinaryIO, size: int) -> None:
        self.client.upload_fileobj(file, self.bucket, self._key(sha256))

    def chunks(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        part = {"Range": f"bytes={start}-"} if start else {}
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self._key(sha256), **part)
            body = found["Body"]
        except self.client.exceptions.NoSuchKey:
            raise NotFound("That file is no longer stored.") from None
        yield from body.iter_chunks(CHUNK)

    def delete(self, sha256: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self._key(sha256))


def init_storage(app: Flask, url: str) -> None:
    parts = urlsplit(url)
    backend: Backend
    if parts.scheme == "file":
        backend = FolderBackend(Path(parts.path))
    elif parts.scheme == "s3":
        backend = S3Backend(parts.netloc, parts.path)
    else:
        backend = DatabaseBackend()
    app.extensions["storage"] = Storage(backend)


def storage() -> Storage:
    """The running app's storage."""
    found: Storage = current_app.extensions["storage"]
    return found
